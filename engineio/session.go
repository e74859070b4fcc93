package engineio

import (
	"cmp"
	"sync"
	"time"

	"github.com/dokkerr/realtime/eioproto"
)

// Session is one client. Its methods may be called from any goroutine, and
// from callbacks.
type Session struct {
	// What every write touches stands first, on one cache line: fan-out to a large room waits for memory.
	mu       sync.Mutex // never held over I/O or a callback; what has no other owner is under it
	state    state
	v3       bool // fixed at birth; speaks protocol 3
	busy     bool // a callback runs; the Close callback is left to its goroutine
	queued   bool // waits for the flusher
	writing  bool // somebody writes to ws
	extended bool // another packet has put the time-out off since the last ping or pong
	stuck    bool // the client of a WebSocket has not taken what was written
	outbox   outbox
	ws       *conn    // carries the session; nil: long-polling does
	flusher  *flusher // fixed at birth; writes for this session
	srv      *Server  // fixed at birth

	// Value belongs to the Handler: set it in Open, read it in the other
	// callbacks.
	Value any

	id      string  // fixed at birth
	request Request // fixed at birth
	timer   timer   // the wheel's

	reason    Reason        // once it is no longer open
	beat      time.Duration // when the heartbeat, or the end, goes on, by the wheel's clock
	stall     time.Duration // when a stuck client has taken nothing for too long; 0 unless it is stuck
	charged   int           // of the outbox, to the server's stuck
	heard     int           // bytes of the client, until it is trusted
	trusted   bool          // MaxUntrusted holds no more
	pings     []func()      // those that wait for their pongs, oldest first; what to call, or nil
	candidate *conn         // has asked for the upgrade
	deferred  Worker        // begins when the turn is over
	polling   *polling      // nil: the session began on a WebSocket
}

// state is where a session stands. It only rises.
type state uint8

const (
	open    state = iota
	closing       // has ended, but the client is still to be told
	closed        // nothing is left to do
)

// closeWait is how long an ended session may take to be flushed and to close its connection, slowWait how long one that ended as a
// slow reader may, and the answer to a poll when its session is over, and pollWait how long the end waits for a client between two polls.
const (
	closeWait = 2 * time.Second
	slowWait  = time.Second / 2
	pollWait  = 30 * time.Second
)

// ID returns the session id: a secret of 20 characters. Log no more than a
// prefix of it.
func (s *Session) ID() string { return s.id }

// Request returns what remains of the handshake request.
func (s *Session) Request() *Request { return &s.request }

// Protocol returns the protocol's version: 4, or 3 where Options.AllowEIO3 let such a client in.
func (s *Session) Protocol() int {
	if s.v3 {
		return 3
	}
	return 4
}

// Transport returns "polling" or "websocket", as it is now.
func (s *Session) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		return websocketName
	}
	return pollingName
}

// Buffered returns the bytes that wait for the client, those being written
// included.
func (s *Session) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.bytes
}

// Send queues frames as one unit: nothing comes between them. It does not wait
// for the network. A session that it takes over MaxOutbox ends with SlowReader.
// After the end Send does nothing.
func (s *Session) Send(frames ...Frame) {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	s.outbox.push(frames...)
	if s.outbox.cost() > s.srv.options.MaxOutbox {
		s.overflow()
		return
	}
	s.flush()
}

// SendVolatile is Send that drops the unit, and returns false, unless the
// client can be written to at once.
func (s *Session) SendVolatile(frames ...Frame) bool {
	s.mu.Lock()
	ready := s.polling.pending() || s.ws != nil && !s.queued && !s.writing
	if s.state != open || !ready || !s.outbox.empty() {
		s.mu.Unlock()
		return false
	}
	s.outbox.push(frames...)
	s.flush()
	return true
}

// Close ends the session: what waits in the outbox is still written (for at
// most 2 s; a polling client has 30 s to come for it), then the transport is
// closed. Close returns at once, and only the first ending counts. The reason
// is for Handler.Close; the client does not see it.
func (s *Session) Close(reason Reason) { s.end(reason, graceful) }

// shutdown ends the session; one that has ended before waits no longer for its client than the others.
func (s *Session) shutdown() {
	s.end(ServerShutdown, hasty)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closing && s.ws == nil {
		s.wakeIn(hasty.linger)
	}
}

// ending is how the client learns that the session is over.
type ending struct {
	flush  bool          // what waits is still delivered
	frame  Frame         // the last one on a WebSocket
	packet eioproto.Type // the answer to a pending GET
	linger time.Duration // how long a polling client between two polls is waited for
	within time.Duration // the client of a WebSocket has to close it, too; 0: closeWait
}

var (
	graceful  = ending{flush: true, frame: plainCloseWire, packet: eioproto.Close, linger: pollWait}
	hasty     = ending{flush: true, frame: plainCloseWire, packet: eioproto.Close, linger: closeWait}
	violation = ending{frame: plainCloseWire, packet: eioproto.Close}
	overfull  = ending{frame: plainCloseWire, packet: eioproto.Close, within: slowWait}
	accepted  = ending{frame: plainCloseWire, packet: eioproto.Noop} // the client itself closed
)

// end moves an open session to closing and sets off what the client is still to be told.
func (s *Session) end(reason Reason, how ending) {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	candidate := s.leaveOpen(reason)
	if !how.flush {
		s.outbox.drop()
	}
	if candidate != nil && candidate.probed && !s.outbox.empty() {
		// The client may have moved already, and no longer poll: what waits is told where it comes.
		s.candidate, candidate = candidate, nil
	}
	if s.ws != nil {
		s.wakeIn(cmp.Or(how.within, closeWait))
		s.outbox.push(how.frame)
		s.flush()
	} else {
		s.endPolling(how)
	}
	candidate.release()
}

// lost ends the session, if need be, and its transport: nothing can be told any more.
func (s *Session) lost(reason Reason) {
	s.mu.Lock()
	candidate := s.candidate
	if s.state == open {
		s.leaveOpen(reason)
	}
	s.candidate = nil
	s.state = closed
	s.outbox.drop()
	s.polling.forget()
	s.account()
	s.wakeGet()
	ws := s.ws
	s.mu.Unlock()
	candidate.release()
	ws.close()
	s.srv.remove(s)
}

// leaveOpen is called with mu held, once. It returns the connection that was about to take over.
func (s *Session) leaveOpen(reason Reason) (candidate *conn) {
	s.state = closing
	s.reason = reason
	if !s.busy {
		go s.tellClosed(reason)
	}
	candidate, s.candidate = s.candidate, nil
	return candidate
}

func (s *Session) tellClosed(reason Reason) {
	defer s.srv.running.Done()
	s.srv.handler.Close(s, reason)
}

func (s *Session) cut() { s.lost(ServerShutdown) }

// enter begins a turn of callbacks. It returns false when the session has ended.
func (s *Session) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return false
	}
	s.busy = true
	if len(s.pings) > 0 && !s.extended {
		s.extended = true
		s.wakeIn(s.srv.options.PingTimeout)
	}
	return true
}

// leave ends a turn of callbacks, with the last one if the session has ended meanwhile.
func (s *Session) leave() {
	s.mu.Lock()
	s.busy = false
	ended, reason := s.state != open, s.reason
	s.mu.Unlock()
	if ended {
		s.tellClosed(reason)
	}
}

// receive handles one packet of a client. It returns false when nothing more is to be read.
func (s *Session) receive(p eioproto.Packet) bool {
	switch p.Type {
	case eioproto.Message:
		s.srv.handler.Message(s, Message{Binary: p.Binary, Data: p.Data})
	case eioproto.Pong, eioproto.Ping:
		return s.heartbeat(p)
	case eioproto.Close:
		s.end(TransportClose, accepted)
		return false
	}
	return true
}

// heartbeat handles a ping of a client of protocol 3, or the pong of a later one; each other way round is a violation.
func (s *Session) heartbeat(p eioproto.Packet) bool {
	if s.v3 != (p.Type == eioproto.Ping) {
		s.end(TransportError, violation)
		return false
	}
	if s.v3 {
		s.answerPing(p.Data)
	} else {
		s.ponged()
	}
	return true
}

func (s *Session) answerPing(data []byte) {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	s.wakeIn(s.quiet())
	s.outbox.push(controlFrame(eioproto.Pong, string(data)))
	s.flush()
}

// quiet is how long nothing need happen: until the server's ping, or for protocol 3 the client's.
func (s *Session) quiet() time.Duration {
	if s.v3 {
		return s.srv.options.PingInterval + s.srv.options.PingTimeout
	}
	return s.srv.options.PingInterval
}

// Confirm sends a ping behind everything sent so far and calls f when its pong comes, which proves that all of it
// arrived. f runs as part of a turn of callbacks. It is never called when the session ends first, nor with protocol 3, which has
// no ping of the server's.
func (s *Session) Confirm(f func()) {
	s.mu.Lock()
	if s.state != open || s.v3 {
		s.mu.Unlock()
		return
	}
	s.ping(f)
}

// ping is called with mu held and returns without it.
func (s *Session) ping(f func()) {
	s.expectPong(f)
	s.outbox.push(pingFrame)
	s.flush()
}

// expectPong has f called on the pong to the ping that is being queued. It is called with mu held.
func (s *Session) expectPong(f func()) {
	if len(s.pings) == 0 {
		s.awaitPong()
	}
	s.pings = append(s.pings, f)
}

// awaitPong gives the oldest ping a whole time-out. It is called with mu held.
func (s *Session) awaitPong() {
	s.extended = false
	s.wakeIn(s.srv.options.PingTimeout)
}

// ponged matches a pong with the oldest ping; an unasked one changes nothing. When no ping is left
// the next goes out an interval from now.
func (s *Session) ponged() {
	s.mu.Lock()
	if s.state != open || len(s.pings) == 0 {
		s.mu.Unlock()
		return
	}
	confirmed := s.pings[0]
	s.pings = append(s.pings[:0], s.pings[1:]...)
	if len(s.pings) > 0 {
		s.awaitPong()
	} else {
		s.wakeIn(s.quiet())
	}
	s.mu.Unlock()
	if confirmed != nil {
		confirmed()
	}
}

// wakeIn sets when the heartbeat, or the end, goes on. It is called with mu held and the session not closed.
func (s *Session) wakeIn(d time.Duration) {
	s.beat = s.srv.wheel.clock() + d
	s.rewind()
}

// rewind has the wheel call for whatever is due first. It is called with mu held and the session not closed.
func (s *Session) rewind() {
	due := s.beat
	if s.stall != 0 {
		due = min(due, s.stall)
	}
	s.srv.wheel.schedule(s, due-s.srv.wheel.clock())
}

// alarm is called by the wheel when the time asked for has passed.
func (s *Session) alarm() {
	s.mu.Lock()
	now := s.srv.wheel.clock()
	switch {
	case s.state == closed:
		s.mu.Unlock()
	case s.stall != 0 && now >= s.stall:
		s.mu.Unlock()
		s.lost(SlowReader)
	case now < s.beat:
		s.rewind()
		s.mu.Unlock()
	case s.state == open && len(s.pings) == 0 && !s.v3:
		s.ping(nil)
	case s.state == open && s.busy: // the pong may stand behind what is being handled
		s.wakeIn(s.srv.options.PingTimeout)
		s.mu.Unlock()
	case s.state == open:
		s.mu.Unlock()
		s.end(PingTimeout, violation)
	default:
		s.mu.Unlock()
		s.cut()
	}
}
