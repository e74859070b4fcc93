package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

// The bounds of what a client may send in auth, in bytes.
const (
	maxToken    = 8 << 10
	maxDeviceID = 128
	maxSince    = 64
)

// StorageUnavailable ends a connection whose login or start could not read the store: the stock client comes back, as it would
// not after a CONNECT_ERROR.
const StorageUnavailable socketio.Reason = "storage unavailable"

// The two refusals of a login (contract §1). The second has one form for every cause.
var (
	errNoToken      = &socketio.Error{Message: "Authentication error"}
	errInvalidToken = &socketio.Error{Message: "Invalid token"}
)

// login turns the token into the socket's client, and notes the user's published head: delivery starts there, as what is published
// from now on might miss the page's first look at its lists.
func (g *Gateway) login(ctx context.Context, s *socketio.Socket) error {
	auth := readCredentials(s.Handshake().Auth)
	if auth.token == "" && !auth.malformed {
		return errNoToken
	}
	identity, user, err := g.verify(auth)
	if err != nil {
		g.logger.Info("login refused", "remote", s.Handshake().RemoteAddr, "error", err)
		return errInvalidToken
	}
	head, err := g.start(ctx, user)
	if err != nil {
		s.Close(StorageUnavailable)
		return fmt.Errorf("login of %s: %w", user, err)
	}
	c := &client{
		socket:   s,
		logger:   g.logger,
		identity: identity,
		actor:    dokkerr.Actor{User: user, Session: rand.Text()},
		deviceID: auth.deviceID,
		since:    auth.since,
	}
	c.subscription = newSubscription(c, c.actor.Session, head)
	s.Value = c
	return nil
}

func (g *Gateway) verify(auth credentials) (token.Identity, dokkerr.ID, error) {
	if auth.malformed {
		return token.Identity{}, dokkerr.ID{}, token.ErrInvalid
	}
	identity, err := g.verifier.Verify(auth.token)
	if err != nil {
		return token.Identity{}, dokkerr.ID{}, err
	}
	user, err := uuid.Parse(identity.User)
	return identity, user, err
}

// start records that the user was seen and returns the user's published head. A store that cannot be written to, as a full
// disk's, keeps nobody from reading.
func (g *Gateway) start(ctx context.Context, user dokkerr.ID) (dokkerr.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	if err := g.service.SeeUser(ctx, user); err != nil {
		g.logger.Warn("user cannot be recorded", "user", user, "error", err)
	}
	return g.service.Head(ctx, user)
}

// credentials is what a client sends in CONNECT.
type credentials struct {
	token     string // "" when there is none
	malformed bool   // the token is no string, or too long
	deviceID  string
	since     string
}

// readCredentials reads auth. Only a bad token is held against the client: other fields of a wrong type count as absent.
func readCredentials(auth json.RawMessage) credentials {
	var c credentials
	for key, value := range members(auth) {
		switch key {
		case "token":
			c.token, c.malformed = readToken(value)
		case "deviceId":
			c.deviceID = readShort(value, maxDeviceID)
		case "since":
			c.since = readShort(value, maxSince)
		}
	}
	return c
}

// readToken takes null for no token, as JavaScript writes what is not there.
func readToken(value json.RawMessage) (compact string, malformed bool) {
	switch {
	case string(value) == "null":
		return "", false
	case !isString(value) || len(value) > maxToken+len(`""`):
		return "", true
	default:
		return unquote(value), false
	}
}

// readShort returns a string of at most limit bytes, or "".
func readShort(value json.RawMessage, limit int) string {
	if !isString(value) || len(value) > limit+len(`""`) {
		return ""
	}
	return unquote(value)
}
