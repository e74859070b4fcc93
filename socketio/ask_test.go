package socketio_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

func TestAsk(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		c := h.connect()
		s := h.socket(c)
		c.On("double", func(p siotest.Packet) []any {
			return []any{2 * decode[int](t, p.Args()[0]), "more"}
		})
		c.On("nothing", func(siotest.Packet) []any { return nil })
		c.On("binary", func(siotest.Packet) []any { return []any{[]byte("xyz")} })
		ctx := t.Context()
		if got, err := socketio.Ask[int](ctx, s, "double", 21); got != 42 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		if got, err := socketio.Ask[socketio.Raw](ctx, s, "double", 4); string(got.JSON) != `8,"more"` || err != nil {
			t.Errorf("got %s, %v", got.JSON, err)
		}
		if got, err := socketio.Ask[socketio.Binary](ctx, s, "binary", nil); string(got) != "xyz" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := socketio.Ask[socketio.None](ctx, s, "nothing", socketio.Binary{1}); err != nil {
			t.Error(err)
		}
		for name, ask := range map[string]func() error{
			"no value":    func() error { _, err := socketio.Ask[int](ctx, s, "nothing", nil); return err },
			"wrong type":  func() error { _, err := socketio.Ask[string](ctx, s, "double", 1); return err },
			"unencodable": func() error { _, err := socketio.Ask[int](ctx, s, "double", func() {}); return err },
		} {
			if ask() == nil {
				t.Errorf("%s is no error", name)
			}
		}
	})
}

// A handler may ask its own client: acknowledgements do not wait for handlers.
func TestAskInAHandler(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		socketio.On(h.main(), "ask me", func(ctx context.Context, s *socketio.Socket, _ socketio.None) (string, error) {
			return socketio.Ask[string](ctx, s, "question", nil)
		})
		c := h.connect()
		c.On("question", func(siotest.Packet) []any { return []any{"because"} })
		wantText(t, c.Ask("ask me"), `31["because"]`)
	})
}

func TestAskEndsWithItsContext(t *testing.T) {
	inBubble(t, &socketio.Options{MaxPendingAcks: 1}, func(t *testing.T, h *host) {
		c := h.connect()
		s := h.socket(c)
		var late []siotest.Packet
		for range 3 { // what is given up no longer counts
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			_, err := socketio.Ask[int](ctx, s, "question", nil)
			if err != context.DeadlineExceeded || time.Since(start) != time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			cancel()
			late = append(late, c.Expect("question"))
		}
		for _, p := range append(late, late...) { // too late, and then again
			c.Answer(p, 1)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("no longer of interest")
		cancel(cause)
		if _, err := socketio.Ask[int](ctx, s, "question", nil); err != cause {
			t.Errorf("got %v", err)
		}
	})
}

func TestAskEndsWithItsSocket(t *testing.T) {
	for name, end := range map[string]func(h *host, c *siotest.Client){
		"client leaves":      func(_ *host, c *siotest.Client) { c.Send("1") },
		"client goes":        func(_ *host, c *siotest.Client) { c.Close() },
		"server disconnects": func(h *host, c *siotest.Client) { h.socket(c).Disconnect(false) },
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, nil, func(t *testing.T, h *host) {
				c := h.connect()
				s := h.socket(c)
				errs := make(chan error, 1)
				go func() {
					_, err := socketio.Ask[int](t.Context(), s, "question", nil)
					errs <- err
				}()
				c.Expect("question")
				end(h, c)
				if err := within(t, errs, "the end of Ask"); err != socketio.ErrDisconnected {
					t.Errorf("got %v", err)
				}
				if _, err := socketio.Ask[int](t.Context(), s, "question", nil); err != socketio.ErrDisconnected {
					t.Errorf("afterwards %v", err)
				}
			})
		})
	}
}

func TestTooManyAcks(t *testing.T) {
	inBubble(t, &socketio.Options{MaxPendingAcks: 2}, func(t *testing.T, h *host) {
		c := h.connect()
		s := h.socket(c)
		for range 2 {
			go socketio.Ask[int](t.Context(), s, "question", nil)
		}
		synctest.Wait()
		if _, err := socketio.Ask[int](t.Context(), s, "question", nil); err != socketio.ErrTooManyAcks {
			t.Errorf("got %v", err)
		}
		if _, err := socketio.AskAll[int](t.Context(), h.main().Broadcast(), "question", nil); err == nil {
			t.Error("AskAll does not tell")
		}
		c.Answer(c.Expect("question"), 1)
		synctest.Wait()
		go socketio.Ask[int](t.Context(), s, "question", nil)
		synctest.Wait()
		c.Expect("question")
		c.Expect("question")
	})
}

func TestAskAll(t *testing.T) {
	inBubble(t, &socketio.Options{MaxPendingAcks: 1}, func(t *testing.T, h *host) {
		a, b, c, d := h.connect(), h.connect(), h.connect(), h.connect()
		h.socket(d).Join("left out")
		for i, client := range []*siotest.Client{a, b} {
			client.On("vote", func(p siotest.Packet) []any {
				if !slices.Equal(p.Args()[0], []byte(`"topic"`)) || len(p.Attachments) != 1 {
					t.Errorf("asked %s", p.Text)
				}
				return []any{i}
			})
		}
		everybody := h.main().Broadcast().Except("left out")
		ask := func() ([]int, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			replies, err := socketio.AskAll[int](ctx, everybody, "vote", socketio.Args{"topic", socketio.Binary{1}})
			slices.Sort(replies)
			return replies, err
		}
		if got, err := ask(); !slices.Equal(got, []int{0, 1}) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one is silent: %v, %v", got, err)
		}
		c.Expect("vote")
		c.On("vote", func(siotest.Packet) []any { return []any{"no number"} })
		if got, err := ask(); !slices.Equal(got, []int{0, 1}) || err == nil {
			t.Errorf("one does not decode: %v, %v", got, err)
		}
		c.On("vote", func(siotest.Packet) []any { c.Send("1"); return nil })
		if got, err := ask(); len(got) > 3 || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one leaves: %v, %v", got, err)
		}
		if got, err := ask(); !slices.Equal(got, []int{0, 1}) || err != nil {
			t.Errorf("one has left: %v, %v", got, err)
		}
		if rest := d.Waiting(); len(rest) > 0 {
			t.Errorf("the one left out was asked: %s", rest[0].Text)
		}
		if got, err := socketio.AskAll[int](t.Context(), h.main().To("nobody"), "vote", nil); len(got) > 0 || err != nil {
			t.Errorf("nobody: %v, %v", got, err)
		}
	})
}

// TestAnswersFindTheirQuestions: of two questions on one socket the second is answered first.
func TestAnswersFindTheirQuestions(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		c := h.connect()
		s := h.socket(c)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		answers := make([]chan string, 2)
		for i := range answers {
			answers[i] = make(chan string, 1)
			go func() {
				got, err := socketio.Ask[string](ctx, s, "question", i)
				if err != nil {
					t.Error(err)
				}
				answers[i] <- got
			}()
		}
		one, other := c.Expect("question"), c.Expect("question")
		for _, p := range []siotest.Packet{other, one} {
			c.Answer(p, "to "+string(p.Args()[0]))
			i := decode[int](t, p.Args()[0])
			if got := <-answers[i]; got != "to "+string(p.Args()[0]) {
				t.Errorf("question %d was answered %q", i, got)
			}
		}
	})
}
