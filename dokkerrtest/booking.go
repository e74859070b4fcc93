package dokkerrtest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func newBooking(boater, owner dokkerr.ID, status string) dokkerr.Booking {
	return dokkerr.Booking{
		BookingID: uuid.New(), ListingID: uuid.New(), BoaterID: boater, OwnerID: owner, Status: status, Version: 1,
		Timestamp: noon, Payments: []dokkerr.Payment{},
	}
}

func newPayment(booking dokkerr.ID) dokkerr.Payment {
	return dokkerr.Payment{
		PaymentID: uuid.New(), BookingID: booking, Amount: 12_000, Currency: "eur", Status: "pending", Version: 1,
		Timestamp: noon,
	}
}

func testBooking(t *testing.T, b *bench) {
	want := newBooking(uuid.New(), uuid.New(), "pending")
	first, second := newPayment(want.BookingID), newPayment(want.BookingID)
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.Booking(want.BookingID)
		absent(t, "booking", got, err)
		tx.PutBooking(want)
		tx.PutPayment(first)
		tx.PutPayment(second)
	})
	want.Status, want.Version, want.Timestamp = "confirmed", 2, dokkerr.TimeOf(noon.Add(time.Second))
	first.Status, first.Version, first.Timestamp = "completed", 2, dokkerr.TimeOf(noon.Add(time.Minute))
	b.do(t, func(tx dokkerr.Tx) {
		tx.PutBooking(want)
		tx.PutPayment(first)
	})
	got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Booking, error) { return r.Booking(want.BookingID) })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("booking %+v, want %+v", got, want)
	}
	payments := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Payment, error) { return r.Payments(want.BookingID) })
	if !slices.Equal(payments, []dokkerr.Payment{first, second}) {
		t.Errorf("payments %+v", payments)
	}
	if p := ask(t, b, func(r dokkerr.Reader) (dokkerr.Payment, error) { return r.Payment(first.PaymentID) }); p != first {
		t.Errorf("payment %+v, want %+v", p, first)
	}
	b.do(t, func(tx dokkerr.Tx) {
		p, err := tx.Payment(uuid.New())
		absent(t, "payment", p, err)
	})
}

func testBookings(t *testing.T, b *bench) {
	me, other := uuid.New(), uuid.New()
	var want []dokkerr.Booking
	b.do(t, func(tx dokkerr.Tx) {
		for i, status := range []string{"pending", "confirmed", "active", "completed", "cancelled", "refunded"} {
			boater, owner := me, other
			if i%2 == 1 {
				boater, owner = other, me
			}
			booking := newBooking(boater, owner, status)
			tx.PutBooking(booking)
			p := newPayment(booking.BookingID)
			tx.PutPayment(p)
			booking.Payments = append(booking.Payments, p)
			if i < 3 {
				want = append(want, booking)
			}
		}
		tx.PutBooking(newBooking(other, uuid.New(), "active"))
	})
	got := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Booking, error) { return r.Bookings(me) })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("bookings %+v, want %+v", got, want)
	}
}

func testContacts(t *testing.T, b *bench) {
	me, friend, writer, owner, former := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	talk(t, b, me, friend, "")
	talk(t, b, writer, me, "")
	talk(t, b, writer, uuid.New(), "")
	b.do(t, func(tx dokkerr.Tx) {
		tx.PutBooking(newBooking(me, owner, "active"))
		tx.PutBooking(newBooking(friend, me, "pending")) // twice a contact, once in the list
		tx.PutBooking(newBooking(me, former, "completed"))
	})
	got := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.ID, error) { return r.Contacts(me) })
	want := []dokkerr.ID{friend, writer, owner}
	order := func(a, b dokkerr.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Errorf("contacts %v, want %v", got, want)
	}
}

func testResolve(t *testing.T, b *bench) {
	boater, owner, seen := uuid.New(), uuid.New(), uuid.New()
	booking := newBooking(boater, owner, "pending")
	twin := seen
	twin[15]++
	resolve := func(kind dokkerr.Kind, id dokkerr.ID) (got dokkerr.ID, err error) {
		err = b.store.View(t.Context(), func(r dokkerr.Reader) error {
			got, err = r.Resolve(kind, [4]byte(id[:4]))
			return err
		})
		return got, err
	}
	b.do(t, func(tx dokkerr.Tx) {
		tx.SeeUser(seen)
		tx.PutBooking(booking)
		tx.Append(event(1, twin)) // has a row, but was not seen
	})
	for kind, want := range map[dokkerr.Kind]dokkerr.ID{
		dokkerr.KindUser: seen, dokkerr.KindBooking: booking.BookingID, dokkerr.KindListing: booking.ListingID,
	} {
		if got, err := resolve(kind, want); got != want || err != nil {
			t.Errorf("kind %d: %v, %v", kind, got, err)
		}
	}
	got, err := resolve(dokkerr.KindUser, booking.BookingID)
	absent(t, "a booking is no user", got, err)
	if ask(t, b, func(r dokkerr.Reader) (bool, error) { return r.Seen(twin) }) {
		t.Error("a receiver was seen")
	}
	b.do(t, func(tx dokkerr.Tx) { tx.SeeUser(twin) })
	got, err = resolve(dokkerr.KindUser, seen)
	absent(t, "two are as good as none", got, err)
	again := booking
	again.BookingID = uuid.New()
	b.do(t, func(tx dokkerr.Tx) { tx.PutBooking(again) })
	if got, err := resolve(dokkerr.KindListing, booking.ListingID); got != booking.ListingID || err != nil {
		t.Errorf("a listing booked twice: %v, %v", got, err)
	}
}

func testAnswer(t *testing.T, b *bench) {
	first := dokkerr.Answer{Key: "first", Body: [32]byte{1}, Data: []byte(`{"a":1}`), Time: noon}
	late := dokkerr.TimeOf(noon.Add(31 * 24 * time.Hour))
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.Answer("first")
		absent(t, "before it was given", got, err)
		tx.PutAnswer(first)
	})
	b.do(t, func(tx dokkerr.Tx) {
		if got, err := tx.Answer("first"); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("answer %+v, %v", got, err)
		}
		tx.PutAnswer(dokkerr.Answer{Key: "second", Data: []byte(`{}`), Time: late})
	})
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.Answer("first")
		absent(t, "after 31 days", got, err)
		if _, err := tx.Answer("second"); err != nil {
			t.Error(err)
		}
	})
}
