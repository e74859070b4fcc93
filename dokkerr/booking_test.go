package dokkerr_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// bookingPut is a new booking of Asha's dock by Ben.
func (w *world) bookingPut(status string) dokkerr.BookingPut {
	return dokkerr.BookingPut{
		BookingID: uuid.NewString(), ListingID: uuid.NewString(), BoaterID: w.ben.User.String(), OwnerID: w.asha.User.String(), Status: status,
	}
}

func (w *world) putBooking(t testing.TB, in dokkerr.BookingPut) dokkerr.Booking {
	t.Helper()
	b, err := w.PutBooking(t.Context(), dokkerr.Once{}, in)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) book(t testing.TB, status string) dokkerr.Booking {
	t.Helper()
	return w.putBooking(t, w.bookingPut(status))
}

// move puts the booking with another status.
func move(b dokkerr.Booking, status string) dokkerr.BookingPut {
	return dokkerr.BookingPut{
		BookingID: b.BookingID.String(), ListingID: b.ListingID.String(), BoaterID: b.BoaterID.String(), OwnerID: b.OwnerID.String(), Status: status,
	}
}

func TestBookingLife(t *testing.T) {
	w := newWorld(t)
	in := w.bookingPut("pending")
	for version, step := range []struct {
		status string
		active bool
		told   string
		notify string
	}{
		{"pending", true, `booking.created {"bookingId":"%[1]s","listingId":"%[2]s","status":"pending","version":1,"timestamp":"%[3]s"}`, ""},
		{"confirmed", true, `booking.updated {"bookingId":"%[1]s","status":"confirmed","timestamp":"%[3]s","version":2}`, "booking_confirmed"},
		{"active", true, `booking.updated {"bookingId":"%[1]s","status":"active","timestamp":"%[3]s","version":3}`, ""},
		{"cancelled", false, `booking.cancelled {"bookingId":"%[1]s","reason":"storm","version":4,"timestamp":"%[3]s"}`, "booking_cancelled"},
	} {
		w.clock.Advance(time.Second)
		in.Status, in.Reason = step.status, "storm"
		b := w.putBooking(t, in)
		at := w.clock.Now().Format("2006-01-02T15:04:05.000Z")
		if b.Status != step.status || b.Version != int64(version+1) || b.Timestamp.Format("2006-01-02T15:04:05.000Z") != at || b.Payments == nil {
			t.Errorf("booking %+v", b)
		}
		told := w.told()
		name, data, _ := strings.Cut(step.told, " ")
		if told[0].Name != name || told[0].Origin != "" {
			t.Errorf("told %+v, want %s", told[0], name)
		}
		payload(t, told[0], fmt.Sprintf(data, in.BookingID, in.ListingID, at))
		reaches(t, told[0], w.asha.User, w.ben.User)
		if want := (dokkerr.BookingChange{ID: uuid.MustParse(in.BookingID), Active: step.active}); *told[0].Booking != want {
			t.Errorf("%s: change %+v", step.status, *told[0].Booking)
		}
		checkNotifications(t, told[1:], step.notify, w.ben.User, w.asha.User)
		active, err := w.Bookings(t.Context(), w.ben)
		if err != nil || (len(active) == 1) != step.active || active == nil {
			t.Errorf("%s: active bookings %+v, %v", step.status, active, err)
		}
	}
}

// checkNotifications checks that each user, and nobody else, is notified of this one thing, or of nothing.
func checkNotifications(t testing.TB, told []dokkerr.Event, kind string, users ...dokkerr.ID) {
	t.Helper()
	if kind == "" {
		users = nil
	}
	if len(told) != len(users) {
		t.Fatalf("notified by %+v, want %q", told, kind)
	}
	for i, e := range told {
		if e.Name != "notification.new" || !strings.Contains(string(e.Data), `"type":"`+kind+`"`) || e.Booking != nil {
			t.Errorf("notified by %s %s", e.Name, e.Data)
		}
		reaches(t, e, users[i])
	}
}

// TestBookingSame puts the same status again: accepted, unchanged, told to nobody.
func TestBookingSame(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "confirmed")
	w.told()
	w.clock.Advance(time.Hour)
	if again := w.putBooking(t, move(b, "confirmed")); !reflect.DeepEqual(again, b) {
		t.Errorf("again %+v, first %+v", again, b)
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
}

func TestBookingRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	w.told()
	one, seven := int64(1), int64(7)
	for _, test := range []struct {
		name string
		code dokkerr.Code
		path string
		edit func(in *dokkerr.BookingPut)
	}{
		{"status", dokkerr.ValidationError, "status", func(in *dokkerr.BookingPut) { in.Status = "approved" }},
		{"no status", dokkerr.ValidationError, "status", func(in *dokkerr.BookingPut) { in.Status = "" }},
		{"a payment's status", dokkerr.ValidationError, "status", func(in *dokkerr.BookingPut) { in.Status = "disputed" }},
		{"no listing", dokkerr.ValidationError, "listingId", func(in *dokkerr.BookingPut) { in.ListingID = uuid.Nil.String() }},
		{"no boater", dokkerr.ValidationError, "boaterId", func(in *dokkerr.BookingPut) { in.BoaterID = uuid.Nil.String() }},
		{"no owner", dokkerr.ValidationError, "ownerId", func(in *dokkerr.BookingPut) { in.OwnerID = uuid.Nil.String() }},
		{"with oneself", dokkerr.ValidationError, "ownerId", func(in *dokkerr.BookingPut) { in.OwnerID = in.BoaterID }},
		{"long reason", dokkerr.ValidationError, "reason", func(in *dokkerr.BookingPut) { in.Reason = strings.Repeat("x", 501) }},
		{"reason with NUL", dokkerr.ValidationError, "reason", func(in *dokkerr.BookingPut) { in.Reason = "\x00" }},
		{"other listing", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.ListingID = uuid.NewString() }},
		{"other boater", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.BoaterID = uuid.NewString() }},
		{"other owner", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.OwnerID = uuid.NewString() }},
		{"swapped", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.OwnerID, in.BoaterID = in.BoaterID, in.OwnerID }},
		{"skipped a state", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.Status = "active" }},
		{"not created before", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.BookingID, in.Version = uuid.NewString(), &one }},
		{"another version", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.Status, in.Version = "confirmed", &seven }},
		{"created before", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.Version = new(int64) }},
		{"born finished", dokkerr.Conflict, "", func(in *dokkerr.BookingPut) { in.BookingID, in.Status = uuid.NewString(), "completed" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := move(b, "pending")
			test.edit(&in)
			_, err := w.PutBooking(t.Context(), dokkerr.Once{}, in)
			refused(t, err, test.code, test.path)
		})
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
	if n := w.IllegalChanges(); n != 2 {
		t.Errorf("%d illegal changes, want 2", n)
	}
	in := move(b, "confirmed")
	in.Version = &one
	if b := w.putBooking(t, in); b.Version != 2 {
		t.Errorf("with the version it has: %+v", b)
	}
}

// TestBookingRefunded: only after a payment was completed, wherever that payment stands now.
func TestBookingRefunded(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "confirmed")
	p := w.pay(t, b, "processing")
	b = w.putBooking(t, move(b, "cancelled"))
	_, err := w.PutBooking(t.Context(), dokkerr.Once{}, move(b, "refunded"))
	refused(t, err, dokkerr.Conflict, "")
	if w.IllegalChanges() != 1 {
		t.Error("was not counted")
	}
	w.putPayment(t, movePayment(p, "completed"))
	w.putPayment(t, movePayment(p, "refunded"))
	w.told()
	if b = w.putBooking(t, move(b, "refunded")); b.Status != "refunded" || b.Payments[0].Status != "refunded" {
		t.Errorf("booking %+v", b)
	}
	told := w.told()
	if len(told) != 1 || told[0].Name != "booking.updated" || told[0].Booking.Active {
		t.Errorf("told %+v", told)
	}
}

// TestContacts follows who is whose contact through a booking's life.
func TestContacts(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	contacts, err := w.Contacts(t.Context(), w.asha.User)
	if err != nil || !slices.Equal(contacts, []dokkerr.ID{w.ben.User}) {
		t.Errorf("%v, %v", contacts, err)
	}
	w.putBooking(t, move(b, "cancelled"))
	contacts, err = w.Contacts(t.Context(), w.asha.User)
	if err != nil || len(contacts) != 0 {
		t.Errorf("%v, %v", contacts, err)
	}
}
