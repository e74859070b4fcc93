package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// TestSync is hole 22: a client without recovery, whose handlers take one argument, pages through what it missed.
func TestSync(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, numbers(1, 5)...)
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.Send(fmt.Sprintf(`0{"token":%q,"since":""}`, tokenFor(t, ben, nil)))
		if reply := c.Next(); strings.Contains(reply.Text, "pid") {
			t.Errorf("a client with since was answered %s", reply.Text)
		}
		h.tells(ben, "6")
		var live struct{ Number, Position string }
		args := c.Expect("dock.flooded").Args()
		if err := json.Unmarshal(args[0], &live); err != nil || len(args) != 1 || live.Number != "6" {
			t.Fatalf("told %s", args)
		}
		var got []string
		for since, more := "0", true; more; {
			var answer syncPage
			if err := json.Unmarshal(c.Ask("sync", map[string]any{"since": since, "limit": 4}).Args()[0], &answer); err != nil {
				t.Fatal(err)
			}
			for _, e := range answer.Events {
				got = append(got, e.Position)
			}
			since, more = answer.Position, answer.HasMore
		}
		if len(got) != 6 || got[5] != live.Position {
			t.Errorf("synced %v, live at %s", got, live.Position)
		}
		p := h.connect(asha)
		for _, since := range []any{"", "1", got[0]} {
			p.refused("sync", "VALIDATION_ERROR", "since", map[string]any{"since": since})
		}
		gap := p.asks("sync", map[string]any{"since": userTag(asha) + ".7"}, "gap", "oldest") // she has no events
		if gap["gap"] != true || gap["oldest"] != userTag(asha)+".0" {
			t.Errorf("sync from ahead is answered %v", gap)
		}
		p.refused("sync", "VALIDATION_ERROR", "limit", map[string]any{"since": "0", "limit": 101})
	})
}

// TestPlainClientConfirms is R7 and R24 for a client without recovery: what it names in since, what it was given by sync and has, and
// what comes live behind that.
func TestPlainClientConfirms(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		h.tells(ben, numbers(1, 5)...)
		at := func(n int) string { return formatOffset(userTag(ben), dokkerr.Position(n)) }
		connect := func(since string) *person {
			auth := map[string]any{"token": tokenFor(t, ben, nil), "since": since}
			return h.connectWith(ben, auth, transport)
		}
		newPageGets := func(first, last int) {
			t.Helper()
			time.Sleep(2 * lazy)
			c := &tab{h: h, user: ben}
			c.dial()
			c.IgnorePings()
			c.greet()
			c.gets(numbers(first, last)...)
			c.Close()
		}
		c := connect("")
		h.tells(ben, "6")
		newPageGets(1, 6) // its pong proves nothing of what it did not ask for
		sync := func(since string, limit int) {
			t.Helper()
			c.asks("sync", map[string]any{"since": since, "limit": limit}, "events", "position", "hasMore")
		}
		c.Waiting()
		c.IgnorePings()
		sync("0", 3)
		newPageGets(1, 6) // the page may have been lost
		c.AnswerPings()
		newPageGets(4, 6)
		c.IgnorePings()
		sync(at(4), 1)
		newPageGets(5, 6) // it says that it has 4
		c.AnswerPings()
		sync(at(5), 100)
		h.tells(ben, "7")
		newPageGets(8, 7)
		c.Close()
		h.tells(ben, "8", "9")
		for _, nonsense := range []string{"x", at(10), formatOffset(userTag(asha), 9)} {
			connect(nonsense).Close()
			newPageGets(8, 9)
		}
		c = connect(at(8))
		newPageGets(9, 9)
		h.tells(ben, "10")
		newPageGets(9, 10)
		c.Close()
		connect(at(10))
		h.tells(ben, "11")
		newPageGets(12, 11)
	})
}

func TestSyncTellsOfAGap(t *testing.T) {
	h := func(t *testing.T, path string) *harbour {
		return openHarbourWith(t, path, dokkerr.Retention{Events: 10})
	}
	inHarbourOf(t, h, func(t *testing.T, h *harbour) {
		h.tells(ben, numbers(1, 30)...)
		p := h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": "0"}, "polling")
		gap := p.asks("sync", map[string]any{"since": formatOffset(userTag(ben), 1)}, "gap", "oldest")
		page := p.asks("sync", map[string]any{"since": gap["oldest"]}, "events", "position", "hasMore")
		if events := page["events"].([]any); gap["gap"] != true || len(events) != 10 {
			t.Errorf("%v, then %d events", gap, len(events))
		}
		page = p.asks("sync", map[string]any{"since": "0"}, "events", "position", "hasMore")
		if events := page["events"].([]any); len(events) != 10 {
			t.Errorf("%d events of all that is kept", len(events))
		}
	})
}

func TestPositionIsTheLastKey(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:        `{"position":"t.7"}`,
		`{"a":"b"}`: `{"a":"b","position":"t.7"}`,
	} {
		e := &outgoing{name: "x", data: json.RawMessage(data)}
		if got := e.withPosition("t.7"); string(got.data) != want || string(e.data) != data {
			t.Errorf("%s became %s, want %s", data, got.data, want)
		}
	}
}
