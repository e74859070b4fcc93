package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// revokes does what the API does.
func (h *harbour) revokes(r dokkerr.Revocation) {
	h.t.Helper()
	revoked, err := h.service.Revoke(context.Background(), dokkerr.Once{}, r.User.String(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Disconnect(revoked)
}

func (h *harbour) refusedLogin(compact string) {
	h.t.Helper()
	c := siotest.Dial(h.t, h.server.URL, &siotest.Options{Client: h.server.Client})
	if _, err := c.Join("/", map[string]any{"token": compact}); !isRefusal(err, errInvalidToken.Message) {
		h.t.Errorf("the login had %v", err)
	}
	c.Close()
}

func tokenOf(t *testing.T, user dokkerr.ID, session, id string, issued time.Time) string {
	t.Helper()
	return tokenFor(t, user, func(i *token.Identity) { i.SessionID, i.TokenID, i.IssuedAt = session, id, issued })
}

// ends checks that a socket was told to stay away, and why not more.
func (p *person) ends() {
	p.h.t.Helper()
	p.ExpectText("1")
	p.ExpectEnd()
}

// TestRevokedTokensStayOut over a restart too; the next ones of the user do not.
func TestRevokedTokensStayOut(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		old := tokenOf(t, asha, "phone", "", time.Now())
		p := h.connectWith(asha, map[string]any{"token": old}, "websocket")
		time.Sleep(time.Minute)
		h.revokes(dokkerr.Revocation{User: asha})
		p.ends()
		h.refusedLogin(old)
		h.refusedLogin(tokenOf(t, asha, "", "", time.Time{})) // which does not say how old it is
		h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil)}, "websocket")
		h = h.restart()
		h.refusedLogin(old)
		time.Sleep(time.Second)
		fresh := tokenOf(t, asha, "phone", "", time.Now())
		h.connectWith(asha, map[string]any{"token": fresh}, "websocket").writes(ben, "back")
	})
}

// TestTheRefreshedTokenIsTheOneRevoked: the socket is known by the token that counts, not by the one it came with.
func TestTheRefreshedTokenIsTheOneRevoked(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connectWith(asha, map[string]any{"token": tokenOf(t, asha, "s", "first", time.Now())}, "websocket")
		p.asks("auth.refresh", map[string]any{"token": tokenOf(t, asha, "s", "second", time.Now())}, "expiresAt")
		h.revokes(dokkerr.Revocation{User: asha, TokenID: "first"})
		p.refused("auth.refresh", "AUTH_ERROR", "", map[string]any{"token": tokenOf(t, asha, "s", "first", time.Now())})
		p.writes(ben, "still here")
		h.revokes(dokkerr.Revocation{User: asha, TokenID: "second"})
		p.ends()
	})
}

// TestATokenFromAClockThatIsAhead was issued before it was shown, whatever it says.
func TestATokenFromAClockThatIsAhead(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		ahead := tokenOf(t, asha, "s", "", time.Now().Add(20*time.Second))
		p := h.connectWith(asha, map[string]any{"token": ahead}, "websocket")
		time.Sleep(5 * time.Second)
		h.revokes(dokkerr.Revocation{User: asha})
		p.ends()
	})
}

// TestALoginThatIsUnderWayIsRevokedToo has the revocation come when the token was looked at, and the socket is in no room yet.
func TestALoginThatIsUnderWayIsRevokedToo(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.lobby.Use(func(_ context.Context, s *socketio.Socket) error {
			h.revokes(dokkerr.Revocation{User: clientOf(s).actor.User, SessionID: "lost"})
			return nil
		})
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		if _, err := c.Join("/", map[string]any{"token": tokenOf(t, asha, "lost", "", time.Now())}); err != nil {
			t.Fatal(err)
		}
		c.ExpectText("1")
		c.ExpectEnd()
		synctest.Wait()
		if n := len(h.lobby.Sockets()); n != 0 {
			t.Errorf("%d sockets left", n)
		}
		h.connectWith(asha, map[string]any{"token": tokenOf(t, asha, "other", "", time.Now())}, "websocket").writes(ben, "here")
	})
}

// TestARefreshThatIsUnderWayIsRevokedToo: the token was looked at, and comes to count behind the revocation.
func TestARefreshThatIsUnderWayIsRevokedToo(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connectWith(asha, map[string]any{"token": tokenOf(t, asha, "s", "first", time.Now())}, "websocket")
		c := clientOf(h.lobby.Sockets()[0])
		who, err := h.verify(t.Context(), tokenOf(t, asha, "s", "second", time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		h.revokes(dokkerr.Revocation{User: asha, TokenID: "second"})
		h.recheck(c, who.admitted)
		p.writes(ben, "the first one counts")
		h.count(c, who)
		p.ends()
	})
}

// TestRevocationWithoutStorage lets nobody in who cannot be looked up, and tells nobody that a token is invalid.
func TestRevocationWithoutStorage(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		p.refused("auth.refresh", "STORAGE_UNAVAILABLE", "", map[string]any{"token": tokenFor(t, asha, nil)})
	})
}
