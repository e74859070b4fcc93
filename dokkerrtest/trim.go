package dokkerrtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// hours is noon and some hours.
func hours(n int) dokkerr.Time { return dokkerr.TimeOf(noon.Add(time.Duration(n) * time.Hour)) }

// testTrim deletes in batches what happened before hour 8. The last session's own events are those at hours 3 to 7.
func testTrim(t *testing.T, b *bench) {
	user, other := uuid.New(), uuid.New()
	m := talk(t, b, other, user, "a key of its own")
	b.do(t, func(tx dokkerr.Tx) {
		for n := range 10 {
			e := event(n, user, other)
			if n%2 == 0 {
				e = event(n, other, user)
			}
			e.Time = hours(n)
			e.Origin = []string{"", "", "yours", "mine", "mine", "mine", "mine", "mine", "", ""}[n]
			tx.Append(e)
		}
	})
	all := inbox(t, b, user)
	expired := func(hour int) bool {
		t.Helper()
		return ask(t, b, func(r dokkerr.Reader) (bool, error) { return r.Expired(hours(hour)) })
	}
	trimmed := func(session string, want dokkerr.Position) {
		t.Helper()
		got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Trimmed(user, session) })
		if got != want {
			t.Errorf("trimmed for %q up to %d, want %d", session, got, want)
		}
	}
	if expired(0) || !expired(8) {
		t.Error("what is too old is not known")
	}
	trimmed("mine", 0)
	for _, step := range []struct {
		left               int
		mine, yours, other int // of the inbox; 0 is none, 1 the first event
	}{{9, 2, 2, 2}, {7, 3, 4, 4}, {5, 3, 6, 6}, {3, 3, 8, 8}, {3, 3, 8, 8}} {
		b.do(t, func(tx dokkerr.Tx) { tx.Trim(hours(8), 2) })
		left := inbox(t, b, user)
		if len(left) != step.left || left[0].Position != all[0].Position {
			t.Fatalf("%d events are left, %+v", len(left), left)
		}
		trimmed("mine", all[step.mine].Position)
		trimmed("yours", all[step.yours].Position)
		trimmed("", all[step.other].Position)
	}
	if expired(8) {
		t.Error("something is too old after all was deleted")
	}
	testTrimKeeps(t, b, m, all[10].Position)
}

// testTrimKeeps deletes all that can be.
func testTrimKeeps(t *testing.T, b *bench, m dokkerr.Message, head dokkerr.Position) {
	user := m.RecipientID
	b.do(t, func(tx dokkerr.Tx) { tx.Trim(hours(100), 100) })
	if left := inbox(t, b, user); len(left) != 1 || left[0].Name != "message.new" {
		t.Errorf("left %+v, want the message", left)
	}
	if got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Message, error) { return r.Message(m.MessageID) }); got != m {
		t.Errorf("message %+v, want %+v", got, m)
	}
	if got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Head(user) }); got != head {
		t.Errorf("head %d, want %d", got, head)
	}
	b.do(t, func(tx dokkerr.Tx) { tx.Append(event(11, user)) })
	if left := inbox(t, b, user); len(left) != 2 || left[1].Position <= head {
		t.Errorf("after position %d comes %+v", head, left)
	}
}
