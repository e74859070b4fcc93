package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
	"github.com/dokkerr/realtime/socketio/siotest"
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

// TestTakeOver is hole 18: the old connection, half open, has a command running and others unread when the client comes back.
func TestTakeOver(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(asha)
		old := p.Client
		release := dokkerrtest.Hold(t, h.store)
		old.Emit("message.new", newMessage(ben, "running"))
		old.Emit("message.new", newMessage(ben, "unread"))
		synctest.Wait()
		p.reconnect(true)
		old.ExpectEnd()
		release()
		h.tells(asha, "1")
		p.gets("1")
		if told := old.Waiting(); len(told) > 0 {
			t.Errorf("the old connection was told %v", told)
		}
		if members := h.lobby.To(userRoom(asha)).FetchSockets(); len(members) != 1 || members[0].ID() != p.sid {
			t.Errorf("%d sockets of the user", len(members))
		}
		h.opens(ben).gets()
	})
}

// TestTakeOverInARace has two connections claim one session at once: one stays.
func TestTakeOverInARace(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.Close()
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		var claims []*siotest.Client
		for range 5 {
			c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
			claims = append(claims, c)
		}
		for _, c := range claims {
			c.Send("0" + string(auth))
		}
		time.Sleep(time.Minute)
		alive := 0
		for _, c := range claims {
			if c.Alive() {
				alive++
			}
		}
		if members := h.lobby.To(userRoom(ben)).FetchSockets(); alive != 1 || len(members) != 1 {
			t.Errorf("%d connections and %d sockets are left", alive, len(members))
		}
	})
}

// TestTakeOverOnOneConnection leaves the namespace and comes back over the same connection, which lives on.
func TestTakeOverOnOneConnection(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p.Send("1")
			p.Send("0" + string(auth))
			if reply := p.Next(); !strings.Contains(reply.Text, p.pid) {
				t.Fatalf("answered %s", reply.Text)
			}
		}
		h.tells(ben, "1")
		p.gets("1")
	})
}
