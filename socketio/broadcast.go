package socketio

import (
	"slices"
	"sync"

	"github.com/dokkerr/realtime/engineio"
)

// Broadcast aims at sockets of one namespace. It is a value: every method
// returns a new one. It may be used again and from any goroutine.
type Broadcast struct {
	namespace *Namespace
	sender    *Socket // left out, if there is one
	aimed     bool    // at rooms; else at everybody
	rooms     []string
	except    []string
	volatile  bool
}

// To adds rooms: the members of any of them are aimed at, each once. With no
// rooms at all nobody is.
func (b Broadcast) To(rooms ...string) Broadcast {
	b.rooms = slices.Concat(b.rooms, rooms)
	b.aimed = true
	return b
}

// Except leaves out the members of rooms (a socket's id is a room too).
func (b Broadcast) Except(rooms ...string) Broadcast {
	b.except = slices.Concat(b.except, rooms)
	return b
}

// Volatile marks what is sent as losable: it is dropped for sockets that
// cannot be written to at once.
func (b Broadcast) Volatile() Broadcast {
	b.volatile = true
	return b
}

// Emit sends an event to the sockets aimed at; it is encoded once, before Emit
// returns, which does not wait for the network. The error is the payload's, or
// that the event is reserved.
func (b Broadcast) Emit(event string, payload any) error {
	for b := range b.perNamespace {
		e, err := b.namespace.Encode(event, payload)
		if err != nil {
			return err
		}
		b.send(e)
	}
	return nil
}

// perNamespace yields the broadcast itself or, if it aims at what OfFunc returned, one for each namespace that clients have made of it.
func (b Broadcast) perNamespace(yield func(Broadcast) bool) {
	if b.namespace.name != "" {
		yield(b)
		return
	}
	for _, b.namespace = range b.namespace.made() {
		if !yield(b) {
			return
		}
	}
}

// Send sends an encoded event of the namespace. One that was encoded for what OfFunc returned reaches nobody: each namespace
// has its own bytes.
func (b Broadcast) Send(e Encoded) {
	e.check(b.namespace)
	if len(e.frames) > 0 {
		b.send(e)
	}
}

func (b Broadcast) send(e Encoded) {
	var receivers int
	if b.namespace.history != nil && !b.volatile {
		receivers = b.namespace.history.broadcast(b, e)
	} else {
		receivers = b.queue(e.frames)
	}
	b.namespace.server.sent(e.event, receivers)
}

// queue queues a unit for the sockets aimed at, whose number it returns.
func (b Broadcast) queue(frames []engineio.Frame) int {
	to := b.audience()
	defer to.free()
	receivers := 0
	for _, s := range to.sockets {
		if s.send(frames, b.volatile) {
			receivers++
		}
	}
	return receivers
}

// sent tells the hook of an event.
func (srv *Server) sent(event string, receivers int) {
	if hook := srv.options.Hooks.Sent; hook != nil {
		hook(event, receivers)
	}
}

// FetchSockets returns the sockets aimed at.
func (b Broadcast) FetchSockets() []*Socket {
	var sockets []*Socket
	for b := range b.perNamespace {
		to := b.audience()
		sockets = append(sockets, to.sockets...)
		to.free()
	}
	return sockets
}

// SocketsJoin does to all sockets aimed at what Join does to one.
func (b Broadcast) SocketsJoin(rooms ...string) {
	b.each(func(s *Socket) { s.Join(rooms...) })
}

// SocketsLeave does to all sockets aimed at what Leave does to one.
func (b Broadcast) SocketsLeave(rooms ...string) {
	b.each(func(s *Socket) { s.Leave(rooms...) })
}

// DisconnectSockets does to all sockets aimed at what Disconnect does to one.
func (b Broadcast) DisconnectSockets(closeConnection bool) {
	b.each(func(s *Socket) { s.Disconnect(closeConnection) })
}

func (b Broadcast) each(f func(*Socket)) {
	for _, s := range b.FetchSockets() {
		f(s)
	}
}

// audience is the sockets that a broadcast reaches. It is collected first, so
// that no lock is held while anything is sent.
type audience struct {
	sockets []*Socket
	seen    map[*Socket]struct{} // those in sockets, and those left out; empty if not needed
}

var audiencePool = sync.Pool{New: func() any { return &audience{seen: make(map[*Socket]struct{})} }}

func (b Broadcast) audience() *audience {
	a := audiencePool.Get().(*audience)
	if len(b.rooms) > 1 || len(b.except) > 0 {
		a.leaveOut(b)
		a.aim(b)
		a.sockets = slices.DeleteFunc(a.sockets, a.seenBefore)
	} else {
		a.aim(b)
	}
	a.sockets = slices.DeleteFunc(a.sockets, func(s *Socket) bool { return s == b.sender || !s.isOnline() })
	return a
}

// aim appends the sockets aimed at, some more than once if they are in several rooms.
func (a *audience) aim(b Broadcast) {
	if !b.aimed {
		a.sockets = b.namespace.index.appendAll(a.sockets)
		return
	}
	for _, room := range b.rooms {
		a.sockets = b.namespace.index.appendMembers(a.sockets, room)
	}
}

// leaveOut marks the members of the excepted rooms as seen.
func (a *audience) leaveOut(b Broadcast) {
	for _, room := range b.except {
		a.sockets = b.namespace.index.appendMembers(a.sockets[:0], room)
		for _, s := range a.sockets {
			a.seen[s] = struct{}{}
		}
	}
	a.sockets = a.sockets[:0]
}

func (a *audience) seenBefore(s *Socket) bool {
	if _, ok := a.seen[s]; ok {
		return true
	}
	a.seen[s] = struct{}{}
	return false
}

func (a *audience) free() {
	clear(a.sockets[:cap(a.sockets)])
	a.sockets = a.sockets[:0]
	clear(a.seen)
	audiencePool.Put(a)
}
