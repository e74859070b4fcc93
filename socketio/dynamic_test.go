package socketio_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/socketio"
)

// addHarbours has clients make the namespaces below /harbour/.
func (h *host) addHarbours() *socketio.Namespace {
	parent := h.io.OfFunc(func(name string) bool {
		if name == "/panic" {
			panic("on request")
		}
		return strings.HasPrefix(name, "/harbour/")
	})
	socketio.On(parent, "tell", func(_ context.Context, s *socketio.Socket, in string) (string, error) {
		return s.Namespace().Name(), s.Namespace().Emit("told", in)
	})
	return parent
}

func TestOfFuncServesEveryAcceptedName(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		parent := h.addHarbours()
		parent.Use(func(_ context.Context, s *socketio.Socket) error {
			if s.Namespace().Name() == "/harbour/closed" {
				return &socketio.Error{Message: "closed"}
			}
			return nil
		})
		north, also, south := h.connectTo("/harbour/north", nil), h.connectTo("/harbour/north", nil), h.connectTo("/harbour/south", nil)
		wantText(t, north.Ask("tell", "x"), `3/harbour/north,1["/harbour/north"]`)
		wantText(t, north.Next(), `2/harbour/north,["told","x"]`)
		wantText(t, also.Next(), `2/harbour/north,["told","x"]`)
		wantText(t, south.Ask("tell", "y"), `3/harbour/south,1["/harbour/south"]`)
		wantText(t, south.Next(), `2/harbour/south,["told","y"]`)
		c := h.dial()
		for name, want := range map[string]string{
			"/harbour/closed": "closed", "/elsewhere": "Invalid namespace", "/panic": "Invalid namespace",
		} {
			_, err := c.Join(name, nil)
			wantRefusal(t, err, want, "")
		}
		if !strings.Contains(h.logged.String(), "on request") {
			t.Error("the panic is not logged")
		}
	})
}

func TestOfFuncsBroadcastReachesEveryNamespaceMade(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		parent := h.addHarbours()
		socketio.On(parent, "moor", func(_ context.Context, s *socketio.Socket, _ string) (string, error) {
			s.Join("moored")
			return "", nil
		})
		north, south := h.connectTo("/harbour/north", nil), h.connectTo("/harbour/south", nil)
		if err := parent.Emit("told", "all"); err != nil {
			t.Fatal(err)
		}
		wantText(t, north.Next(), `2/harbour/north,["told","all"]`)
		wantText(t, south.Next(), `2/harbour/south,["told","all"]`)
		south.Ask("moor", "x")
		if err := parent.To("moored").Emit("told", "moored"); err != nil {
			t.Fatal(err)
		}
		wantText(t, south.Next(), `2/harbour/south,["told","moored"]`)
		if got := len(parent.Broadcast().FetchSockets()); got != 2 {
			t.Errorf("%d sockets, want 2", got)
		}
		wantText(t, north.Ask("tell", "x"), `3/harbour/north,1["/harbour/north"]`) // nothing was told before
	})
}

func TestOfFuncBoundsAndDropsNamespaces(t *testing.T) {
	overBoth(t, &socketio.Options{MaxDynamic: 2}, func(t *testing.T, h *host) {
		h.addHarbours()
		h.connectTo("/harbour/held", nil)
		c, other := h.dial(), h.dial()
		join := func(name string) error {
			_, err := c.Join(name, nil)
			return err
		}
		if err := join("/harbour/a"); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, join("/harbour/c"), "Too many namespaces", "")
		if _, err := other.Join("/harbour/a", nil); err != nil {
			t.Error(err)
		}
		c.Send("1/harbour/a,")
		wantRefusal(t, join("/harbour/c"), "Too many namespaces", "") // one is in /harbour/a yet
		other.Send("1/harbour/a,")
		if _, err := other.Join("/harbour/b", nil); err != nil {
			t.Error("the empty one was not dropped:", err)
		}
	})
}

func TestOfFuncKeepsANamespaceForWhoMayResume(t *testing.T) {
	o := socketio.Options{MaxDynamic: 1, Recovery: &socketio.RecoveryOptions{MaxDisconnection: time.Minute}}
	inBubble(t, &o, func(t *testing.T, h *host) {
		h.addHarbours()
		c := h.dial()
		join := func(name string) error {
			_, err := c.Join(name, nil)
			return err
		}
		leave := func(name string) {
			c.Send("1" + name + ",")
			synctest.Wait()
		}
		for range 2 {
			if err := join("/harbour/a"); err != nil {
				t.Fatal(err)
			}
			leave("/harbour/a")
			time.Sleep(40 * time.Second)
			synctest.Wait()
		}
		time.Sleep(15 * time.Second) // 55 s after the second end, 95 s after the first
		wantRefusal(t, join("/harbour/b"), "Too many namespaces", "")
		time.Sleep(10 * time.Second)
		if err := join("/harbour/b"); err != nil {
			t.Error(err)
		}
		c.Close()
		synctest.Wait()
		h.web.Close()
	})
}
