package dokkerrtest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// testErase is hole 9: what is erased is gone for everybody, and no position comes a second time.
func testErase(t *testing.T, b *bench) {
	asha, ben, cleo := uuid.New(), uuid.New(), uuid.New()
	gone := talk(t, b, asha, ben, "a key of asha's own")
	talk(t, b, ben, asha, "")
	kept := talk(t, b, ben, cleo, "")
	own := notify(t, b, asha)
	b.do(t, func(tx dokkerr.Tx) {
		tx.SeeUser(asha)
		tx.AddDevice(dokkerr.Confirmation{Device: dokkerr.Device{User: asha}, Position: 1, At: noon}, 20)
		tx.Append(event(1, asha, ben))
	})
	talk(t, b, asha, ben, "") // the last one of both
	booked, done := newBooking(asha, ben, "pending"), newBooking(ben, asha, "completed")
	b.do(t, func(tx dokkerr.Tx) {
		tx.PutBooking(booked)
		tx.PutBooking(done)
		tx.PutRevocation(dokkerr.Revocation{User: asha, TokenID: "lost", At: noon}, dokkerr.TimeOf(noon.Add(time.Hour)))
	})
	before := map[dokkerr.ID]dokkerr.Position{asha: head(t, b, asha), ben: head(t, b, ben)}
	b.do(t, func(tx dokkerr.Tx) { tx.Erase(asha) })
	b.do(t, func(tx dokkerr.Tx) {
		_, err := tx.MessageByKey(asha, "a key of asha's own")
		absent(t, "its key", gone, err)
	})

	left := names(inbox(t, b, ben))
	if len(left) != 2 || left[0] != "message.new" || left[1] != "test.event" {
		t.Errorf("ben's inbox holds %v", left)
	}
	check := func(r dokkerr.Reader) (struct{}, error) {
		_, err := r.Message(gone.MessageID)
		absent(t, "the message", gone, err)
		_, err = r.ConversationOf(asha, ben)
		absent(t, "the conversation", gone, err)
		_, err = r.Conversation(gone.ConversationID)
		absent(t, "the conversation, by its id", gone, err)
		testHidden(t, r, asha, ben, cleo)
		_, err = r.Notification(asha, own.NotificationID)
		absent(t, "the notification", own, err)
		if seen, err := r.Seen(asha); seen || err != nil {
			t.Errorf("seen is %v, %v", seen, err)
		}
		_, err = r.Message(kept.MessageID)
		return struct{}{}, err
	}
	ask(t, b, check)
	if devices := confirmed(t, b, asha); len(devices) != 0 {
		t.Errorf("devices %v", devices)
	}
	testAfterErase(t, b, asha, ben, before)
	testStays(t, b, asha, booked, done)
}

// testStays looks for the bookings of who was erased, and for revocations.
func testStays(t *testing.T, b *bench, asha dokkerr.ID, booked, done dokkerr.Booking) {
	t.Helper()
	list := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Booking, error) { return r.Bookings(asha) })
	if len(list) != 1 || !reflect.DeepEqual(list[0], booked) {
		t.Errorf("bookings %+v, want %+v", list, booked)
	}
	got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Booking, error) { return r.Booking(done.BookingID) })
	if !reflect.DeepEqual(got, done) {
		t.Errorf("booking %+v, want %+v", got, done)
	}
	revoked := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Revocation, error) { return r.Revocations(asha, "", "lost") })
	if len(revoked) != 1 {
		t.Errorf("revocations %+v", revoked)
	}
}

// testHidden looks for asha in what ben may ask for.
func testHidden(t *testing.T, r dokkerr.Reader, asha, ben, cleo dokkerr.ID) {
	t.Helper()
	if list, err := r.Conversations(ben, dokkerr.ID{}, 10); err != nil || len(list) != 1 || list[0].OtherUserID != cleo {
		t.Errorf("ben's conversations are %+v, %v", list, err)
	}
	if list, err := r.Contacts(ben); err != nil || len(list) != 2 || !slices.Contains(list, cleo) || !slices.Contains(list, asha) {
		t.Errorf("ben's contacts are %v, %v", list, err)
	}
	if m, err := r.Missed(ben, 0, "", 10); err != nil || m.Count != 2 {
		t.Errorf("ben missed %+v, %v", m, err)
	}
	events, err := r.Inbox(ben, 0, 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("ben's inbox is %+v, %v", events, err)
	}
	if p, err := r.Oldest(ben, noon, 1); err != nil || p != events[0].Position {
		t.Errorf("with one behind it ben has %d, %v", p, err)
	}
	if list, unread, err := r.Notifications(asha, dokkerr.ID{}, 10); err != nil || len(list) != 0 || unread != 0 {
		t.Errorf("asha's notifications are %+v, %d unread, %v", list, unread, err)
	}
}

// testAfterErase lets the two talk again.
func testAfterErase(t *testing.T, b *bench, asha, ben dokkerr.ID, before map[dokkerr.ID]dokkerr.Position) {
	past := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Past(asha) })
	if past <= before[asha] || head(t, b, asha) != past {
		t.Errorf("the past ends at %d and the head is %d, was %d", past, head(t, b, asha), before[asha])
	}
	if head(t, b, ben) != before[ben] {
		t.Errorf("the head of who wrote with her is %d, was %d", head(t, b, ben), before[ben])
	}
	if m := talk(t, b, ben, asha, ""); m.Seq != 1 {
		t.Errorf("the new conversation begins with %d", m.Seq)
	}
	if head(t, b, asha) <= past || head(t, b, ben) <= before[ben] {
		t.Errorf("a position came again: %d and %d, were %d and %d", head(t, b, asha), head(t, b, ben), past, before[ben])
	}
}

func head(t *testing.T, b *bench, user dokkerr.ID) dokkerr.Position {
	t.Helper()
	return ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Head(user) })
}

func names(inbox []dokkerr.Delivery) (list []string) {
	for _, d := range inbox {
		list = append(list, d.Name)
	}
	return list
}
