package socketio_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

func TestShutdownSendsNoDisconnectAndWaitsForHandlers(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, h *host) {
		reasons := make(chan socketio.Reason, 1)
		finished := false
		socketio.On(h.main(), "work", func(ctx context.Context, _ *socketio.Socket, _ socketio.None) (socketio.None, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // what it takes to stop
			finished = true
			return socketio.None{}, nil
		})
		h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
		c := h.connect()
		c.Emit("work")
		synctest.Wait()
		if err := h.io.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if !finished || len(reasons) != 1 {
			t.Fatal("Shutdown did not wait")
		}
		if r := <-reasons; r != engineio.ServerShutdown {
			t.Errorf("reason %q", r)
		}
		c.ExpectEnd()
		if rest := c.Waiting(); len(rest) > 0 {
			t.Errorf("got %s", rest[0].Text)
		}
		if h.io.Connections() != 0 {
			t.Error("connections are left")
		}
	})
}

func TestEndsFreeAReaderHeldUp(t *testing.T) {
	for name, end := range map[string]func(h *host, s *socketio.Socket){
		"shutdown": func(h *host, _ *socketio.Socket) { h.io.Shutdown(context.Background()) },
		"close":    func(_ *host, s *socketio.Socket) { s.Close(engineio.TransportClose) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, &socketio.Options{MaxInbox: 1}, func(t *testing.T, h *host) {
				socketio.On(h.main(), "until the end", func(ctx context.Context, _ *socketio.Socket, _ socketio.None) (socketio.None, error) {
					<-ctx.Done()
					time.Sleep(6 * time.Second) // the reader does not wait for this
					return socketio.None{}, nil
				})
				c := h.connect()
				go func() {
					for range 5 {
						c.Emit("until the end")
					}
				}()
				synctest.Wait()
				s := h.socket(c)
				done := make(chan struct{})
				go func() {
					defer close(done)
					end(h, s)
				}()
				c.ExpectEnd()
				time.Sleep(4 * time.Second) // what the engine gives a client to close in, and more
				if h.io.Connections() > 0 {
					t.Error("the session is held up")
				}
				<-done
			})
		})
	}
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, h *host) {
		release := make(chan struct{})
		socketio.On(h.main(), "stubborn", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			<-release
			return socketio.None{}, nil
		})
		c := h.connect()
		c.Emit("stubborn")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := h.io.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}

func TestReasons(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *siotest.Client)
		want socketio.Reason
	}{
		"leaves":           {func(c *siotest.Client) { c.Send("1") }, socketio.ClientDisconnect},
		"goes":             {func(c *siotest.Client) { c.Close() }, engineio.TransportClose},
		"no pong":          {func(c *siotest.Client) { c.IgnorePings() }, engineio.PingTimeout},
		"no packet":        {func(c *siotest.Client) { c.Send("x") }, engineio.ParseError},
		"no engine packet": {func(c *siotest.Client) { c.SendEngine("9") }, engineio.ParseError},
		"second CONNECT":   {func(c *siotest.Client) { c.Send("0") }, engineio.ForcedClose},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, h *host) {
				reasons := make(chan socketio.Reason, 2)
				h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
				c := h.connect()
				test.end(c)
				if r := <-reasons; r != test.want {
					t.Errorf("reason %q, want %q", r, test.want)
				}
				synctest.Wait()
				if len(reasons) > 0 {
					t.Error("OnDisconnect ran twice")
				}
			})
		})
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	h := serve(t, nil)
	for path, want := range map[string]int{"/socket.io/": 400, "/": 404, "/socket.iox": 404, "/other/": 404} {
		resp, err := h.web.Client.Get(h.web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}
