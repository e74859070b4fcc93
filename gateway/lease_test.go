package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

// tokenUntil is a token that expires so far from now.
func tokenUntil(t *testing.T, user dokkerr.ID, life time.Duration) string {
	t.Helper()
	return tokenFor(t, user, func(i *token.Identity) { i.ExpiresAt = time.Now().Add(life) })
}

func (h *harbour) connectUntil(user dokkerr.ID, life time.Duration, transport string) *person {
	h.t.Helper()
	return h.connectWith(user, map[string]any{"token": tokenUntil(h.t, user, life)}, transport)
}

// isoTime is an instant as the contract writes it.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// TestTheTokenExpires wants a warning a minute before, and the end when a login would refuse the token too; never a DISCONNECT
// packet, after which the stock client would not come back.
func TestTheTokenExpires(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		expires := time.Now().Add(10 * time.Minute)
		p := h.connectUntil(asha, 10*time.Minute, transport)
		time.Sleep(9*time.Minute - time.Millisecond)
		p.quiet()
		time.Sleep(time.Millisecond)
		if told := p.hears("auth.expiring", "expiresAt"); told["expiresAt"] != isoTime(expires) {
			t.Errorf("told %v, want %s", told, isoTime(expires))
		}
		time.Sleep(time.Until(expires) + 30*time.Second - time.Millisecond)
		p.quiet()
		p.writes(ben, "on the leeway")
		time.Sleep(time.Millisecond)
		if told := p.hears("error", "code", "message"); told["code"] != "TOKEN_EXPIRED" {
			t.Errorf("told %v", told)
		}
		p.ExpectEnd()
		if late := time.Since(expires.Add(30 * time.Second)); late > time.Second {
			t.Errorf("ended %v late", late)
		}
		for _, packet := range p.Waiting() {
			t.Errorf("then told %s", packet.Text)
		}
	})
}

func TestAShortTokenIsWarnedOfAtOnce(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		for _, life := range []time.Duration{30 * time.Second, time.Second, -29 * time.Second} {
			p := h.connectUntil(asha, life, "websocket")
			p.hears("auth.expiring", "expiresAt")
			time.Sleep(life + 30*time.Second)
			p.hears("error", "code", "message")
			p.ExpectEnd()
		}
	})
}

// TestTokensExpireEachInTheirTime has many sockets that expire in no order, and half of them leave before.
func TestTokensExpireEachInTheirTime(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		const most = 40
		begin := time.Now()
		people := make([]*person, most)
		for n := range people {
			people[n] = h.connectUntil(asha, time.Duration(n*17%most+2)*time.Minute, "websocket")
		}
		for n := 0; n < most; n += 2 {
			people[n].Close()
		}
		for minute := 2; minute < most+2; minute++ {
			time.Sleep(time.Until(begin.Add(time.Duration(minute)*time.Minute + 30*time.Second)))
			synctest.Wait()
			for n, p := range people {
				if life := n*17%most + 2; n%2 == 1 && p.Alive() != (life > minute) {
					t.Errorf("after %d minutes the socket for %d minutes lives: %v", minute, life, p.Alive())
				}
			}
		}
		if n := len(h.leases.byDue); n != 0 {
			t.Errorf("%d leases left", n)
		}
	})
}

func TestRefresh(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		p := h.connectUntil(asha, 5*time.Minute, transport)
		time.Sleep(4 * time.Minute)
		p.hears("auth.expiring", "expiresAt")
		expires := time.Now().Add(time.Hour)
		answer := p.asks("auth.refresh", map[string]any{"token": tokenUntil(t, asha, time.Hour)}, "expiresAt")
		if answer["expiresAt"] != isoTime(expires) {
			t.Errorf("answered %v, want %s", answer, isoTime(expires))
		}
		time.Sleep(58 * time.Minute)
		p.quiet()
		time.Sleep(time.Minute)
		p.hears("auth.expiring", "expiresAt")
		time.Sleep(90 * time.Second)
		p.hears("error", "code", "message")
		p.ExpectEnd()
	})
}

// TestARefusedRefreshChangesNothing: another user's token, though it is good, and one that has expired.
func TestARefusedRefreshChangesNothing(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connectUntil(asha, 5*time.Minute, "websocket")
		p.refused("auth.refresh", "FORBIDDEN", "", map[string]any{"token": tokenUntil(t, ben, time.Hour)})
		p.refused("auth.refresh", "AUTH_ERROR", "", map[string]any{"token": tokenUntil(t, asha, -time.Minute)})
		p.refused("auth.refresh", "VALIDATION_ERROR", "token", map[string]any{"token": 7})
		p.refused("auth.refresh", "VALIDATION_ERROR", "token", map[string]any{})
		p.refused("auth.refresh", "VALIDATION_ERROR", "userId", map[string]any{"token": tokenUntil(t, asha, time.Hour), "userId": ben})
		p.writes(ben, "still here")
		p.writes(ben, "and still asha")
		if page := h.connect(ben).asks("conversation.list", map[string]any{}, "conversations")["conversations"].([]any); page[0].(map[string]any)["otherUserId"] != asha.String() {
			t.Errorf("told %v", page)
		}
		time.Sleep(4 * time.Minute)
		p.hears("auth.expiring", "expiresAt")
		time.Sleep(90 * time.Second)
		p.hears("error", "code", "message")
		p.ExpectEnd()
	})
}

// TestRecoveryAfterExpiry is what the stock client does: back with a new token, with nothing lost. With the old one it is refused.
func TestRecoveryAfterExpiry(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(asha) // for an hour
		h.tells(asha, "1", "2")
		p.gets("1", "2")
		stale := p.auth()
		time.Sleep(time.Hour + 29*time.Second)
		h.tells(asha, "3")
		for _, packet := range p.Waiting() {
			if packet.Name() == "dock.flooded" {
				p.take(packet)
			}
		}
		time.Sleep(time.Second)
		p.ExpectEnd()
		h.tells(asha, "4")
		stale["pid"], stale["offset"] = p.pid, p.offset
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		if _, err := c.Join("/", stale); !isRefusal(err, errInvalidToken.Message) {
			t.Errorf("recovery with an expired token: %v", err)
		}
		p.reconnect(true)
		p.gets("4")
	})
}

func isRefusal(err error, message string) bool {
	refusal, ok := errors.AsType[*siotest.Refusal](err)
	return ok && refusal.Message == message && refusal.Data == nil
}

// inBubble has an issuer answer without a network, so that its clock is the bubble's.
type inBubble struct{ *tokentest.Issuer }

// RoundTrip implements http.RoundTripper.
func (b inBubble) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Result(), nil
}

// openWithIssuer opens a harbour that trusts the keys of an issuer, which it fetches every 45 s.
func openWithIssuer(t *testing.T, path string, issuer *tokentest.Issuer) *harbour {
	t.Helper()
	keys, err := token.NewKeySet("https://id.example.com/jwks", &token.KeySetOptions{
		Transport: inBubble{issuer}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go keys.Run(ctx)
	return openHarbourFor(t, path, dokkerr.Retention{}, token.Options{Keys: keys})
}

func claimsOf(user dokkerr.ID, life time.Duration) string {
	return fmt.Sprintf(`{"id":%q,"exp":%d}`, user, time.Now().Add(life).Unix())
}

// TestAWithdrawnKeyEndsItsSockets within a second of the fetch that misses it, and no other socket.
func TestAWithdrawnKeyEndsItsSockets(t *testing.T) {
	old, fresh := tokentest.NewKey(t, "old", "ES256"), tokentest.NewKey(t, "fresh", "EdDSA")
	issuer := &tokentest.Issuer{}
	issuer.Publish(old, fresh)
	open := func(t *testing.T, path string) *harbour { return openWithIssuer(t, path, issuer) }
	inHarbourOf(t, open, func(t *testing.T, h *harbour) {
		first := h.connectWith(asha, map[string]any{"token": old.Sign(t, claimsOf(asha, time.Hour))}, "websocket")
		second := h.connectWith(ben, map[string]any{"token": fresh.Sign(t, claimsOf(ben, time.Hour))}, "websocket")
		renewed := h.connectWith(asha, map[string]any{"token": old.Sign(t, claimsOf(asha, time.Hour))}, "websocket")
		renewed.asks("auth.refresh", map[string]any{"token": fresh.Sign(t, claimsOf(asha, time.Hour))}, "expiresAt")
		issuer.Publish(fresh)
		time.Sleep(46 * time.Second)
		if told := first.hears("error", "code", "message"); told["code"] != "TOKEN_EXPIRED" {
			t.Errorf("told %v", told)
		}
		first.ExpectEnd()
		second.writes(asha, "still here")
		renewed.hears("message.new", "messageId", "senderId", "content", "timestamp", "type", "conversationId", "recipientId", "seq")
	})
}

// TestALoginWaitsForTheIssuer: without its keys nobody is told that a token is invalid.
func TestALoginWaitsForTheIssuer(t *testing.T) {
	key := tokentest.NewKey(t, "k", "ES256")
	issuer := &tokentest.Issuer{}
	issuer.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	open := func(t *testing.T, path string) *harbour { return openWithIssuer(t, path, issuer) }
	inHarbourOf(t, open, func(t *testing.T, h *harbour) {
		auth := map[string]any{"token": key.Sign(t, claimsOf(asha, time.Hour))}
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		if err := sendConnect(c, auth); err != nil {
			t.Fatal(err)
		}
		c.ExpectEnd()
		if told := c.Waiting(); len(told) > 0 {
			t.Errorf("told %v", told)
		}
		issuer.Publish(key)
		issuer.Answer(nil)
		time.Sleep(6 * time.Second)
		h.connectWith(asha, auth, "websocket").writes(ben, "here")
	})
}

func sendConnect(c *siotest.Client, auth map[string]any) error {
	text, err := json.Marshal(auth)
	c.Send("0" + string(text))
	return err
}
