package socketio

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// Handshake is what a socket was connected with.
type Handshake struct {
	*engineio.Request
	Auth json.RawMessage // the CONNECT payload, an object; {} when the client sent none; nil once OnConnect is over
}

// arrival is what a socket brings and needs no longer once it is connected: an idle one is to be small, and keeps no token.
type arrival struct {
	Handshake
	pid      string // of the reply; "" without recovery
	claim    Claim  // with a history
	identity string // with a history
}

// Socket is one client in one namespace. Its methods may be called from any
// goroutine. One that is not connected yet, or no longer, is sent nothing.
type Socket struct {
	// Value belongs to the application: set it in a middleware, read it
	// anywhere later.
	Value any

	id        string                  // its goroutine's until it is connected, fixed from then on
	conn      *conn                   // fixed at birth
	namespace *Namespace              // fixed at birth
	arrival   atomic.Pointer[arrival] // its goroutine's to change; nil once OnConnect is over

	phase     atomic.Int32 // set under mu: offline, opening, online and offline again
	recovered bool         // like id
	announced bool         // its goroutine's; OnDisconnect is due
	joined    bool         // under conn.mu; packets of the client are let in

	mu     sync.Mutex
	reason Reason                   // under mu; why it ended, "" before
	rooms  set[string]              // under mu; empty once ended
	acks   map[uint64]chan<- answer // under mu; made by the first Ask, nil once ended
	life   *life                    // under mu; nil until a context is asked for
	inbox  inbox                    // under mu
}

// The phases of a socket.
const (
	offline int32 = iota
	opening       // the answer to its CONNECT is being queued
	online        // events are queued behind it
)

// isOnline reports whether events may be sent. While the answer to CONNECT is being queued it waits.
func (s *Socket) isOnline() bool {
	if s.phase.Load() == opening {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	return s.phase.Load() == online
}

// ID returns the public id of the socket, 20 characters; it is no secret and
// not the session's, but for clients of protocol 3, to whose ids the session's belongs: keep those from other clients.
func (s *Socket) ID() string { return s.id }

// Namespace returns where the socket is connected.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Handshake returns what the socket was connected with. Auth is there until the OnConnect functions have returned: keep
// what you need of it.
func (s *Socket) Handshake() *Handshake {
	if a := s.arrival.Load(); a != nil {
		return &a.Handshake
	}
	return &Handshake{Request: s.conn.session.Request()}
}

// Transport returns "polling" or "websocket", as it is now.
func (s *Socket) Transport() string { return s.conn.session.Transport() }

// Buffered returns the bytes that wait for the client.
func (s *Socket) Buffered() int { return s.conn.session.Buffered() }

// Join adds the socket to rooms. It is done when Join returns. A disconnected
// socket is in no room, and the room named like its id needs no Join.
func (s *Socket) Join(rooms ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, room := range rooms {
		if s.reason == "" && room != s.id && s.rooms.add(room) {
			s.namespace.index.join(room, s)
		}
	}
}

// Leave takes the socket out of rooms. It is done when Leave returns. A socket
// does not leave the room named like its id.
func (s *Socket) Leave(rooms ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, room := range rooms {
		if s.rooms.remove(room) {
			s.namespace.index.leave(room, s)
		}
	}
}

// Rooms returns the rooms of the socket, its own (the room named like its id)
// first. A disconnected socket is in none.
func (s *Socket) Rooms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return nil
	}
	return append([]string{s.id}, s.rooms.members...)
}

// Emit sends an event. payload is one value as On's Out describes; nil is no
// argument. It is encoded before Emit returns, which does not wait for the
// network; a client that takes too little is ended by its connection (see
// engineio.Options.MaxOutbox). The error is the payload's, or that the event is
// reserved.
func (s *Socket) Emit(event string, payload any) error {
	if s.namespace.history != nil {
		encoded, err := s.namespace.Encode(event, payload)
		if err == nil {
			s.Send(encoded)
		}
		return err
	}
	e := newEncoder(&s.conn.server.options)
	defer e.free()
	if err := e.event(event, payload); err != nil {
		return err
	}
	if s.sendPacket(e, sioproto.Event, ackID{}) {
		s.conn.server.sent(event, 1)
	}
	return nil
}

// Send sends an encoded event of the socket's namespace. It does not wait for the network.
func (s *Socket) Send(e Encoded) {
	e.check(s.namespace)
	if len(e.frames) > 0 && s.queue(e) {
		s.conn.server.sent(e.event, 1)
	}
}

func (s *Socket) queue(e Encoded) bool {
	if s.namespace.history != nil {
		return s.namespace.history.emit(s, e)
	}
	return s.send(e.frames, false)
}

// Volatile aims at this socket alone, for events that may be lost: they are
// dropped unless it can be written to at once.
func (s *Socket) Volatile() Broadcast { return s.namespace.To(s.id).Volatile() }

// To aims at the members of rooms, but this socket.
func (s *Socket) To(rooms ...string) Broadcast { return s.Broadcast().To(rooms...) }

// Broadcast aims at everybody in the namespace but this socket.
func (s *Socket) Broadcast() Broadcast { return Broadcast{namespace: s.namespace, sender: s} }

// Disconnect sends a DISCONNECT packet, after which the stock client does not
// come back by itself. With closeConnection every socket of the connection gets
// one, and the connection ends once they are flushed. Events that wait for
// their handlers are dropped. A socket that is not connected yet is not
// disconnected: its middleware returns an error instead.
func (s *Socket) Disconnect(closeConnection bool) {
	if closeConnection {
		s.conn.disconnect()
		return
	}
	s.disconnect()
}

// Close ends the connection without a DISCONNECT packet, after what waits was
// flushed: the stock client comes back. The sockets of the connection end at
// once, and events that wait for their handlers are dropped. reason is for the
// server's own eyes; "" is ForcedClose.
func (s *Socket) Close(reason Reason) { s.conn.close(cmp.Or(reason, engineio.ForcedClose)) }

// Confirm has f called when the client has proved that all sent to it so far arrived: with the pong to a ping that is
// sent behind it. f must not block. It is never called when the socket ends first.
func (s *Socket) Confirm(f func()) { s.conn.session.Confirm(s.whileOnline(f)) }

func (s *Socket) whileOnline(f func()) func() {
	return func() {
		if s.isOnline() {
			f()
		}
	}
}

// sendConfirmed is send of a unit behind a ping, f as Confirm's.
func (s *Socket) sendConfirmed(frames []engineio.Frame, f func()) {
	if s.isOnline() {
		s.conn.session.SendConfirmed(s.whileOnline(f), frames...)
	}
}

func (s *Socket) disconnect() {
	if !s.isOnline() || !s.end(ServerDisconnect) {
		return
	}
	s.conn.session.Send(s.conn.server.options.frame(sioproto.Packet{Type: sioproto.Disconnect, Namespace: s.namespace.name}))
}

// send queues a unit unless the socket is not connected. It reports whether it did.
func (s *Socket) send(frames []engineio.Frame, volatile bool) bool {
	if !s.isOnline() {
		return false
	}
	if volatile {
		return s.conn.session.SendVolatile(frames...)
	}
	s.conn.session.Send(frames...)
	return true
}

// sendPacket is send for what goes to this socket only.
func (s *Socket) sendPacket(e *encoder, t sioproto.Type, ack ackID) bool {
	if !s.isOnline() {
		return false
	}
	if len(e.attachments) > 0 {
		s.conn.session.Send(e.frames(t, s.namespace.name, ack)...)
	} else {
		s.conn.session.Send(e.options.frame(e.packet(t, s.namespace.name, ack)))
	}
	return true
}

// end ends the socket for everybody at once; its goroutine then tells the
// application. It reports whether it was the first to do so. What had arrived
// is still handled when the client brought the end about, else dropped.
func (s *Socket) end(r Reason) bool {
	left, first := s.retire(r)
	if !first {
		return false
	}
	s.conn.forget(s)
	s.namespace.index.remove(s)
	for _, room := range left.rooms {
		s.namespace.index.leave(room, s)
	}
	for _, answers := range left.acks {
		answers <- answer{failed: true}
	}
	left.life.end(r)
	s.conn.server.leave(s.namespace)
	if left.idle {
		s.startWork()
	}
	return true
}

// remains is what a socket leaves to be settled without its lock.
type remains struct {
	rooms []string
	acks  map[uint64]chan<- answer
	life  *life
	idle  bool // nobody works for the socket
}

// retire sets the reason, after which nothing is added to the socket. It reports whether there was none.
func (s *Socket) retire(r Reason) (left remains, first bool) {
	h := s.namespace.history
	if h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return remains{}, false
	}
	s.reason = r
	s.phase.Store(offline)
	left = remains{s.rooms.members, s.acks, s.life, !s.inbox.busy}
	s.rooms, s.acks, s.inbox.busy = set[string]{}, nil, true
	if h != nil {
		h.leave(s, r, left.rooms)
	}
	if !byClient(r) {
		s.inbox.drop()
	}
	s.inbox.release()
	return left, true
}

// byClient tells the endings that a client brings about.
func byClient(r Reason) bool {
	return slices.Contains([]Reason{
		ClientDisconnect, engineio.TransportClose, engineio.TransportError, engineio.PingTimeout,
	}, r)
}

// finish tells the application of the end.
func (s *Socket) finish() {
	if !s.announced {
		return
	}
	if hook := s.conn.server.options.Hooks.Disconnected; hook != nil {
		hook(s, s.reason)
	}
	for _, f := range s.namespace.onDisconnect {
		s.runOnDisconnect(f)
	}
}

func (s *Socket) runOnDisconnect(f func(*Socket, Reason)) {
	var logged error
	defer s.catch("disconnect", &logged)
	f(s, s.reason)
}
