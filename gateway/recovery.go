package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// Replaced ends a connection whose session goes on over another one (delivery R17).
const Replaced socketio.Reason = "replaced"

// recovery is the socketio.Recovery of a Gateway: its source is the store.
type recovery struct{ *Gateway }

// Resume decides where delivery to a socket starts and what it may call itself (delivery R2).
func (r recovery) Resume(ctx context.Context, s *socketio.Socket, claim socketio.Claim) (socketio.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	c := clientOf(s)
	resume := r.resume
	if c.plain {
		resume = r.startPlain
	}
	grant, err := resume(ctx, c, claim)
	if err != nil {
		return grant, r.fail(s, StorageUnavailable, fmt.Errorf("start of %s: %w", c.actor.User, err))
	}
	if r.crowded(c.actor.User) { // without the one that was taken over
		return grant, r.turnAway(s, TooManySockets)
	}
	return grant, nil
}

// startPlain starts a client that keeps its position by itself: no pid, and no event before those published from now on (delivery R21).
// Its word for what it has is as good as an offset; what it is sent confirms nothing as long as it lacks something before that (R7).
func (g *Gateway) startPlain(ctx context.Context, c *client, _ socketio.Claim) (socketio.Grant, error) {
	c.actor.Session = newSessionID().String()
	l := dokkerr.Listener{Device: c.device, Session: c.actor.Session}
	since, ok := readOffset(c.actor.User, c.since)
	if ok {
		l.Offset = &since
	}
	start, err := g.start(ctx, l)
	if err != nil {
		return socketio.Grant{}, err
	}
	c.subscription = newSubscription(c, c.actor.Session, start.Head)
	c.confirmed = start.Confirmed
	c.began = start.Head
	if start.Offset {
		c.vouched = since
	}
	return socketio.Grant{}, nil
}

// start asks where the listener starts, and records who is new. A store that cannot be written to, as a full disk's, keeps nobody
// from reading.
func (g *Gateway) start(ctx context.Context, l dokkerr.Listener) (dokkerr.Start, error) {
	l.Confirmed = g.places.position(l.Device)
	start, err := g.service.Start(ctx, l)
	if err != nil {
		return start, err
	}
	if start.Stale {
		if err := g.service.Record(ctx, l.Device, start.Confirmed); err != nil {
			g.logger.Warn("device cannot be recorded", "user", l.User, "error", err)
		}
	}
	return start, nil
}

// deviceName names what shares a confirmed position: the device as the client names it, else the token's session, else the user
// (delivery R7). Names are hashed, so that they are short and say nothing.
func deviceName(deviceID, tokenSession string) string {
	kind, name := "d", deviceID
	if name == "" {
		kind, name = "s", tokenSession
	}
	if name == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return kind + base64.RawURLEncoding.EncodeToString(sum[:15])
}

// takeOver ends the connection that delivers to c's session, and returns when its last command has ended.
func (d *feeds) takeOver(ctx context.Context, c *client) error {
	for {
		s, gone := d.holder(c.actor.User, c.actor.Session)
		if s == nil {
			return nil
		}
		s.sink.replace()
		select {
		case <-gone:
		case <-ctx.Done():
			return errors.Join(errors.New("the connection that is replaced does not end"), ctx.Err())
		}
	}
}

// holder returns the subscription of a session, with a channel that its end closes; nil for none.
func (d *feeds) holder(user dokkerr.ID, session string) (s *subscription, gone <-chan struct{}) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	f := d.byUser[user]
	if f == nil {
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s = f.holder(session); s == nil {
		return nil, nil
	}
	if s.gone == nil {
		s.gone = make(chan struct{})
	}
	return s, s.gone
}

// commandContext ends with the command's deadline, or when its socket is replaced. It does not end with a client that leaves: what that
// sent before counts.
func (g *Gateway) commandContext(socket context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(socket), g.timeout)
	stop := context.AfterFunc(socket, func() {
		if ended, ok := errors.AsType[*socketio.ReasonError](context.Cause(socket)); ok && ended.Reason == Replaced {
			cancel()
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}
