package socketio

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

// RecoveryOptions bounds what is kept in memory, for each namespace, so that clients that lost their connection resume,
// as the official server's connection state recovery has it. Where a bound is hit a client is not recovered: it never misses
// or repeats an event without being told.
type RecoveryOptions struct {
	MaxDisconnection time.Duration // between the end of a socket and its return; 0: 2 min
	MaxPackets       int           // events kept; 0: 10,000
	MaxBytes         int           // of the events kept; 0: 16 MiB
	MaxSessions      int           // ended sockets kept; 0: 10,000

	// Identity says whose a socket is; it is asked behind the middlewares. Only the same identity resumes. Nil: whoever
	// knows the socket's pid, which is a secret.
	Identity func(s *Socket) string
}

func (o RecoveryOptions) withDefaults() RecoveryOptions {
	o.MaxDisconnection = cmp.Or(o.MaxDisconnection, 2*time.Minute)
	o.MaxPackets = cmp.Or(o.MaxPackets, 10_000)
	o.MaxBytes = cmp.Or(o.MaxBytes, 16<<20)
	o.MaxSessions = cmp.Or(o.MaxSessions, 10_000)
	return o
}

// maxSent is how many positions are known of what one socket was sent. A client further behind is not recovered.
const maxSent = 1024

// history is the recent past of a namespace. mu puts everything that concerns it in one order: an event is kept and queued
// for its sockets, a socket is answered, sent what it missed and opened for events, or ends. It is therefore held while
// frames are queued, which does not wait for any network. Lock order: history.mu, then Socket.mu.
type history struct {
	options   RecoveryOptions // fixed at birth, defaults filled in
	maxMissed int             // fixed at birth; bytes that a client may be sent at once

	mu       sync.Mutex
	events   []past               // under mu; oldest first, without a gap in positions
	next     uint64               // under mu; the position of the next event
	bytes    int                  // under mu; of events
	sessions map[string]*session  // under mu; by pid
	live     map[*Socket]*session // under mu; those of connected sockets
	ended    []ending             // under mu; oldest first; those resumed since are passed over
}

// past is an event that was sent.
type past struct {
	at     time.Time
	event  Encoded
	aimed  bool // at rooms; else at everybody
	rooms  []string
	except []string
}

// session is what survives a connection.
type session struct {
	pid, id  string    // fixed at birth
	identity string    // fixed at birth
	socket   *Socket   // nil once it has ended
	sent     []uint64  // positions of what it was sent, rising; the newest maxSent
	cut      bool      // older ones were forgotten
	rooms    []string  // once ended
	from     uint64    // once ended; the first position that it was not connected for
	at       time.Time // of the end
}

type ending struct {
	session *session
	at      time.Time
}

func newHistory(o *Options) *history {
	return &history{
		options:   o.Recovery.withDefaults(),
		maxMissed: cmp.Or(o.Engine.MaxOutbox, 1<<20) / 2,
		next:      1,
		sessions:  make(map[string]*session),
		live:      make(map[*Socket]*session),
	}
}

// broadcast keeps an event and queues it for the sockets aimed at, whose number it returns.
func (h *history) broadcast(b Broadcast, e Encoded) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	except := b.except
	if b.sender != nil {
		except = append(slices.Clip(except), b.sender.id)
	}
	position, e := h.keep(past{event: e, aimed: b.aimed, rooms: b.rooms, except: except})
	to := b.audience()
	defer to.free()
	receivers := 0
	for _, s := range to.sockets {
		if h.send(s, position, e.frames) {
			receivers++
		}
	}
	return receivers
}

// emit does for one socket what broadcast does for many.
func (h *history) emit(s *Socket, e Encoded) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !s.isOnline() {
		return false
	}
	position, e := h.keep(past{event: e, aimed: true, rooms: []string{s.id}})
	return h.send(s, position, e.frames)
}

func (h *history) send(s *Socket, position uint64, frames []engineio.Frame) bool {
	if !s.send(frames, false) {
		return false
	}
	if own := h.live[s]; own != nil {
		own.note(position)
	}
	return true
}

// note remembers that a position was sent.
func (n *session) note(position uint64) {
	if len(n.sent) >= 2*maxSent {
		n.sent = append(n.sent[:0], n.sent[maxSent:]...)
		n.cut = true
	}
	n.sent = append(n.sent, position)
}

// keep gives an event its position, and the offset that says so, and forgets what is beyond the bounds.
func (h *history) keep(p past) (uint64, Encoded) {
	position := h.next
	h.next++
	p.at = time.Now()
	p.event = p.event.WithOffset(strconv.FormatUint(position, 10))
	h.events = append(h.events, p)
	h.bytes += p.event.size()
	h.forgetEvents(p.at)
	return position, p.event
}

func (h *history) forgetEvents(now time.Time) {
	oldest := now.Add(-h.options.MaxDisconnection)
	for len(h.events) > 0 {
		first := &h.events[0]
		if len(h.events) <= h.options.MaxPackets && h.bytes <= h.options.MaxBytes && !first.at.Before(oldest) {
			return
		}
		h.bytes -= first.event.size()
		*first = past{}
		h.events = h.events[1:]
	}
}

// first is the oldest position that is kept.
func (h *history) first() uint64 { return h.next - uint64(len(h.events)) }

// release ends the socket that holds the session which a client wants to resume: it has lost that connection before the
// server saw it.
func (h *history) release(c Claim, identity string) {
	h.mu.Lock()
	var holder *Socket
	if n := h.sessions[c.PID]; n != nil && n.identity == identity {
		holder = n.socket
	}
	h.mu.Unlock()
	if holder != nil {
		holder.conn.close(Replaced)
	}
}

// admit makes a socket that of the session it claims, or of a new one, and returns what it missed. It is called under mu
// and the socket's.
func (h *history) admit(s *Socket, c Claim, identity string) (missed []past) {
	now := time.Now()
	h.forgetEvents(now)
	h.forgetSessions(now)
	n := h.sessions[c.PID]
	if n != nil && n.socket == nil && n.identity == identity {
		missed, s.recovered = h.missed(n, c.Offset)
	}
	if s.recovered {
		s.restore(n)
	} else {
		n = &session{pid: newID(), id: s.id, identity: identity}
		h.sessions[n.pid] = n
	}
	n.socket, n.rooms = s, nil
	h.live[s] = n
	s.arrival.Load().pid = n.pid
	return missed
}

// restore gives a socket the id and the rooms of its session. It is called under mu.
func (s *Socket) restore(n *session) {
	s.id = n.id
	for _, room := range n.rooms {
		if s.rooms.add(room) {
			s.namespace.index.join(room, s)
		}
	}
}

// missed returns what a client did not get that got the event of the offset last. What was on its way when the
// connection ended is known by position, what came later by the rooms.
func (h *history) missed(n *session, offset string) ([]past, bool) {
	i, ok := n.after(offset)
	if !ok || n.from < h.first() || i < len(n.sent) && n.sent[i] < h.first() {
		return nil, false
	}
	lost := slices.Clone(n.sent[i:])
	for position := n.from; position < h.next; position++ {
		if h.at(position).reaches(n) {
			lost = append(lost, position)
		}
	}
	missed, size := make([]past, len(lost)), 0
	for j, position := range lost {
		missed[j] = *h.at(position)
		size += missed[j].event.size()
	}
	if size > h.maxMissed {
		return nil, false
	}
	for _, position := range lost[len(n.sent)-i:] {
		n.note(position)
	}
	return missed, true
}

func (h *history) at(position uint64) *past { return &h.events[position-h.first()] }

// after returns the index of the first position that is behind an offset: "" when the client never got one.
func (n *session) after(offset string) (i int, ok bool) {
	if offset == "" {
		return 0, !n.cut
	}
	position, err := strconv.ParseUint(offset, 10, 64)
	if err != nil {
		return 0, false
	}
	i, ok = slices.BinarySearch(n.sent, position)
	return i + 1, ok
}

// reaches tells whether an event would have gone to the socket of a session.
func (p *past) reaches(n *session) bool {
	in := func(room string) bool { return room == n.id || slices.Contains(n.rooms, room) }
	return (!p.aimed || slices.ContainsFunc(p.rooms, in)) && !slices.ContainsFunc(p.except, in)
}

// leave keeps the session of a socket that has ended, unless it ended for good. It is called under mu.
func (h *history) leave(s *Socket, r Reason, rooms []string) {
	n := h.live[s]
	if n == nil {
		return
	}
	delete(h.live, s)
	n.socket, n.rooms, n.from, n.at = nil, slices.Clone(rooms), h.next, time.Now()
	if !resumable(r) {
		delete(h.sessions, n.pid)
		return
	}
	h.ended = append(h.ended, ending{n, n.at})
	h.forgetSessions(n.at)
}

// resumable tells the endings after which a client may go on.
func resumable(r Reason) bool {
	return r != ClientDisconnect && r != ServerDisconnect && r != engineio.ParseError
}

func (h *history) forgetSessions(now time.Time) {
	oldest := now.Add(-h.options.MaxDisconnection)
	for len(h.ended) > 0 && (len(h.ended) > h.options.MaxSessions || h.ended[0].at.Before(oldest)) {
		gone := h.ended[0]
		h.ended[0] = ending{}
		h.ended = h.ended[1:]
		if gone.session.socket == nil && gone.session.at.Equal(gone.at) {
			delete(h.sessions, gone.session.pid)
		}
	}
}
