// Package gateway is the bridge between sockets and the service: client events to commands, inboxes to sockets.
package gateway

import (
	"cmp"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

// Options configures a Gateway; the zero value has the product's defaults.
type Options struct {
	PresenceGrace  time.Duration // before offline is told; 0: 10 s
	TypingInterval time.Duration // at most one typing sign per conversation; 0: 2 s
	CommandTimeout time.Duration // of one client event's command; 0: 15 s
	PingTimeout    time.Duration // the server's, for which a slow line must do; 0: 20 s
	Limits         Limits
	Gate           *limit.Gate          // what logins wait behind; nil: nothing
	Limited        func(outcome string) // is told of an event that came too early and was slowed, dropped or refused; nil: nobody
	Refused        func(reason string)  // is told of a login that did not come about; nil: nobody
	Pressed        func() bool          // much waits for clients that take nothing, so that little more is to be sent to such; nil: never
	Logger         *slog.Logger         // nil: slog.Default()
}

const defaultPingTimeout = 20 * time.Second

func (o Options) withDefaults() Options {
	o.PresenceGrace = cmp.Or(o.PresenceGrace, 10*time.Second)
	o.TypingInterval = cmp.Or(o.TypingInterval, 2*time.Second)
	o.CommandTimeout = cmp.Or(o.CommandTimeout, 15*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, defaultPingTimeout)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	if o.Pressed == nil {
		o.Pressed = func() bool { return false }
	}
	return o
}

// Gateway registers the contract's events on a server's main namespace. Its methods may run at once.
// All its fields but the counts are fixed at birth.
type Gateway struct {
	lobby    *socketio.Namespace
	service  *dokkerr.Service
	verifier *token.Verifier
	timeout  time.Duration // of one command or one read
	logger   *slog.Logger
	signer   *signer
	fences   atomic.Uint64 // counts the CONNECTs
	revoked  atomic.Uint64 // counts the revocations
	leases   *leases
	away     away
	places   *places
	feeds    *feeds
	presence *presence
	typing   *limit.Keyed[typist]
	governor *governor
	gate     *limit.Gate
	limited  func(outcome string) // see Options.Limited
	refused  func(reason string)  // see Options.Refused
	pressed  func() bool          // see Options.Pressed
}

// New registers handlers on io's main namespace and returns the Gateway. o may be nil.
func New(io *socketio.Server, service *dokkerr.Service, verifier *token.Verifier, o *Options) *Gateway {
	if o == nil {
		o = &Options{}
	}
	own := o.withDefaults()
	g := &Gateway{
		lobby:    io.Of("/"),
		service:  service,
		verifier: verifier,
		timeout:  own.CommandTimeout,
		logger:   own.Logger,
		signer:   &signer{load: service.RecoveryKey},
		leases:   newLeases(verifier),
		typing:   newTyping(own.TypingInterval),
		governor: newGovernor(own.Limits),
		gate:     own.Gate,
		limited:  own.Limited,
		refused:  own.Refused,
		pressed:  own.Pressed,
	}
	g.places = newPlaces(service.Confirm, g.timeout, g.logger)
	g.feeds = newFeeds(service.Inbox, g.places, g.timeout, g.logger)
	g.feeds.soon = own.PingTimeout / 4
	g.presence = newPresence(service.Contacts, g.tellPresence, own.PresenceGrace, g.timeout, g.logger)
	g.lobby.Use(g.guard)
	g.lobby.SetRecovery(recovery{g})
	g.lobby.OnConnect(g.connect)
	g.lobby.OnDisconnect(g.disconnect)
	g.register()
	return g
}

// Publish takes events in commit order; it is dokkerr.Options.Publish. It does not block.
func (g *Gateway) Publish(events []dokkerr.Event) {
	for i := range events {
		e := &events[i]
		g.feeds.publish(e)
		if e.Name == "booking.created" {
			g.presence.introduce(e.To[0].User)
		}
	}
}

// Presence tells of one user.
func (g *Gateway) Presence(user dokkerr.ID) Presence { return g.presence.of(user) }

// Close stops the Gateway's goroutines and waits for them. Call it after the server's Shutdown.
func (g *Gateway) Close() {
	g.leases.close()
	g.presence.close()
	g.feeds.close()
}

// connect runs behind the CONNECT reply. The feed comes first: what is published from now on is not missed.
func (g *Gateway) connect(s *socketio.Socket) {
	c := clientOf(s)
	g.logConnect(c)
	c.place = g.places.hold(c.device, c.confirmed)
	g.places.confirm(c.place, c.began, c.proven)
	g.feeds.attach(c.actor.User, &c.subscription)
	g.feeds.vouch(&c.subscription, c.vouched)
	if g.feeds.count(c.actor.User) > g.governor.UserSockets {
		s.Close(TooManySockets) // of several that came at once
	}
	if c.returned {
		g.welcome(c)
	}
	g.joinRooms(s, c)
	g.presence.connected(c.actor.User, c)
	g.leases.begin(&c.lease)
	g.recheck(c, c.admitted)
}

func (g *Gateway) disconnect(s *socketio.Socket, reason socketio.Reason) {
	c := clientOf(s)
	g.logDisconnect(c, reason)
	g.leases.end(&c.lease)
	g.presence.disconnected(c.actor.User, c)
	g.places.release(c.place)
	g.farewell(c)
	g.feeds.detach(&c.subscription) // last: who takes over waits for it
}
