package dokkerrtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// revocations lists those that concern a token, in an order of their own.
func revocations(t *testing.T, b *bench, user dokkerr.ID, session, token string) []dokkerr.Revocation {
	t.Helper()
	list := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Revocation, error) { return r.Revocations(user, session, token) })
	slices.SortFunc(list, func(a, b dokkerr.Revocation) int {
		return strings.Compare(a.SessionID+" "+a.TokenID, b.SessionID+" "+b.TokenID)
	})
	return list
}

func testRevocations(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	at := func(minutes int) dokkerr.Time {
		return dokkerr.TimeOf(noon.Add(time.Duration(minutes) * time.Minute))
	}
	put := func(r dokkerr.Revocation, until dokkerr.Time) {
		b.do(t, func(tx dokkerr.Tx) { tx.PutRevocation(r, until) })
	}
	check := func(what string, got []dokkerr.Revocation, want ...dokkerr.Revocation) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("of nobody", revocations(t, b, asha, "", ""))
	all := dokkerr.Revocation{User: asha, At: at(0)}
	session := dokkerr.Revocation{User: asha, SessionID: "one", At: at(1)}
	token := dokkerr.Revocation{User: asha, TokenID: "one", At: at(2)}
	put(all, at(100))
	put(session, at(10))
	put(token, at(100))
	check("of another user", revocations(t, b, ben, "one", "one"))
	check("of a token without names", revocations(t, b, asha, "", ""), all)
	check("of other names", revocations(t, b, asha, "two", "two"), all)
	check("of all names", revocations(t, b, asha, "one", "one"), all, token, session)
	// Time only goes forward.
	session.At = at(5)
	put(session, at(20))
	put(dokkerr.Revocation{User: asha, SessionID: "one", At: at(3)}, at(15))
	check("of a session again", revocations(t, b, asha, "one", ""), all, session)
	// What is over is dropped with the next.
	put(dokkerr.Revocation{User: ben, At: at(19)}, at(100))
	check("a minute before the end", revocations(t, b, asha, "one", ""), all, session)
	put(dokkerr.Revocation{User: ben, At: at(20)}, at(100))
	check("behind the end", revocations(t, b, asha, "one", "one"), all, token)
}

func testBlocks(t *testing.T, b *bench) {
	asha, ben, cleo := uuid.New(), uuid.New(), uuid.New()
	check := func(x, y dokkerr.ID, want bool) {
		t.Helper()
		b.do(t, func(tx dokkerr.Tx) {
			if got, err := tx.Blocked(x, y); err != nil || got != want {
				t.Errorf("in a decision: %v, %v; want %v", got, err, want)
			}
		})
		for _, pair := range [][2]dokkerr.ID{{x, y}, {y, x}} {
			if got := ask(t, b, func(r dokkerr.Reader) (bool, error) { return r.Blocked(pair[0], pair[1]) }); got != want {
				t.Errorf("in a view: %v, want %v", got, want)
			}
		}
	}
	blocks := func(user dokkerr.ID, want int) {
		t.Helper()
		if n := ask(t, b, func(r dokkerr.Reader) (int, error) { return r.Blocks(user) }); n != want {
			t.Errorf("%d blocks, want %d", n, want)
		}
	}
	check(asha, ben, false)
	b.do(t, func(tx dokkerr.Tx) { tx.PutBlock(asha, ben, noon) })
	b.do(t, func(tx dokkerr.Tx) { tx.PutBlock(asha, ben, noon) })
	check(asha, ben, true)
	check(asha, cleo, false)
	blocks(asha, 1)
	blocks(ben, 0)
	b.do(t, func(tx dokkerr.Tx) { tx.PutBlock(ben, asha, noon) })
	b.do(t, func(tx dokkerr.Tx) { tx.DeleteBlock(asha, ben) })
	check(asha, ben, true)
	b.do(t, func(tx dokkerr.Tx) { tx.DeleteBlock(ben, asha) })
	b.do(t, func(tx dokkerr.Tx) { tx.DeleteBlock(ben, asha) })
	check(asha, ben, false)
	// A user who is erased blocks nobody, and nobody blocks.
	b.do(t, func(tx dokkerr.Tx) {
		tx.PutBlock(cleo, asha, noon)
		tx.PutBlock(ben, cleo, noon)
	})
	check(cleo, ben, true)
	b.do(t, func(tx dokkerr.Tx) { tx.Erase(cleo) })
	check(cleo, asha, false)
	check(cleo, ben, false)
}
