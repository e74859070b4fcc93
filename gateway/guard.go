package gateway

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
)

// guess is a user that a token names, and where it came from.
type guess struct {
	network limit.Network
	user    uint64 // hashed
}

// guard is login behind its limits: so many at once, and so many bad tokens. Of logins at once each is looked at.
func (g *Gateway) guard(ctx context.Context, s *socketio.Socket) error {
	if !g.gate.Enter(ctx) {
		if ctx.Err() != nil {
			return ctx.Err() // it has left
		}
		return g.turnAway(s, Overloaded)
	}
	defer g.gate.Leave()
	guessed, counts := g.governor.guessOf(s.Handshake())
	if counts && g.governor.guesses.Locked(guessed, time.Now()) {
		return g.turnAway(s, TooManyGuesses)
	}
	err := g.login(ctx, s)
	if counts && err == errInvalidToken && g.governor.guesses.Fail(guessed, time.Now()) {
		g.logger.Warn("locked out: too many bad tokens that name one user", "peer", s.Handshake().RemoteAddr, "for", g.governor.Guesses.For)
	}
	return err
}

// guessOf reads whom a token names, true or not. This machine's own may guess.
func (o *governor) guessOf(h *socketio.Handshake) (g guess, counts bool) {
	from, err := netip.ParseAddrPort(h.RemoteAddr)
	if err != nil || from.Addr().Unmap().IsLoopback() {
		return guess{}, false
	}
	g.network = limit.NetworkOf(from.Addr())
	g.user = maphash.String(o.seed, claimedUser(readCredentials(h.Auth).token))
	return g, true
}

// claimedUser returns the user that a token names, "" for what is no token.
func claimedUser(compact string) string {
	_, rest, _ := strings.Cut(compact, ".")
	encoded, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	var claims struct{ ID, Sub string }
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return ""
	}
	return cmp.Or(claims.ID, claims.Sub)
}

// turnAway ends a connection whose login has to wait: the stock client comes back, as it would not after a CONNECT_ERROR.
func (g *Gateway) turnAway(s *socketio.Socket, reason socketio.Reason) error {
	g.tellRefusal(s, slog.LevelInfo, string(reason), nil)
	s.Close(reason)
	return errTurnedAway
}

// fail ends a connection whose login cannot be judged now, likewise. That the client has left meanwhile is no failure.
func (g *Gateway) fail(s *socketio.Socket, reason socketio.Reason, cause error) error {
	if !errors.Is(cause, context.Canceled) {
		g.tellRefusal(s, slog.LevelError, string(reason), cause)
	}
	s.Close(reason)
	return errTurnedAway
}

// errTurnedAway goes to a connection that is closed already.
var errTurnedAway = &socketio.Error{Code: string(dokkerr.RateLimited), Message: "come back later"}

// tellRefusal counts and logs a login that did not come about.
func (g *Gateway) tellRefusal(s *socketio.Socket, level slog.Level, reason string, cause error) {
	g.refused(reason)
	line := []slog.Attr{slog.String("peer", s.Handshake().RemoteAddr), origin(s), slog.String("reason", reason)}
	if cause != nil {
		line = append(line, slog.Any("error", cause))
	}
	g.logger.LogAttrs(context.Background(), level, "login refused", line...)
}
