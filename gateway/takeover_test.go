package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestPIDOfAnotherUser: a pid is good for its user alone. Who shows another's goes on from where it stands itself, and ends
// nobody's connection.
func TestPIDOfAnotherUser(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		owner := h.opens(asha)
		h.tells(ben, "b1")
		thief := &tab{h: h, user: ben, pid: owner.pid}
		thief.reconnect(false)
		thief.gets("b1")
		h.tells(asha, "a1")
		thief.gets()
		owner.gets("a1")
		if !owner.Alive() {
			t.Error("the owner's connection was ended")
		}
	})
}

// TestTakeOverWaitsForTheEnd: who takes a session over is not answered while its last command still runs, and gives up with
// its own time.
func TestTakeOverWaitsForTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := startFeeds(t, &log{})
		old := attached(t, d, &recorder{}, "session", 0)
		c := &client{actor: dokkerr.Actor{User: ben, Session: "session"}}
		ended := make(chan error, 1)
		go func() { ended <- d.takeOver(t.Context(), c) }()
		time.Sleep(time.Second)
		if len(ended) > 0 {
			t.Error("it did not wait")
		}
		hurry, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.takeOver(hurry, c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("gave up with %v", err)
		}
		d.detach(old)
		synctest.Wait()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// replaceable is a sink that remembers that its session went on elsewhere.
type replaceable struct {
	recorder
	replaced bool
}

func (r *replaceable) replace() { r.replaced = true }

// TestTheLatestOfASessionStays, in whatever order those that were answered come to be attached.
func TestTheLatestOfASessionStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := startFeeds(t, &log{})
		var sinks [3]replaceable
		for i, fence := range []uint64{2, 3, 1} {
			s := newSubscription(&sinks[i], "session", 0)
			s.fence = fence
			d.attach(ben, &s)
		}
		synctest.Wait()
		if !sinks[0].replaced || sinks[1].replaced || !sinks[2].replaced {
			t.Errorf("the second is the latest; replaced were %v, %v, %v", sinks[0].replaced, sinks[1].replaced, sinks[2].replaced)
		}
	})
}
