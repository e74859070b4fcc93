package gateway

import (
	"context"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// session is what a client goes on with: the session that its pid names, or a new one.
type session struct {
	id      sessionID
	earlier *pid // nil for a new one
}

func newSession() session { return session{id: newSessionID()} }

// sessionOf returns the session of a pid, if that is good and the user's own; else a new one.
func sessionOf(user dokkerr.ID, text string, key []byte) session {
	if p, ok := readPID(key, text); ok && p.user == user {
		return session{p.session, &p}
	}
	return newSession()
}

// resume starts a client at its offset, at its session's beginning or at what its device has confirmed. A valid pid takes over: nothing
// of the session's earlier connection happens any more once this returns.
func (g *Gateway) resume(ctx context.Context, c *client, claim socketio.Claim) (socketio.Grant, error) {
	key, err := g.signer.ready(ctx)
	if err != nil {
		return socketio.Grant{}, err
	}
	s := sessionOf(c.actor.User, claim.PID, key)
	c.actor.Session, c.returned = s.id.String(), s.earlier != nil
	if claim.PID == "" {
		c.unkeyed.synced = time.Now()
	}
	fence := g.fences.Add(1)
	if s.earlier != nil {
		if err := g.feeds.takeOver(ctx, c); err != nil {
			return socketio.Grant{}, err
		}
	}
	start, err := g.start(ctx, s.listener(c, claim.Offset))
	if err != nil {
		return socketio.Grant{}, err
	}
	if start.Erased {
		s = newSession()
		c.actor.Session = s.id.String()
	}
	c.begin(s, start)
	c.fence = fence
	return s.grant(c, claim, start, key), nil
}

// listener is what the session claims to have.
func (s session) listener(c *client, offset string) dokkerr.Listener {
	l := dokkerr.Listener{Device: c.device, Session: c.actor.Session}
	if position, ok := readOffset(c.actor.User, offset); ok {
		l.Offset = &position
	}
	if s.earlier != nil {
		l.Began = &s.earlier.began
	}
	return l
}

// begin sets where delivery starts. The session's beginning says what its confirmations are worth (delivery R7): an offset without
// a pid proves nothing of what was before it.
func (c *client) begin(s session, start dokkerr.Start) {
	c.subscription = newSubscription(c, c.actor.Session, start.Position)
	c.gap = start.Gap
	c.confirmed = start.Confirmed
	switch {
	case s.earlier != nil:
		c.began = s.earlier.began
	case start.Offset:
		c.began = start.Position
	default:
		c.began = start.Confirmed
	}
	if start.Offset {
		c.proven = start.Position
	}
}

// grant leaves the client its pid if nothing is missing from where it was; else it gets a new one, which begins at the start.
func (s session) grant(c *client, claim socketio.Claim, start dokkerr.Start, key []byte) socketio.Grant {
	if s.earlier != nil && (claim.Offset == "" || start.Offset) && !start.Gap {
		return socketio.Grant{PID: claim.PID, ID: s.earlier.socket, Recovered: true}
	}
	// Of a gap it says where the session stood: the client may lose this connection before it hears of it. From then on its offset counts.
	fresh := pid{user: c.actor.User, session: s.id, began: start.Behind, socket: c.socket.ID()}
	return socketio.Grant{PID: fresh.sign(key)}
}
