package gateway

import (
	"os"
	"testing"
	"time"
)

// TestResume is a stock client that reconnects: without any event yet, twice in a row, after a restart of the server, hours later.
func TestResume(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		p := &tab{h: h, user: ben, transport: transport}
		p.connect()
		p.Close()
		h.tells(ben, "1", "2")
		p.reconnect(true)
		p.gets("1", "2")
		h.tells(ben, "3")
		p.gets("3")
		for _, n := range []string{"4", "5"} {
			p.Close()
			h.tells(ben, n)
			p.reconnect(true)
			p.gets(n)
		}
		p.Close()
		h.tells(ben, "6")
		time.Sleep(9 * time.Hour)
		p.h = h.restart()
		p.h.tells(ben, "7")
		p.reconnect(true)
		p.h.tells(ben, "8")
		p.gets("6", "7", "8")
	})
}

// TestResumeBeforeTheEventsArrived loses a connection with all that was sent over it.
func TestResumeBeforeTheEventsArrived(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1", "2")
		p.Waiting() // never came
		p.Close()
		h.tells(ben, "3")
		p.reconnect(true)
		p.gets("1", "2", "3")
	})
}

// TestAnotherUserOnOneSocket is holes 1 and 28: the client sends what it has of the user before.
func TestAnotherUserOnOneSocket(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, "b1", "b2")
		p := h.opens(asha)
		h.tells(asha, "a1", "a2", "a3")
		p.gets("a1", "a2", "a3")
		p.Close()
		p.user = ben
		p.reconnect(false)
		p.Close() // before ben's first event came
		p.Waiting()
		h.tells(ben, "b3")
		p.offset = formatOffset(userTag(asha), 3)
		p.reconnect(false) // an offset that is none: what the pid says, and a new one
		p.gets("b1", "b2", "b3")
		p.Close()
		h.tells(ben, "b4")
		p.reconnect(true)
		p.gets("b4")
	})
}

// TestOwnSessionOverReconnects is R16: what a session caused does not come to it, live or replayed, but to any other one.
func TestOwnSessionOverReconnects(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p, other := h.opens(asha), h.opens(asha)
		p.Ask("message.new", newMessage(ben, "one"))
		p.gets()
		other.gets("one")
		p.Close()
		p.reconnect(true)
		p.Ask("message.new", newMessage(ben, "two"))
		p.Close()
		h.tells(asha, "three")
		p.reconnect(true)
		p.gets("three")
		other.gets("two", "three")
	})
}

// TestRolledBackStore is hole 5: a copy of the file from before 100 events is put in its place.
func TestRolledBackStore(t *testing.T) {
	in2027 := func(t *testing.T, path string) *harbour {
		time.Sleep(27 * 366 * 24 * time.Hour) // a start before 2026 gives no position a floor
		return openHarbour(t, path)
	}
	inHarbourOf(t, in2027, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "before")
		p.gets("before")
		h.close()
		backup, err := os.ReadFile(h.path)
		if err != nil {
			t.Fatal(err)
		}
		h = h.restart()
		p.h = h
		h.tells(ben, numbers(1, 100)...)
		p.reconnect(true)
		p.gets(numbers(1, 100)...)
		h.close()
		if err := os.WriteFile(h.path, backup, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h = h.restart()
		p.h = h
		h.tells(ben, numbers(201, 300)...)
		p.reconnect(true)
		p.gets(numbers(201, 300)...)
	})
}

// TestOffsetAheadOfTheStore comes back to a file that was rolled back, before anything new has happened (R1, R2): an offset that the
// file does not know is none, so the page is not recovered and loads its lists. What is new reaches it, once, and later it recovers.
func TestOffsetAheadOfTheStore(t *testing.T) {
	in2027 := func(t *testing.T, path string) *harbour {
		time.Sleep(27 * 366 * 24 * time.Hour)
		return openHarbour(t, path)
	}
	inHarbourOf(t, in2027, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "before")
		p.gets("before")
		plain := h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": "0"}, "polling")
		first := plain.asks("sync", map[string]any{"since": "0"}, "events", "position", "hasMore")["position"]
		h.close()
		backup, err := os.ReadFile(h.path)
		if err != nil {
			t.Fatal(err)
		}
		h = h.restart()
		p.h = h
		h.tells(ben, "lost")
		p.reconnect(true)
		p.gets("lost")
		ahead := p.offset
		h.close()
		if err := os.WriteFile(h.path, backup, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h = h.restart()
		p.h = h
		p.reconnect(false)
		p.gets("before")
		plain = h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": ahead}, "polling")
		gap := plain.asks("sync", map[string]any{"since": ahead}, "gap", "oldest")
		if gap["gap"] != true || gap["oldest"] != first {
			t.Errorf("sync from ahead has %v, the last that is kept is %v", gap, first)
		}
		h.tells(ben, "new")
		p.gets("new")
		page := plain.asks("sync", map[string]any{"since": gap["oldest"]}, "events", "position", "hasMore")
		if events := page["events"].([]any); len(events) != 1 {
			t.Errorf("then sync has %v", events)
		}
		for range 2 {
			p.Close()
			p.reconnect(true)
			p.gets()
		}
	})
}
