package gateway

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
)

// Limits is how often clients may do things. A zero field stands for the product's number, limit.Unlimited and math.MaxInt for no
// limit.
type Limits struct {
	Events      limit.Rate    // of one socket; zero: 20/s, burst 50
	Messages    limit.Rate    // message.new of one socket: what comes too early is slowed; zero: 10/s, burst 30
	Typing      limit.Rate    // message.typing of one socket: what comes too early is dropped; zero: 2/s, burst 4
	UserEvents  limit.Rate    // of all sockets of a user; zero: 40/s, burst 100
	Refusals    limit.Rate    // events of one socket that are refused for coming too early, beyond which it is ended; zero: 100 in 60 s
	Guesses     limit.Lockout // by tokens that name one user, come from one network and do not verify; zero: 60 s by 10 in 60 s
	MaxPause    time.Duration // for which a message is slowed, beyond which it is refused; 0: 30 s
	UserSockets int           // of one user at once; 0: 20
}

// The endings of a connection that would be too much. The stock client comes back by itself.
const (
	TooManyRefusals socketio.Reason = "too many events"
	TooManySockets  socketio.Reason = "too many connections of a user"
	TooManyGuesses  socketio.Reason = "too many bad tokens"
	Overloaded      socketio.Reason = "overloaded" // too many logins at once
)

// maxLimited is how many users, and how many guessed ones, are remembered; the longest unused is forgotten first.
const maxLimited = 1 << 16

func (l Limits) withDefaults() Limits {
	return Limits{
		Events:      cmp.Or(l.Events, limit.Rate{PerSecond: 20, Burst: 50}),
		Messages:    cmp.Or(l.Messages, limit.Rate{PerSecond: 10, Burst: 30}),
		Typing:      cmp.Or(l.Typing, limit.Rate{PerSecond: 2, Burst: 4}),
		UserEvents:  cmp.Or(l.UserEvents, limit.Rate{PerSecond: 40, Burst: 100}),
		Refusals:    cmp.Or(l.Refusals, limit.Rate{PerSecond: 100.0 / 60, Burst: 100}),
		Guesses:     cmp.Or(l.Guesses, limit.Lockout{Failures: 10, Within: time.Minute, For: time.Minute}),
		MaxPause:    cmp.Or(l.MaxPause, 30*time.Second),
		UserSockets: cmp.Or(l.UserSockets, 20),
	}
}

// governor keeps the limits of all clients. Its fields are fixed at birth.
type governor struct {
	Limits
	users   *limit.Keyed[dokkerr.ID]
	guesses *limit.Lockouts[guess]
	seed    maphash.Seed
}

func newGovernor(l Limits) *governor {
	l = l.withDefaults()
	return &governor{
		Limits:  l,
		users:   limit.NewKeyed[dokkerr.ID](l.UserEvents, maxLimited),
		guesses: limit.NewLockouts[guess](l.Guesses, maxLimited),
		seed:    maphash.MakeSeed(),
	}
}

// pace is what one socket may still do. Its owner is the goroutine of the socket's handlers.
type pace struct{ events, messages, typing, refusals limit.Limiter }

func (l *Limits) newPace() pace {
	return pace{
		limit.NewLimiter(l.Events), limit.NewLimiter(l.Messages), limit.NewLimiter(l.Typing), limit.NewLimiter(l.Refusals),
	}
}

// admitMessage counts a message.new, and returns for how long it, and what follows it, is to be slowed.
func (g *Gateway) admitMessage(c *client) (pause time.Duration, err error) {
	now := time.Now()
	pause, ok := g.governor.take(c, now, g.governor.MaxPause, &c.pace.messages)
	if !ok {
		return 0, g.tooEarly(c, now, pause)
	}
	return pause, nil
}

// admit counts any other event. dropped is a sign that may be lost and is, though answered.
func (g *Gateway) admit(c *client, event string) (dropped bool, err error) {
	now := time.Now()
	switch event {
	case "message.typing":
		fits, _ := c.pace.typing.Allow(now) // alone it is held against nobody: a client may well tell of each key
		if wait, ok := g.governor.take(c, now, 0, nil); !ok {
			_ = g.tooEarly(c, now, wait)
			return true, nil
		}
		if !fits {
			g.limited("dropped")
		}
		return !fits, nil
	default:
		if wait, ok := g.governor.take(c, now, 0, nil); !ok {
			return false, g.tooEarly(c, now, wait)
		}
		return false, nil
	}
}

// take counts an event to the socket, to its user and to of, if that is not nil. It returns how long until all of them have room,
// and false when that is longer than patience.
func (o *governor) take(c *client, now time.Time, patience time.Duration, of *limit.Limiter) (wait time.Duration, ok bool) {
	wait, ok = c.pace.events.Reserve(now, patience)
	shared, room := o.users.Reserve(c.actor.User, now, patience)
	wait, ok = max(wait, shared), ok && room
	if of != nil {
		own, fits := of.Reserve(now, patience)
		wait, ok = max(wait, own), ok && fits
	}
	return wait, ok
}

// tooEarly refuses an event, and ends a socket that does not heed refusals.
func (g *Gateway) tooEarly(c *client, now time.Time, wait time.Duration) error {
	g.limited("refused")
	if ok, _ := c.pace.refusals.Allow(now); !ok {
		c.socket.Close(TooManyRefusals)
	}
	return &dokkerr.Error{Code: dokkerr.RateLimited, Message: "too many events, wait and try again", RetryAfter: wait}
}

// slow pauses. That ends early with a socket that the client did not end: what it sent before it left counts.
func (g *Gateway) slow(socket context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	g.limited("slowed")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(socket), d)
	defer cancel()
	stop := context.AfterFunc(socket, func() {
		if ended, ok := errors.AsType[*socketio.ReasonError](context.Cause(socket)); ok && !ended.ByClient() {
			cancel()
		}
	})
	defer stop()
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

// crowded says whether a user has as many sockets as one may have.
func (g *Gateway) crowded(user dokkerr.ID) bool { return g.feeds.count(user) >= g.governor.UserSockets }
