package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// erases does what the API does, and returns when the user may have new tokens.
func (h *harbour) erases(user dokkerr.ID) {
	h.t.Helper()
	revoked, err := h.service.Erase(h.t.Context(), dokkerr.Once{}, user.String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.Disconnect(revoked)
	h.refusedLogin(tokenFor(h.t, user, nil))
	time.Sleep(time.Second)
	synctest.Wait()
}

// TestErasedSender is hole 9: what its sender took along before the replay does not hold up what follows.
func TestErasedSender(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		p := &tab{h: h, user: ben, transport: transport}
		p.connect()
		writer, other := h.connect(asha), h.connect(cleo)
		writer.writes(ben, "one")
		p.gets("one")
		p.Close()
		writer.writes(ben, "two")
		other.writes(ben, "three")
		writer.writes(ben, "four")
		h.erases(asha)
		p.reconnect(true)
		p.gets("three")
		other.writes(ben, "five")
		p.gets("five")
		p.Close()
		p.reconnect(true)
		p.gets()
	})
}

// TestErasedAndBack is hole 9: who comes back under an erased id has no past, and an old pid and offset are worth nothing.
func TestErasedAndBack(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		for _, user := range []dokkerr.ID{ben, cleo} {
			p := &tab{h: h, user: user, transport: transport}
			p.connect()
			h.tells(user, "1")
			if user == ben {
				p.gets("1") // the other one's pid is all it has
			}
			h.connect(asha).writes(user, "2")
			h.erases(user)
			h.tells(user, "3")
			p.reconnect(false)
			p.gets("3")
			p.Close()
			h.tells(user, "4")
			p.reconnect(true)
			p.gets("4")
		}
	})
}

// TestErasedWithoutEvents refuses also the pid of a session that began at the very end.
func TestErasedWithoutEvents(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.erases(ben)
		p.reconnect(false)
		p.Close()
		p.reconnect(true)
		p.gets()
	})
}
