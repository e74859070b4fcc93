package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
)

// madJSON panics when it is encoded.
type madJSON struct{}

func (madJSON) MarshalJSON() ([]byte, error) { panic("mad") }

func TestMiddlewareRefusals(t *testing.T) {
	for name, refused := range map[string]struct {
		err           error
		message, data string
	}{
		"without data": {&socketio.Error{Message: "not you"}, "not you", ""},
		"with data":    {&socketio.Error{Message: "not you", Code: "AUTH", Data: map[string]int{"wait": 5}}, "not you", `{"wait":5}`},
		"with zero":    {&socketio.Error{Message: "not you", Data: 0}, "not you", `0`},
		"wrapped":      {fmt.Errorf("db: %w", &socketio.Error{Message: "not you"}), "not you", ""},
		"of our own":   {errors.New("the password of the database is x"), "internal error", ""},
		"bad data":     {&socketio.Error{Message: "not you", Data: func() {}}, "not you", ""},
		"mad data":     {&socketio.Error{Message: "not you", Data: madJSON{}}, "not you", ""},
		"binary data":  {&socketio.Error{Message: "not you", Data: socketio.Binary("x")}, "not you", ""},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, nil, func(t *testing.T, h *host) {
				allow := false
				h.main().Use(func(context.Context, *socketio.Socket) error {
					if allow {
						return nil
					}
					return refused.err
				})
				h.main().Use(func(_ context.Context, s *socketio.Socket) error {
					if !allow {
						t.Error("a middleware runs behind a refusal")
					}
					return nil
				})
				h.main().OnDisconnect(func(*socketio.Socket, socketio.Reason) {
					if !allow {
						t.Error("OnDisconnect of a socket that was never connected")
					}
				})
				c := h.dial()
				_, err := c.Join("/", nil)
				wantRefusal(t, err, refused.message, refused.data)
				allow = true
				if _, err := c.Join("/", nil); err != nil {
					t.Errorf("second try: %v", err)
				}
			})
		})
	}
}

func TestMiddlewareReadsAuthAndSetsValue(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.main().Use(func(_ context.Context, s *socketio.Socket) error {
			s.Value = string(s.Handshake().Auth)
			s.Join("known")
			return nil
		})
		h.main().OnConnect(func(s *socketio.Socket) { s.Emit("you", s.Value) })
		c := h.connectTo("/", map[string]string{"token": "t"})
		c.ExpectText(`2["you","{\"token\":\"t\"}"]`)
		s := h.socket(c)
		if got := s.Rooms(); len(got) != 2 || got[1] != "known" {
			t.Errorf("rooms %q", got)
		}
		if s.Transport() != h.transport || s.Handshake().Request == nil || s.Namespace() != h.main() {
			t.Error("the socket does not tell what it is")
		}
		for _, secret := range []string{"token", c.Opening().SID} {
			if strings.Contains(h.logged.String(), secret) {
				t.Errorf("%s in the log", secret)
			}
		}
	})
}

// A socket gets nothing before the answer to its CONNECT (delivery.md R12).
func TestNothingPrecedesTheConnectReply(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		h.main().Use(func(_ context.Context, s *socketio.Socket) error {
			s.Join("room")
			s.Emit("early", 1)
			h.main().To("room").Emit("early", 2)
			if n := len(h.main().To("room").FetchSockets()); n > 0 {
				t.Errorf("%d sockets are fetched before they are connected", n)
			}
			h.main().Emit("early", 3)
			s.Disconnect(false)
			if _, err := socketio.Ask[socketio.None](s.Context(), s, "early", nil); err != socketio.ErrDisconnected {
				t.Errorf("Ask: %v", err)
			}
			return nil
		})
		c := h.connect()
		c.Ask("sync")
		if rest := c.Waiting(); len(rest) > 0 {
			t.Errorf("got %s", rest[0].Text)
		}
		h.main().To("room").Emit("late", nil)
		c.ExpectText(`2["late"]`)
	})
}

// A client that connects under broadcasts sees its answer first, and from then on every one of them.
func TestConnectUnderBroadcasts(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					h.main().Emit("count", i)
					runtime.Gosched()
				}
			}
		}()
		for range 30 {
			c := h.connect() // fails when anything precedes the answer
			c.Ask("sync")
			next := -1
			for _, p := range c.Waiting() {
				n := decode[int](t, p.Args()[0])
				if next >= 0 && n != next {
					t.Fatalf("got %d, want %d", n, next)
				}
				next = n + 1
			}
			c.Close()
		}
		close(stop)
		<-stopped
	})
}

func TestSecondConnectWhileTheFirstIsAuthenticated(t *testing.T) {
	for _, packet := range []string{"0", `2["x"]`, "1", "31[]"} {
		overBoth(t, nil, func(t *testing.T, h *host) {
			causes := make(chan error, 1)
			h.main().Use(func(ctx context.Context, s *socketio.Socket) error {
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return nil
			})
			h.main().OnConnect(func(*socketio.Socket) { t.Error("connected") })
			h.main().OnDisconnect(func(*socketio.Socket, socketio.Reason) { t.Error("disconnected") })
			c := h.dial()
			c.Send("0")
			c.Send(packet)
			c.ExpectEnd()
			ended, ok := errors.AsType[*socketio.ReasonError](within(t, causes, "the end of the middleware's context"))
			if !ok || ended.Reason != engineio.ForcedClose {
				t.Errorf("cause %v", ended)
			}
			if rest := c.Waiting(); len(rest) > 0 {
				t.Errorf("got %s", rest[0].Text)
			}
		})
	}
}

func TestConnectTimeoutCutsAuthentication(t *testing.T) {
	inBubble(t, &socketio.Options{ConnectTimeout: 3 * time.Second}, func(t *testing.T, h *host) {
		h.main().Use(func(ctx context.Context, s *socketio.Socket) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		start := time.Now()
		c := h.dial()
		c.Send("0")
		c.ExpectEnd()
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestMiddlewareContextEndsWithTheMiddlewares(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		var lent, kept context.Context
		h.main().Use(func(ctx context.Context, s *socketio.Socket) error {
			lent = ctx
			return ctx.Err()
		})
		h.io.Of("/kept").Use(func(ctx context.Context, s *socketio.Socket) error {
			kept = s.Context()
			return nil
		})
		c := h.connect()
		if lent.Err() != context.Canceled {
			t.Error("the middleware's context is alive")
		}
		if _, err := c.Join("/kept", nil); err != nil {
			t.Fatal(err)
		}
		if kept.Err() != nil {
			t.Error("Socket.Context ended with the middleware")
		}
		c.Close()
		<-kept.Done()
		if ended, ok := errors.AsType[*socketio.ReasonError](context.Cause(kept)); !ok || ended.Reason != engineio.TransportClose {
			t.Errorf("cause %v", context.Cause(kept))
		}
	})
}

func TestTooManyRefusals(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		c := h.dial()
		for range 19 {
			_, err := c.Join("/random", nil)
			wantRefusal(t, err, "Invalid namespace", "")
		}
		if _, err := c.Join("/", nil); err != nil {
			t.Fatalf("the 20th CONNECT, the first good one: %v", err)
		}
		c.Send("0/random")
		c.ExpectEnd()
	})
}

func TestTooManyNamespaces(t *testing.T) {
	overBoth(t, &socketio.Options{MaxNamespaces: 2}, func(t *testing.T, h *host) {
		h.io.Of("a")
		h.io.Of("b")
		c := h.connect()
		if _, err := c.Join("/a", nil); err != nil {
			t.Fatal(err)
		}
		c.Send("1/a,")
		if _, err := c.Join("/b", nil); err != nil {
			t.Fatalf("one was left: %v", err)
		}
		c.Send("0/a")
		c.ExpectEnd()
	})
}

func TestPanicInMiddleware(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.main().Use(func(context.Context, *socketio.Socket) error { panic("secret") })
		c := h.dial()
		_, err := c.Join("/", nil)
		wantRefusal(t, err, "internal error", "")
		if log := h.logged.String(); !strings.Contains(log, "panic=secret") || !strings.Contains(log, "connect_test.go") {
			t.Errorf("log: %s", log)
		}
	})
}

func TestSocketsAreFoundOnlyWhileConnected(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, h *host) {
		h.main().OnConnect(func(s *socketio.Socket) { s.Join("room") })
		c := h.connect()
		synctest.Wait()
		s := h.socket(c)
		if h.io.Connections() != 1 || len(h.main().Sockets()) != 1 || h.main().Rooms() != 1 {
			t.Error("not counted")
		}
		c.Close()
		synctest.Wait()
		if len(h.main().Sockets()) != 0 || h.main().Rooms() != 0 || len(s.Rooms()) != 0 {
			t.Error("still there")
		}
		s.Join("room")
		if h.main().Rooms() != 0 {
			t.Error("a disconnected socket joined a room")
		}
	})
}

func TestHandshakeKeepsNoAuthOnceConnected(t *testing.T) {
	h := serve(t, nil)
	during := make(chan string, 1)
	h.main().OnConnect(func(s *socketio.Socket) { during <- string(s.Handshake().Auth) })
	socketio.On(h.main(), "later", func(_ context.Context, s *socketio.Socket, _ socketio.None) (string, error) {
		return string(s.Handshake().Auth) + s.Handshake().URL().Path, nil
	})
	c := h.connectTo("/", map[string]string{"token": "x"})
	if got := within(t, during, "OnConnect"); got != `{"token":"x"}` {
		t.Errorf("OnConnect has auth %s", got)
	}
	if got := c.Ask("later"); string(got.Data) != `["/socket.io/"]` {
		t.Errorf("later there is %s", got.Data)
	}
}
