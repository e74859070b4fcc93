package gateway

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// inLimits runs a test in a bubble, in a harbour with limits of its own.
func inLimits(t *testing.T, o Options, play func(t *testing.T, h *harbour)) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		play(t, openHarbourOf(t, path, dokkerr.Retention{}, token.Options{Secret: secret}, o))
	})
}

// refusedFor returns the seconds to wait that an answer names, 0 for an answer that is no refusal.
func refusedFor(t *testing.T, answer siotest.Packet) int {
	t.Helper()
	var a struct {
		Error *struct {
			Code       string
			RetryAfter int
		}
	}
	if err := json.Unmarshal(answer.Args()[0], &a); err != nil {
		t.Fatal(err)
	}
	if a.Error == nil {
		return 0
	}
	if a.Error.Code != "RATE_LIMITED" || a.Error.RetryAfter == 0 {
		t.Fatalf("answered %s", answer.Text)
	}
	return a.Error.RetryAfter
}

// Lists are refused at once beyond 50, answered again after the wait that the refusal names, and nobody else notices.
func TestListsAreRefusedAtTheLimit(t *testing.T) {
	inLimits(t, Options{}, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		for _, event := range []string{"conversation.list", "booking.list", "notification.list", "no.such.event"} {
			for i := range 50 {
				if wait := refusedBy(t, a, event); wait != 0 {
					t.Fatalf("%s: refused the %dth", event, i+1)
				}
			}
			began := time.Now()
			wait := refusedBy(t, a, event)
			if wait != 1 || time.Since(began) != 0 {
				t.Fatalf("%s: the 51st: wait %d s, answered after %v", event, wait, time.Since(began))
			}
			if refusedBy(t, b, event) != 0 {
				t.Errorf("%s: another user was refused", event)
			}
			time.Sleep(time.Duration(wait) * time.Second)
			for range 20 {
				if refusedBy(t, a, event) != 0 {
					t.Fatalf("%s: refused after the wait that was named", event)
				}
			}
			if refusedBy(t, a, event) == 0 {
				t.Errorf("%s: more than the rate", event)
			}
			time.Sleep(time.Minute)
		}
	})
}

func refusedBy(t *testing.T, p *person, event string) int {
	t.Helper()
	answer := p.Ask(event, map[string]any{})
	if strings.Contains(answer.Text, "NOT_FOUND") {
		return 0
	}
	return refusedFor(t, answer)
}

// Messages are slowed: what the stock client has kept while it was offline goes out at once, and all of it is stored, in order.
func TestMessagesAreSlowed(t *testing.T) {
	inLimits(t, Options{}, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		began := time.Now()
		const burst = 200
		for i := range burst {
			a.Emit("message.new", map[string]any{"recipientId": ben, "content": fmt.Sprint("nr ", i), "type": "text"})
		}
		for i := range burst {
			if got := b.hears("message.new", messageKeys...); got["content"] != fmt.Sprint("nr ", i) {
				t.Fatalf("message %d says %v", i, got["content"])
			}
		}
		took, due := time.Since(began), 17*time.Second // 30 at once, then 10 a second
		if took < due-due/10 || took > due+due/10 {
			t.Errorf("took %v, want %v", took, due)
		}
		a.quiet()
	})
}

// A message that would have to wait too long is refused.
func TestMessageThatWouldWaitTooLong(t *testing.T) {
	inLimits(t, Options{Limits: Limits{Messages: limit.Rate{PerSecond: 0.25, Burst: 1}}}, func(t *testing.T, h *harbour) {
		a, other := h.connect(asha), h.connect(asha)
		began := time.Now()
		a.writes(ben, "first")
		a.writes(ben, "second")
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("the second one was written after %v", took)
		}
		other.writes(ben, "elsewhere")
	})
	inLimits(t, Options{Limits: Limits{Messages: limit.Rate{PerSecond: 0.01, Burst: 1}}}, func(t *testing.T, h *harbour) {
		a := h.connect(asha)
		a.writes(ben, "first")
		began := time.Now()
		if wait := refusedFor(t, a.Ask("message.new", newMessage(ben, "hello"))); wait != 100 || time.Since(began) != 0 {
			t.Errorf("told to wait %d s after %v", wait, time.Since(began))
		}
	})
}

// A slowed message whose client leaves is still stored; the server's end is not held up.
func TestLeavingWhileSlowed(t *testing.T) {
	slow := Options{Limits: Limits{Messages: limit.Rate{PerSecond: 0.25, Burst: 1}}}
	inLimits(t, slow, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		a.writes(ben, "first")
		b.hears("message.new", messageKeys...)
		a.Emit("message.new", newMessage(ben, "hello"))
		synctest.Wait()
		a.Close()
		if got := b.hears("message.new", messageKeys...); got["content"] != "hello" {
			t.Errorf("heard %v", got)
		}
	})
	inLimits(t, slow, func(t *testing.T, h *harbour) {
		a := h.connect(asha)
		a.writes(ben, "first")
		a.Emit("message.new", newMessage(ben, "hello"))
		synctest.Wait()
		began := time.Now()
		h.close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

// Typing is dropped without a word, and alone ends nobody.
func TestTypingIsDropped(t *testing.T) {
	inLimits(t, Options{TypingInterval: time.Nanosecond}, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		a.writes(ben, "hello")
		b.hears("message.new", messageKeys...)
		for range 200 { // 20 s of fast typing
			time.Sleep(100 * time.Millisecond)
			if answer := a.Ask("message.typing", map[string]any{"recipientId": ben}).Text; !strings.HasSuffix(answer, "[{}]") {
				t.Fatalf("answered %s", answer)
			}
		}
		for range 5 { // and yet what is wrong is told
			a.refused("message.typing", "VALIDATION_ERROR", "conversationId", map[string]any{"conversationId": "x"})
		}
		synctest.Wait()
		told := 0
		for _, packet := range b.Waiting() {
			if packet.Name() == "message.typing" {
				told++
			}
		}
		if told < 40 || told > 44 {
			t.Errorf("%d signs in 20 s, want 2 a second", told)
		}
	})
}

// All sockets of a user share one rate.
func TestUserEvents(t *testing.T) {
	inLimits(t, Options{}, func(t *testing.T, h *harbour) {
		answered := 0
		for range 4 {
			p := h.connect(asha)
			for range 40 {
				if refusedBy(t, p, "booking.list") == 0 {
					answered++
				}
			}
		}
		if answered < 95 || answered > 105 {
			t.Errorf("%d of 160 events were answered, want 100", answered)
		}
		if refusedBy(t, h.connect(ben), "booking.list") != 0 {
			t.Error("another user was refused")
		}
	})
}

// Who does not heed 100 refusals is sent away, in a way that the stock client comes back from.
func TestRefusalsEndASocket(t *testing.T) {
	inLimits(t, Options{}, func(t *testing.T, h *harbour) {
		a := h.connect(asha)
		for range 50 + 100 {
			a.Emit("booking.list", map[string]any{})
		}
		synctest.Wait()
		if left := h.io.Connections(); left != 1 {
			t.Fatalf("%d connections after 100 refusals", left)
		}
		a.Emit("booking.list", map[string]any{})
		time.Sleep(5 * time.Second)
		if left := h.io.Connections(); left != 0 {
			t.Errorf("%d connections after 101 refusals", left)
		}
		if refusedBy(t, h.connect(ben), "booking.list") != 0 {
			t.Error("another user was refused")
		}
	})
}

// An event without an acknowledgement is refused by the event error.
func TestRefusalWithoutAcknowledgement(t *testing.T) {
	inLimits(t, Options{Limits: Limits{Events: limit.Rate{PerSecond: 1, Burst: 1}}}, func(t *testing.T, h *harbour) {
		a := h.connect(asha)
		a.Emit("booking.list", map[string]any{})
		a.Emit("booking.list", map[string]any{})
		if got := string(a.Expect("error").Args()[0]); !strings.Contains(got, `"code":"RATE_LIMITED"`) {
			t.Errorf("told %s", got)
		}
	})
}

// A user has 20 sockets. One more is closed, and comes in as soon as another has left.
func TestSocketsOfAUser(t *testing.T) {
	inLimits(t, Options{}, func(t *testing.T, h *harbour) {
		var all []*person
		for range 20 {
			all = append(all, h.connect(asha))
		}
		h.turnedAway(asha)
		h.connect(ben)
		all[7].Close()
		synctest.Wait()
		h.connect(asha)
		h.turnedAway(asha)
	})
}

// turnedAway checks that a user's connection is closed without a word.
func (h *harbour) turnedAway(user dokkerr.ID) {
	h.t.Helper()
	auth := map[string]any{"token": tokenFor(h.t, user, nil)}
	before := h.io.Connections()
	c := siotest.Dial(h.t, h.server.URL, &siotest.Options{Client: h.server.Client})
	text, err := json.Marshal(auth)
	if err != nil {
		h.t.Fatal(err)
	}
	c.Send("0" + string(text))
	c.ExpectEnd()
	for _, packet := range c.Waiting() {
		h.t.Errorf("told %s", packet.Text)
	}
	time.Sleep(5 * time.Second)
	if now := h.io.Connections(); now != before {
		h.t.Errorf("%d connections, want %d", now, before)
	}
}

// While as many log in as may, others wait for two seconds and are closed.
func TestLoginsWaitAtTheGate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		gate := limit.NewGate(1, 2*time.Second)
		h := openHarbourOf(t, path, dokkerr.Retention{}, token.Options{Secret: secret}, Options{Gate: gate})
		if !gate.Enter(t.Context()) {
			t.Fatal("the gate is shut")
		}
		began := time.Now()
		h.turnedAway(asha)
		if took := time.Since(began); took < 2*time.Second {
			t.Errorf("turned away after %v", took)
		}
		time.AfterFunc(time.Second, gate.Leave)
		h.connect(asha)
	})
}

// Limiters do not grow without bound.
func TestGovernorForgets(t *testing.T) {
	o := newGovernor(Limits{})
	var id dokkerr.ID
	for i := range 2 * maxLimited {
		id[0], id[1], id[2] = byte(i), byte(i>>8), byte(i>>16)
		o.users.Allow(id, time.Now())
		o.guesses.Fail(guess{limit.NetworkOf(netip.AddrFrom4([4]byte(id[:4]))), uint64(i)}, time.Now())
	}
	if n := []int{o.users.Len(), o.guesses.Len()}; !slices.Equal(n, []int{maxLimited, maxLimited}) {
		t.Errorf("%v are remembered", n)
	}
}
