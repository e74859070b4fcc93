package gateway

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestRoomIsJoinedBeforeAndLeftBehindTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		room := bookingRoom(asha)
		for p, active := range []bool{false, true, false} {
			e := l.commit(dokkerr.Position(p)+1, "")
			e.Booking = &dokkerr.BookingChange{ID: asha, Active: active}
			l.publish(d, e)
		}
		told, _ := r.taken()
		if want := []string{"event 1", "-" + room, "+" + room, "event 2", "event 3", "-" + room}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// TestBookingsChangedWhileTheyAreListed settles with a list that is older than the events.
func TestBookingsChangedWhileTheyAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		s := newSubscription(r, "phone", 0)
		d.attach(ben, &s)
		begun, ended, stays := uuid.New(), uuid.New(), uuid.New()
		list := []dokkerr.Booking{{BookingID: ended}, {BookingID: stays}}
		for _, change := range []dokkerr.BookingChange{{ID: begun, Active: true}, {ID: ended}} {
			d.publish(&dokkerr.Event{Name: "change", To: []dokkerr.Recipient{{User: ben}}, Booking: &change})
		}
		s.settle(list)
		told, _ := r.taken()
		if want := []string{"+" + bookingRoom(begun), "change", "change", "-" + bookingRoom(ended), "+" + bookingRoom(stays)}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}
