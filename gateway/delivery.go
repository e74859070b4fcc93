package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// outgoing is an event on its way to sockets, encoded when the first one takes it and only once: what waits for several of a user's
// is the same bytes. For one goroutine.
type outgoing struct {
	name    string
	data    json.RawMessage // one object, as the service wrote it: it is not checked again
	encoded *socketio.Encoded

	offset string           // the latest; "": none yet
	placed socketio.Encoded // with that offset
}

// size is about what the event takes on the wire.
func (e *outgoing) size() int { return len(e.name) + len(e.data) + 48 }

// encode returns the event behind which the offset stands, "" for none.
func (e *outgoing) encode(n *socketio.Namespace, offset string) (socketio.Encoded, error) {
	if e.encoded == nil {
		encoded, err := n.Encode(e.name, socketio.Raw{JSON: e.data})
		if err != nil {
			return socketio.Encoded{}, err
		}
		e.encoded = &encoded
	}
	if offset == "" {
		return *e.encoded, nil
	}
	if e.offset != offset {
		e.offset, e.placed = offset, e.encoded.WithOffset(offset)
	}
	return e.placed, nil
}

// sink is what a feed needs of a socket. None of its methods blocks: they are called under the feed's lock.
type sink interface {
	send(e *outgoing, offset string) // offset "" for an event that is not durable
	full() bool                      // over the low-water mark
	confirm(proved func())           // a ping behind what was sent; proved is called on its pong
	replace()                        // its session goes on elsewhere
	join(booking dokkerr.ID)
	leave(booking dokkerr.ID)
}

// feeds leads what was committed to the connected users' sockets: one feed per user, dropped with the last socket.
type feeds struct {
	inbox   inboxReader
	timeout time.Duration // of one read
	soon    time.Duration // a quarter of what a client is given for a pong; a catch-up sends more after a proof within it
	logger  *slog.Logger
	places  *places       // nil: nothing is confirmed
	reads   chan struct{} // a slot for each reader that may hold rows in memory
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup // catch-ups
	timers  sync.WaitGroup // what runs lazily

	proofs       sync.Mutex      // taken last
	unproven     []*subscription // live, with events behind which no ping stands (delivery R24); under proofs
	unprovenWake chan struct{}   // there are some

	// mu is held for reading while an event is delivered: else a feed could be dropped and made anew between its
	// look-up and the delivery.
	mu     sync.RWMutex
	byUser map[dokkerr.ID]*feed // under mu
	closed bool                 // under mu; no catch-up starts any more
}

// feed is the events of one connected user, in the order of their positions.
type feed struct {
	user dokkerr.ID // fixed at birth
	tag  string     // of the user, the first part of an offset (delivery R1); fixed at birth

	mu            sync.Mutex
	head          dokkerr.Position // of what was published since the feed was made; under mu
	subscriptions []*subscription  // under mu
}

// subscription is one socket's place in its user's feed.
type subscription struct {
	sink    sink   // fixed at birth
	session string // whose own events are not sent back (delivery R16); fixed at birth
	feed    *feed  // set once by attach
	fence   uint64 // of two with one session the later one stays (delivery R17); fixed before attach

	began     dokkerr.Position // of the session, which confirms nothing that is further back; under feed.mu once attached
	confirmed dokkerr.Position // of the device, as it was stored; fixed before attach
	proven    dokkerr.Position // by the client's offset; fixed before attach
	vouched   dokkerr.Position // by a client without offsets; fixed before attach
	place     *place           // of the device, which proofs move; nil in tests: none. Fixed before attach
	gap       bool             // tell of it first; fixed before attach

	cursor  dokkerr.Position        // all up to it was sent; under feed.mu while live, the catch-up's otherwise
	live    bool                    // the cursor has met the published head; under feed.mu
	stop    context.CancelFunc      // ends the catch-up; under feed.mu
	marked  dokkerr.Position        // all up to it stands before a ping; under feed.mu
	pings   int                     // on their way; under feed.mu
	awaited bool                    // is in feeds.unproven; under feed.mu
	gone    chan struct{}           // closed by detach; nil unless somebody waits; under feed.mu
	changed map[dokkerr.ID]struct{} // bookings told of before the rooms were settled, nil from then on; under feed.mu
}

func newFeeds(inbox inboxReader, places *places, timeout time.Duration, logger *slog.Logger) *feeds {
	ctx, stop := context.WithCancel(context.Background())
	d := &feeds{
		inbox:        inbox,
		places:       places,
		timeout:      timeout,
		soon:         defaultPingTimeout / 4,
		logger:       logger,
		reads:        make(chan struct{}, maxReads),
		ctx:          ctx,
		stop:         stop,
		byUser:       make(map[dokkerr.ID]*feed),
		unprovenWake: make(chan struct{}, 1),
	}
	d.timers.Go(func() { lazily(ctx, d.unprovenWake, d.askAll) })
	d.timers.Go(func() { lazily(ctx, places.wake, places.flush) })
	return d
}

func newSubscription(to sink, session string, cursor dokkerr.Position) subscription {
	return subscription{
		sink: to, session: session, cursor: cursor, marked: cursor, stop: func() {}, changed: make(map[dokkerr.ID]struct{}),
	}
}

// attach adds a subscription. It begins with a catch-up from its cursor, so that what was published since that
// was read is not missed. Of two with one session the earlier one is replaced.
func (d *feeds) attach(user dokkerr.ID, s *subscription) {
	if replaced := d.add(user, s); replaced != nil {
		replaced.sink.replace()
	}
}

// add returns which of two subscriptions with one session is the earlier. There may be more, but those were replaced before.
func (d *feeds) add(user dokkerr.ID, s *subscription) (earlier *subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.byUser[user]
	if f == nil {
		f = &feed{tag: userTag(user), user: user}
		d.byUser[user] = f
	}
	s.feed = f
	f.mu.Lock()
	defer f.mu.Unlock()
	if earlier = f.holder(s.session); earlier != nil && earlier.fence > s.fence {
		earlier = s
	}
	f.subscriptions = append(f.subscriptions, s)
	if s.gap {
		s.tellGap()
	}
	d.startCatchUp(s)
	return earlier
}

// tellGap sends the first event of a subscription that has missed some for good (delivery R23). What is kept begins behind the
// position where delivery goes on.
func (s *subscription) tellGap() {
	at := s.feed.offset(s.cursor)
	s.sink.send(&outgoing{name: "sync.gap", data: fmt.Appendf(nil, `{"oldest":%q,"position":%q}`, at, at)}, at)
	s.marked-- // so that a ping is due
}

// detach takes a subscription out and ends its catch-up.
func (d *feeds) detach(s *subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	s.stop()
	if s.gone != nil {
		close(s.gone)
	}
	f.subscriptions = slices.DeleteFunc(f.subscriptions, func(other *subscription) bool { return other == s })
	if len(f.subscriptions) == 0 {
		delete(d.byUser, f.user)
	}
}

// count returns how many subscriptions a user has.
func (d *feeds) count(user dokkerr.ID) int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	f := d.byUser[user]
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subscriptions)
}

// publish leads one event to its recipients' sockets here. It is called in commit order, by one goroutine at a time, and does not
// block.
func (d *feeds) publish(e *dokkerr.Event) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := &outgoing{name: e.Name, data: e.Data}
	for _, to := range e.To {
		if f := d.byUser[to.User]; f != nil {
			d.deliver(f, e, out, to.Position)
		}
	}
}

func (d *feeds) deliver(f *feed, e *dokkerr.Event, out *outgoing, position dokkerr.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.subscriptions {
		s.follow(e.Booking)
		if e.Durable {
			d.advance(s, e.Origin, out, position)
		} else if !s.sink.full() {
			s.sink.send(out, "")
		}
		s.unfollow(e.Booking)
	}
	f.head = max(f.head, position)
}

// advance sends a durable event to a live socket that has room for it; one without turns to catch-up. The caller
// holds d.mu and the feed's lock.
func (d *feeds) advance(s *subscription, origin string, out *outgoing, position dokkerr.Position) {
	switch {
	case !s.live || position <= s.cursor:
	case s.sink.full():
		s.live = false
		d.startCatchUp(s)
	default:
		s.pass(origin, out, position)
		d.await(s)
	}
}

// pass moves the cursor over an event and sends it, unless the socket's own session caused it (delivery R16).
func (s *subscription) pass(origin string, out *outgoing, position dokkerr.Position) (sent bool) {
	sent = origin == "" || origin != s.session
	if sent {
		s.sink.send(out, s.feed.offset(position))
	}
	s.cursor = position
	return sent
}

// holder returns the latest subscription of a session, nil for none. The caller holds mu.
func (f *feed) holder(session string) (latest *subscription) {
	for _, s := range f.subscriptions {
		if s.session == session && (latest == nil || s.fence > latest.fence) {
			latest = s
		}
	}
	return latest
}

// published returns the head.
func (f *feed) published() dokkerr.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head
}

// goLive turns s to live and returns true, unless more was published than s has passed.
func (f *feed) goLive(s *subscription) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.live = f.head <= s.cursor
	return s.live
}

// offset is a position as it travels behind a durable event.
func (f *feed) offset(p dokkerr.Position) string { return formatOffset(f.tag, p) }

// close ends the catch-ups, waits for them, and stores what was confirmed. No publish may follow that needs one.
func (d *feeds) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop()
	d.running.Wait()
	d.timers.Wait()
	d.places.flush()
}
