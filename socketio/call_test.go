package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/socketio"
)

func TestHandlerThatAnswersByItself(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.main().Handle("call", func(_ context.Context, c *socketio.Call) error {
			switch string(c.Args.JSON) {
			case `"twice"`:
				return errors.Join(c.Answer(1), c.Answer(2))
			case `"told"`:
				return &socketio.Error{Code: "FORBIDDEN", Message: "no"}
			case `"late"`:
				return errors.Join(c.Answer("first"), errors.New("the disk burns"))
			case `"panic"`:
				panic("a bug")
			case `"asked"`:
				return c.Socket.Emit("asked", c.Asked())
			}
			return nil
		})
		h.addSync()
		c := h.connect()
		for _, step := range []struct{ sent, want string }{
			{`2101["call","twice"]`, `3101[1]`},
			{`2["call","twice"]`, ``},
			{`2102["call","nothing"]`, ``},
			{`2103["call","told"]`, `3103[{"error":{"code":"FORBIDDEN","message":"no"}}]`},
			{`2["call","told"]`, `2["error",{"code":"FORBIDDEN","message":"no"}]`},
			{`2104["call","late"]`, `3104["first"]`},
			{`2105["call","panic"]`, `3105[{"error":{"code":"INTERNAL_ERROR","message":"internal error"}}]`},
			{`2106["call","asked"]`, `2["asked",true]`},
			{`2["call","asked"]`, `2["asked",false]`},
		} {
			c.Send(step.sent)
			c.Ask("sync")
			got := ""
			for _, p := range c.Waiting() {
				got += p.Text
			}
			if got != step.want {
				t.Errorf("%s brought %s, want %s", step.sent, got, step.want)
			}
		}
		if log := h.logged.String(); !strings.Contains(log, "the disk burns") {
			t.Errorf("the log lacks what went wrong behind an answer: %s", log)
		}
	})
}

// TestWaiting looks at what came behind a call while its handler ran.
func TestWaiting(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		running, arrived := make(chan struct{}), make(chan struct{})
		h.main().Handle("call", func(_ context.Context, c *socketio.Call) error {
			if string(c.Args.JSON) == "0" {
				close(running)
				<-arrived
			}
			list := []string{}
			for args := range c.Waiting() {
				list = append(list, string(args.JSON))
			}
			return c.Answer(list)
		})
		c := h.connect()
		c.Send(`20["call",0]`)
		<-running
		c.Send(`21["call",1]`)
		c.Send(`2["call",2]`)
		c.Send(`22["sync"]`)
		c.Send(`23["call",3]`)
		h.socket(c).Confirm(func() { close(arrived) }) // the pong comes behind them
		c.ExpectText(`30[["1","3"]]`)
		c.ExpectText(`31[["3"]]`)
		c.ExpectText(`32[]`)
		c.ExpectText(`33[[]]`)
	})
}

// TestNext takes what came behind a call together with it, up to what is something else.
func TestNext(t *testing.T) {
	received := make(chan string, 100)
	o := &socketio.Options{Hooks: socketio.Hooks{Received: func(event string) { received <- event }}}
	overBoth(t, o, func(t *testing.T, h *host) {
		h.addSync()
		running, arrived := make(chan struct{}), make(chan struct{})
		socketio.On(h.main(), "hold", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			close(running)
			<-arrived
			return socketio.None{}, nil
		})
		h.main().Handle("call", func(_ context.Context, c *socketio.Call) error {
			first := string(c.Args.JSON)
			for ; c != nil; c = c.Next() {
				switch args := string(c.Args.JSON); args {
				case `"refused"`:
					c.Refuse(&socketio.Error{Code: "FORBIDDEN", Message: "no"})
				case `"failed"`:
					return errors.New("the disk burns")
				case `"panic"`:
					panic("a bug")
				case `"unanswered"`:
				default:
					if err := c.Answer(first + args); err != nil {
						return err
					}
				}
			}
			return nil
		})
		c := h.connect()
		c.Send(`2["hold"]`)
		<-running
		for i, call := range []string{"1", "2", `"refused"`, `"unanswered"`, "3", "", "4", `"unanswered"`, `"failed"`, "5", `"panic"`, "6"} {
			if call == "" {
				c.Send(`2["sync"]`)
			} else {
				c.Send(fmt.Sprintf(`2%d["call",%s]`, i, call))
			}
		}
		c.Send(`2["call","refused"]`)
		h.socket(c).Confirm(func() { close(arrived) }) // the pong comes behind them
		const internal = `[{"error":{"code":"INTERNAL_ERROR","message":"internal error"}}]`
		for _, want := range []string{
			`30["11"]`, `31["12"]`, `32[{"error":{"code":"FORBIDDEN","message":"no"}}]`, `34["13"]`,
			`36["44"]`, `37` + internal, `38` + internal,
			`39["55"]`, `310` + internal,
			`311["66"]`, `2["error",{"code":"FORBIDDEN","message":"no"}]`,
		} {
			c.ExpectText(want)
		}
		for _, want := range strings.Fields("hold call call call call call sync call call call call call call call") {
			if got := <-received; got != want {
				t.Errorf("received %s, want %s", got, want)
			}
		}
		if log := h.logged.String(); strings.Count(log, "the disk burns") != 1 {
			t.Errorf("logged %s", log)
		}
	})
}

// TestPongOfAnAnswer is what makes an acknowledgement provable: its ping comes first, and whoever posts from the pong's callback
// knows which events came before it, whatever handler is running.
func TestPongOfAnAnswer(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		var order []string // the handlers'
		h.main().Handle("call", func(_ context.Context, c *socketio.Call) error {
			n := string(c.Args.JSON)
			order = append(order, n)
			return c.AnswerConfirmed(n, func() {
				c.Socket.Post(func() { order = append(order, "pong "+n) })
			})
		})
		release := make(chan struct{})
		socketio.On(h.main(), "hold", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) {
			<-release
			return socketio.None{}, nil
		})
		socketio.On(h.main(), "order", func(context.Context, *socketio.Socket, socketio.None) (string, error) {
			return fmt.Sprint(order), nil
		})
		c := h.connect()
		c.IgnorePings()
		c.Ask("call", 1)
		c.Emit("hold")
		c.Send(`2["call",2]`)
		c.SendEngine("3")
		c.Send(`2["call",3]`)
		c.SendEngine("3") // nobody asked
		close(release)
		if got, want := string(c.Ask("order").Args()[0]), `"[1 2 pong 1 3]"`; got != want {
			t.Errorf("in the order %s, want %s", got, want)
		}
	})
}

func TestHandleTwicePanics(t *testing.T) {
	h := serve(t, nil)
	register := func(event string) (refused bool) {
		defer func() { refused = recover() != nil }()
		h.main().Handle(event, func(context.Context, *socketio.Call) error { return nil })
		return false
	}
	if got := []bool{register("a"), register("a"), register("connect")}; !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("refused %v", got)
	}
}
