package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

// The bounds of what a client may send in auth, in bytes.
const (
	maxToken    = 8 << 10
	maxDeviceID = 128
)

// The endings of a connection whose login or start could not read the store, or whose token cannot be verified yet: the stock client
// comes back, as it would not after a CONNECT_ERROR.
const (
	StorageUnavailable socketio.Reason = "storage unavailable"
	KeysUnavailable    socketio.Reason = "keys unavailable"
)

// The two refusals of a login (contract §1). The second has one form for every cause.
var (
	errNoToken      = &socketio.Error{Message: "Authentication error"}
	errInvalidToken = &socketio.Error{Message: "Invalid token"}
)

// bearer is who a token that verified is of.
type bearer struct {
	token.Identity
	user     dokkerr.ID
	admitted uint64 // how many revocations there had been
}

// login turns the token into the socket's client. Where delivery to it starts is Resume's to say.
func (g *Gateway) login(ctx context.Context, s *socketio.Socket) error {
	auth := readCredentials(s.Handshake().Auth)
	if auth.token == "" && !auth.malformed {
		g.tellRefusal(s, slog.LevelInfo, "no token", nil)
		return errNoToken
	}
	who, err := g.verify(ctx, auth.token)
	switch {
	case errors.Is(err, token.ErrInvalid):
		g.tellRefusal(s, slog.LevelInfo, "invalid token", err)
		return errInvalidToken
	case errors.Is(err, token.ErrUnavailable):
		return g.fail(s, KeysUnavailable, err)
	case err != nil:
		return g.fail(s, StorageUnavailable, err)
	}
	c := &client{
		socket: s,
		logger: g.logger,
		actor:  dokkerr.Actor{User: who.user},
		device: dokkerr.Device{User: who.user, Name: deviceName(auth.deviceID, who.SessionID)},
		plain:  auth.plain,
		since:  auth.since,

		admitted: who.admitted,
	}
	c.lease = newLease(c, who.Identity)
	c.pace, c.pressed = g.governor.newPace(), g.pressed
	s.Value = c
	return nil
}

// verify returns who the bearer of a token is that was not revoked. An error that is not token.ErrInvalid says nothing of the token.
func (g *Gateway) verify(ctx context.Context, compact string) (bearer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	admitted := g.revoked.Load()
	identity, err := g.verifier.Verify(ctx, compact)
	if err != nil {
		return bearer{}, err
	}
	if now := time.Now(); identity.IssuedAt.After(now) {
		identity.IssuedAt = now // the issuer's clock is ahead: what is here was issued
	}
	who := bearer{identity, uuid.MustParse(identity.User), admitted} // the verifier takes no other user
	revoked, err := g.service.Revoked(ctx, credential(who.user, identity))
	if err == nil && revoked {
		err = fmt.Errorf("%w: revoked", token.ErrInvalid)
	}
	return who, err
}

// credentials is what a client sends in CONNECT.
type credentials struct {
	token     string // "" when there is none
	malformed bool   // the token is no string, or too long
	deviceID  string
	plain     bool   // since is there
	since     string // "" when it is too long for a position
}

// readCredentials reads auth. Only a bad token is held against the client: other fields of a wrong type count as absent.
func readCredentials(auth json.RawMessage) credentials {
	var c credentials
	for m := membersOf(string(auth)); m.next(); {
		switch m.name {
		case "token":
			c.token, c.malformed = readToken(m.value)
		case "deviceId":
			c.deviceID = readShort(m.value, maxDeviceID)
		case "since":
			c.plain, c.since = isString(m.value), readShort(m.value, maxOffset)
		}
	}
	return c
}

// readToken takes null for no token, as JavaScript writes what is not there.
func readToken(value string) (compact string, malformed bool) {
	switch {
	case value == "null":
		return "", false
	case !isString(value) || len(value) > maxToken+len(`""`):
		return "", true
	default:
		return unquote(value), false
	}
}

// readShort returns a string of at most limit bytes, or "". It is a copy: who keeps it is not to keep the token beside it.
func readShort(value string, limit int) string {
	if !isString(value) || len(value) > limit+len(`""`) {
		return ""
	}
	return strings.Clone(unquote(value))
}
