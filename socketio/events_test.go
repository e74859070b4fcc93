package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

type chat struct {
	Text   string `json:"text"`
	Likes  int    `json:"likes"`
	Nested struct {
		At time.Time `json:"at"`
	} `json:"nested"`
}

func TestTypedEvents(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		socketio.On(h.main(), "chat", func(_ context.Context, _ *socketio.Socket, in chat) (chat, error) {
			in.Likes++
			return in, nil
		})
		socketio.On(h.main(), "several", func(_ context.Context, _ *socketio.Socket, in int) (socketio.Args, error) {
			return socketio.Args{in, nil, "<&>", socketio.Binary("b")}, nil
		})
		socketio.On(h.main(), "none", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			return socketio.None{}, nil
		})
		c := h.connect()
		for sent, want := range map[string]string{
			`21["chat",{"text":"é"}]`:              `31[{"text":"é","likes":1,"nested":{"at":"0001-01-01T00:00:00Z"}}]`,
			`22["chat",{"text":1}]`:                `32[{"error":{"code":"VALIDATION_ERROR","message":"number is not allowed here","path":"text"}}]`,
			`23["chat",{"nested":{"at":"never"}}]`: `33[{"error":{"code":"VALIDATION_ERROR","message":"invalid payload"}}]`,
			`24["chat"]`:                           `34[{"error":{"code":"VALIDATION_ERROR","message":"payload missing"}}]`,
			`25["several",5]`:                      `61-5[5,null,"<&>",{"_placeholder":true,"num":0}]`,
			`26["several",1e400]`:                  `36[{"error":{"code":"VALIDATION_ERROR","message":"number 1e400 is not allowed here"}}]`,
			`27["none"]`:                           `37[]`,
			`28["none",1,2]`:                       `38[]`,
		} {
			c.Send(sent)
			wantText(t, c.Next(), want)
		}
	})
}

func TestErrorsOfHandlers(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		socketio.On(h.main(), "fail", func(_ context.Context, _ *socketio.Socket, in string) (any, error) {
			switch in {
			case "told":
				return nil, &socketio.Error{Code: "RATE_LIMITED", Message: "slower", RetryAfter: 3, Data: "kept"}
			case "own":
				return nil, errors.New("disk 7 is on fire")
			case "panic":
				panic("a bug")
			}
			return madJSON{}, nil
		})
		c := h.connect()
		const internal = `{"code":"INTERNAL_ERROR","message":"internal error"}`
		const told = `{"code":"RATE_LIMITED","message":"slower","retryAfter":3}`
		for in, want := range map[string]string{"told": told, "own": internal, "panic": internal, "unencodable": internal} {
			p := c.Ask("fail", in)
			if got := string(p.Data); got != `[{"error":`+want+`}]` {
				t.Errorf("%s is answered %s", in, got)
			}
			if in == "unencodable" {
				continue // nobody asked for what does not encode
			}
			c.Emit("fail", in)
			c.ExpectText(`2["error",` + want + `]`)
		}
		log := h.logged.String()
		for _, want := range []string{"disk 7 is on fire", `panic="a bug"`, "events_test.go"} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %s: %s", want, log)
			}
		}
		if strings.Contains(log, "a handler panicked") {
			t.Error("a panic is logged twice")
		}
		if strings.Contains(log, "slower") {
			t.Error("an error told to the client is logged")
		}
	})
}

func TestFallback(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		h.main().Fallback(func(_ context.Context, _ *socketio.Socket, event string, in socketio.Raw) (socketio.Raw, error) {
			if event == "boom" {
				panic(event)
			}
			return socketio.Raw{}, &socketio.Error{Code: "NOT_FOUND", Message: event}
		})
		c := h.connect()
		c.Send(`21["\u0041\n",1]`)
		c.ExpectText(`31[{"error":{"code":"NOT_FOUND","message":"A\n"}}]`)
		c.Send(`27["boom"]`)
		c.ExpectText(`37[{"error":{"code":"INTERNAL_ERROR","message":"internal error"}}]`)
		c.Ask("sync")
	})
}

// Handlers of one socket run one after the other in order, those of two at once.
func TestOrder(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		release := make(chan struct{})
		running := 0
		h.main().OnConnect(func(s *socketio.Socket) { s.Emit("hello", nil) })
		socketio.On(h.main(), "first", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			running++
			<-release
			running--
			return socketio.None{}, nil
		})
		socketio.On(h.main(), "count", func(_ context.Context, s *socketio.Socket, n int) (int, error) {
			if running != 0 {
				t.Error("two handlers of one socket run at once")
			}
			return n, nil
		})
		socketio.On(h.io.Of("/other"), "release", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			close(release)
			return socketio.None{}, nil
		})
		c := h.connect()
		c.Expect("hello")
		if _, err := c.Join("/other", nil); err != nil {
			t.Fatal(err)
		}
		c.Send(`20["first"]`)
		for _, n := range []string{"1", "2", "3"} {
			c.Send(`2` + n + `["count",` + n + `]`)
		}
		c.Send(`2/other,["release"]`)
		for _, want := range []string{`30[]`, `31[1]`, `32[2]`, `33[3]`} {
			c.ExpectText(want)
		}
	})
}

func TestFullInboxSlowsTheReader(t *testing.T) {
	inBubble(t, &socketio.Options{MaxInbox: 4}, func(t *testing.T, h *host) {
		release := make(chan struct{})
		handled := 0
		socketio.On(h.main(), "slow", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			<-release
			handled++
			return socketio.None{}, nil
		})
		h.addSync()
		c := h.connect()
		sent := make(chan int)
		go func() {
			for i := range 20 {
				c.Emit("slow")
				sent <- i
			}
			close(sent)
		}()
		count := 0
		for blocked := false; !blocked; {
			select {
			case <-sent:
				count++
			case <-time.After(time.Second):
				blocked = true
			}
		}
		// One runs, four wait, one is at the reader and, on a pipe without buffers, one in the writer.
		if count > 6 {
			t.Errorf("%d events were taken", count)
		}
		close(release)
		for range sent {
			count++
		}
		c.Ask("sync")
		if count != 20 || handled != 20 {
			t.Errorf("%d of %d events were handled", handled, count)
		}
	})
}

// A client whose reader is held up is not heard, so it ends as one that answers no pings.
func TestInboxThatStaysFull(t *testing.T) {
	inBubble(t, &socketio.Options{MaxInbox: 1}, func(t *testing.T, h *host) {
		ended := make(chan socketio.Reason, 1)
		socketio.On(h.main(), "until the end", func(ctx context.Context, _ *socketio.Socket, _ socketio.None) (socketio.None, error) {
			<-ctx.Done()
			return socketio.None{}, ctx.Err()
		})
		h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { ended <- r })
		start := time.Now()
		c := h.connect()
		go func() {
			for range 5 {
				c.Emit("until the end")
			}
		}()
		if r := <-ended; r != engineio.PingTimeout {
			t.Errorf("ended with %q", r)
		}
		if took := time.Since(start); took > 46*time.Second {
			t.Errorf("ended after %v", took)
		}
		if log := h.logged.String(); log != "" {
			t.Errorf("log: %s", log)
		}
	})
}

// What had arrived when the client left is handled; what had when the server ended the socket is not.
func TestEventsLeftInTheInbox(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(h *host, c *siotest.Client)
		want []string
	}{
		"client leaves":          {func(h *host, c *siotest.Client) { c.Send("1") }, []string{"a", "b", "c", "client namespace disconnect"}},
		"client goes":            {func(h *host, c *siotest.Client) { c.Close() }, []string{"a", "b", "c", "transport close"}},
		"server disconnects":     {func(h *host, c *siotest.Client) { h.socket(c).Disconnect(false) }, []string{"a", "server namespace disconnect"}},
		"server closes at all":   {func(h *host, c *siotest.Client) { h.socket(c).Close("") }, []string{"a", "forced close"}},
		"server closes":          {func(h *host, c *siotest.Client) { h.socket(c).Close("replaced") }, []string{"a", "replaced"}},
		"server disconnects all": {func(h *host, c *siotest.Client) { h.main().Broadcast().DisconnectSockets(true) }, []string{"a", "server namespace disconnect"}},
		"packet malformed":       {func(h *host, c *siotest.Client) { c.Send("x") }, []string{"a", "parse error"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, h *host) {
				var handled []string
				release := make(chan struct{})
				socketio.On(h.main(), "note", func(ctx context.Context, s *socketio.Socket, in string) (socketio.None, error) {
					handled = append(handled, in)
					<-release
					if ctx.Err() == nil || s.Context() != ctx {
						t.Error("the context of an ended socket is alive")
					}
					return socketio.None{}, context.Cause(ctx)
				})
				h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { handled = append(handled, string(r)) })
				c := h.connect()
				for _, text := range []string{"a", "b", "c"} {
					c.Emit("note", text)
				}
				synctest.Wait()
				test.end(h, c)
				synctest.Wait()
				close(release)
				synctest.Wait()
				if got := strings.Join(handled, ","); got != strings.Join(test.want, ",") {
					t.Errorf("got %s", got)
				}
				if log := h.logged.String(); log != "" {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

func TestPanicsInHooksOfTheLife(t *testing.T) {
	var panicked chan string
	overBoth(t, &socketio.Options{Hooks: socketio.Hooks{Panicked: func(_ *socketio.Socket, event string) { panicked <- event }}},
		func(t *testing.T, h *host) {
			panicked = make(chan string, 8)
			h.addSync()
			h.main().OnConnect(func(*socketio.Socket) { panic(1) })
			h.main().OnDisconnect(func(*socketio.Socket, socketio.Reason) { panic(2) })
			c := h.connect()
			c.ExpectText(`2["error",{"code":"INTERNAL_ERROR","message":"internal error"}]`)
			c.Ask("sync")
			c.Send("1")
			if a, b := within(t, panicked, "a panic"), within(t, panicked, "a panic"); a != "connect" || b != "disconnect" {
				t.Errorf("panicked in %s and %s", a, b)
			}
			if _, err := c.Join("/", nil); err != nil {
				t.Errorf("the connection is lost: %v", err)
			}
		})
}

func TestHooks(t *testing.T) {
	var seen []string
	note := func(s string) { seen = append(seen, s) }
	o := &socketio.Options{Hooks: socketio.Hooks{
		Connected:    func(*socketio.Socket) { note("connected") },
		Disconnected: func(_ *socketio.Socket, r socketio.Reason) { note("disconnected " + string(r)) },
		Received:     func(event string) { note("received " + event) },
		Sent: func(event string, receivers int) {
			note("sent " + event + " to " + string(rune('0'+receivers)))
		},
	}}
	inBubble(t, o, func(t *testing.T, h *host) {
		seen = nil
		h.addSync()
		h.main().OnConnect(func(s *socketio.Socket) { note("OnConnect") })
		h.main().OnDisconnect(func(*socketio.Socket, socketio.Reason) { note("OnDisconnect") })
		c := h.connect()
		c.Ask("sync")
		h.main().Emit("news", 1)
		h.main().To("nobody").Emit("news", 1)
		c.Send("1")
		synctest.Wait()
		want := "connected,OnConnect,received sync,sent news to 1,sent news to 0,disconnected client namespace disconnect,OnDisconnect"
		if got := strings.Join(seen, ","); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestEmitErrors(t *testing.T) {
	h := serve(t, &socketio.Options{MaxAttachments: 2})
	c := h.connect()
	s := h.socket(c)
	for name, err := range map[string]error{
		"reserved":             s.Emit("disconnect", 1),
		"reserved, broadcast":  h.main().Emit("connect", 1),
		"unencodable":          s.Emit("x", make(chan int)),
		"raw message":          s.Emit("x", json.RawMessage(`{"a":}`)),
		"raw message, trailed": s.Emit("x", json.RawMessage(`1 2`)),
		"raw message, deep":    s.Emit("x", json.RawMessage(strings.Repeat("[", 65)+strings.Repeat("]", 65))),
		"nested raw":           s.Emit("x", socketio.Args{socketio.Raw{}}),
		"nested args":          s.Emit("x", socketio.Args{socketio.Args{}}),
		"attachments":          s.Emit("x", []socketio.Binary{{1}, {2}, {3}}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "socketio: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Emit("last", nil)
	c.ExpectText(`2["last"]`)
}

func TestRegistrationMistakes(t *testing.T) {
	io := socketio.NewServer(nil)
	h := func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
		return socketio.None{}, nil
	}
	socketio.On(io.Of("/"), "once", h)
	encoded, err := io.Of("/a").Encode("x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(){
		"reserved":          func() { socketio.On(io.Of("/"), "newListener", h) },
		"twice":             func() { socketio.On(io.Of("/"), "once", h) },
		"another namespace": func() { io.Of("/b").Broadcast().Send(encoded) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			f()
		}()
	}
	io.Of("/b").Broadcast().Send(socketio.Encoded{}.WithOffset("x"))
	if io.Of("a") != io.Of("/a") || io.Of("").Name() != "/" {
		t.Error("names are not normalised")
	}
}
