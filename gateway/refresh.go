package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

// expiring is the payload of auth.expiring, and the answer to auth.refresh.
type expiring struct {
	ExpiresAt dokkerr.Time `json:"expiresAt"`
}

// warn tells the client to refresh its token.
func (c *client) warn(expires time.Time) {
	if err := c.socket.Emit("auth.expiring", expiring{dokkerr.TimeOf(expires)}); err != nil {
		c.logger.Error("expiry cannot be told", "error", err)
	}
}

// expire ends the client's connection, not for ever.
func (c *client) expire() {
	over := &socketio.Error{Code: string(dokkerr.TokenExpired), Message: "the token has expired: connect with another one"}
	if err := c.socket.Emit("error", over); err != nil {
		c.logger.Error("expiry cannot be told", "error", err)
	}
	c.socket.Close(TokenExpired)
}

// refresh has another token of the same user count. Refused, the socket lives on with the one it has; every token that does not verify
// is refused alike.
func (g *Gateway) refresh(ctx context.Context, c *client, in payload) (expiring, error) {
	who, err := g.verify(ctx, in.text("token"))
	switch {
	case errors.Is(err, token.ErrInvalid):
		g.logger.Info("refresh refused", "user", c.actor.User, "error", err)
		return expiring{}, &dokkerr.Error{Code: dokkerr.AuthError, Message: errInvalidToken.Message}
	case errors.Is(err, token.ErrUnavailable):
		return expiring{}, &dokkerr.Error{Code: dokkerr.StorageUnavailable, Message: "no token can be verified now, try again", RetryAfter: time.Second}
	case err != nil:
		return expiring{}, err
	case who.user != c.actor.User:
		return expiring{}, &dokkerr.Error{Code: dokkerr.Forbidden, Message: "the token is another user's"}
	}
	g.count(c, who)
	return expiring{dokkerr.TimeOf(who.ExpiresAt)}, nil
}

// count has a token count from now on.
func (g *Gateway) count(c *client, who bearer) {
	g.leases.renew(&c.lease, who.Identity)
	g.recheck(c, who.admitted)
}
