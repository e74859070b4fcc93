package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transports are those that every behaviour is tested over.
var transports = []string{"websocket", "polling"}

// host is a server in memory and what its clients are to be like.
type host struct {
	t         *testing.T
	io        *socketio.Server
	web       *siotest.Server
	transport string
	logged    *siotest.Log
}

// serve starts a server and stops it behind the test's clients.
func serve(t *testing.T, o *socketio.Options) *host {
	if o == nil {
		o = &socketio.Options{}
	}
	h := &host{t: t, transport: "websocket", logged: &siotest.Log{}}
	o.Logger = slog.New(slog.NewTextHandler(h.logged, nil))
	h.io = socketio.NewServer(o)
	h.web = siotest.NewServer(t, h.io)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := h.io.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

// overBoth runs a test over both transports.
func overBoth(t *testing.T, o *socketio.Options, test func(t *testing.T, h *host)) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			var own socketio.Options
			if o != nil {
				own = *o
			}
			h := serve(t, &own)
			h.transport = transport
			test(t, h)
		})
	}
}

// inBubble runs a test over both transports with synctest's time.
func inBubble(t *testing.T, o *socketio.Options, test func(t *testing.T, h *host)) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var own socketio.Options
				if o != nil {
					own = *o
				}
				h := serve(t, &own)
				h.transport = transport
				test(t, h)
			})
		})
	}
}

func (h *host) main() *socketio.Namespace { return h.io.Of("/") }

func (h *host) options(namespace string, auth any) *siotest.Options {
	return &siotest.Options{Client: h.web.Client, Transport: h.transport, Namespace: namespace, Auth: auth}
}

// dial opens a connection that joins nothing.
func (h *host) dial() *siotest.Client { return siotest.Dial(h.t, h.web.URL, h.options("", nil)) }

// connect joins the main namespace.
func (h *host) connect() *siotest.Client { return siotest.Connect(h.t, h.web.URL, h.options("", nil)) }

// connectTo joins any namespace.
func (h *host) connectTo(namespace string, auth any) *siotest.Client {
	return siotest.Connect(h.t, h.web.URL, h.options(namespace, auth))
}

// socket returns the server's side of a client.
func (h *host) socket(c *siotest.Client) *socketio.Socket {
	h.t.Helper()
	found := h.main().To(c.ID()).FetchSockets()
	if len(found) != 1 {
		h.t.Fatalf("%d sockets have the id %s", len(found), c.ID())
	}
	return found[0]
}

// addSync makes an event whose acknowledgement comes behind whatever its socket was sent before.
func (h *host) addSync() {
	socketio.On(h.main(), "sync", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
		return socketio.None{}, nil
	})
}

// within fails the test unless something comes in time.
func within[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(5 * time.Second):
		t.Fatalf("%s did not come", what)
	}
	panic("unreachable")
}

func wantText(t *testing.T, p siotest.Packet, text string) {
	t.Helper()
	if p.Text != text {
		t.Errorf("got %s, want %s", p.Text, text)
	}
}

func decode[T any](t *testing.T, text json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func wantRefusal(t *testing.T, err error, message, data string) {
	t.Helper()
	refusal, ok := errors.AsType[*siotest.Refusal](err)
	if !ok {
		t.Fatalf("got %v, want a refusal", err)
	}
	if refusal.Message != message || string(refusal.Data) != data {
		t.Errorf("got %q with data %s, want %q with data %s", refusal.Message, refusal.Data, message, data)
	}
}
