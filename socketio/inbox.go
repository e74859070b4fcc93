package socketio

import (
	"iter"
	"sync"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// event is an event of a client that waits for its handler.
type event struct {
	next    *event
	handler *handler
	name    string
	args    Raw // its JSON is in text
	ack     ackID
	text    []byte // kept for the next use
	posted  func() // nil unless Post has made it; the rest is unset then
}

// maxKept is how large a buffer may be to be kept for the next use.
const maxKept = 16 << 10

var eventPool = sync.Pool{New: func() any { return new(event) }}

// newEvent copies what is lent.
func newEvent(h *handler, name string, p sioproto.Packet, args []byte, attachments [][]byte) *event {
	e := eventPool.Get().(*event)
	e.text = append(e.text[:0], args...)
	e.handler, e.name = h, name
	e.args = Raw{JSON: e.text, Attachments: attachments}
	e.ack = ackID{p.ID, p.HasID}
	return e
}

func (e *event) free() {
	text := e.text
	if cap(text) > maxKept {
		text = nil
	}
	*e = event{text: text}
	eventPool.Put(e)
}

// inbox is a queue of events. Its owner is Socket.mu.
type inbox struct {
	last    *event        // the first follows it; nil: none waits
	space   chan struct{} // nil unless a reader waits for room
	waiting int32
	busy    bool // a goroutine works for the socket, or has for the last time
}

func (b *inbox) push(e *event) {
	if b.last == nil {
		e.next = e
	} else {
		e.next, b.last.next = b.last.next, e
	}
	b.last = e
	b.waiting++
}

// pop returns nil when none waits.
func (b *inbox) pop() *event {
	if b.last == nil {
		return nil
	}
	e := b.last.next
	if e == b.last {
		b.last = nil
	} else {
		b.last.next = e.next
	}
	b.waiting--
	b.release()
	return e
}

// popFor is pop for an event of that handler.
func (b *inbox) popFor(h *handler) *event {
	if b.last == nil || b.last.next.handler != h {
		return nil
	}
	return b.pop()
}

// all yields the events that wait, oldest first.
func (b *inbox) all() iter.Seq[*event] {
	return func(yield func(*event) bool) {
		if b.last == nil {
			return
		}
		for e := b.last.next; yield(e) && e != b.last; e = e.next {
		}
	}
}

// drop forgets the events that wait.
func (b *inbox) drop() {
	for e := b.pop(); e != nil; e = b.pop() {
		e.free()
	}
}

// release lets the reader look again.
func (b *inbox) release() {
	if b.space != nil {
		close(b.space)
		b.space = nil
	}
}

// receive takes an event from the reader to its handler's turn. It returns when there was room in the inbox.
func (s *Socket) receive(p sioproto.Packet, attachments [][]byte) {
	if p.Data == nil {
		return // "2" without payload is to be ignored
	}
	name, args, err := sioproto.SplitEvent(p.Data)
	if err != nil {
		s.conn.close(engineio.ParseError)
		return
	}
	h := s.namespace.handlers[string(name)]
	switch {
	case h != nil:
		s.put(newEvent(h, h.event, p, args, attachments))
	case s.namespace.fallback != nil:
		s.put(newEvent(s.namespace.fallback, string(name), p, args, attachments))
	}
}

// put adds an event, once there is room for it, unless the socket has ended.
func (s *Socket) put(e *event) {
	s.mu.Lock()
	for s.reason == "" && int(s.inbox.waiting) >= s.conn.server.options.MaxInbox {
		s.waitForRoom()
	}
	s.enqueue(e)
}

// enqueue is called in a turn of callbacks and under mu, which it gives up.
func (s *Socket) enqueue(e *event) {
	if s.reason != "" {
		s.mu.Unlock()
		e.free()
		return
	}
	s.inbox.push(e)
	idle := !s.inbox.busy
	s.inbox.busy = true
	s.mu.Unlock()
	if idle {
		s.conn.server.tasks.start()
		s.conn.session.Defer((*worker)(s))
	}
}

// waitForRoom is called under mu, which it gives up meanwhile. Nobody hears the client until it returns,
// not even its end: it waits no longer than for a pong.
func (s *Socket) waitForRoom() {
	space := make(chan struct{})
	s.inbox.space = space
	s.mu.Unlock()
	defer s.mu.Lock()
	s.conn.session.StartDeferred()
	patience := time.NewTimer(s.conn.server.options.pongWait())
	defer patience.Stop()
	select {
	case <-space:
	case <-patience.C:
		s.conn.close(engineio.PingTimeout)
	}
}

// startWork has a goroutine work for the socket. Who sets busy calls it, unless it is the reader, who defers the work.
func (s *Socket) startWork() {
	s.conn.server.tasks.start()
	go (*worker)(s).Work()
}

// worker is a Socket whose work is due.
type worker Socket

func (w *worker) Work() {
	s := (*Socket)(w)
	defer s.conn.server.tasks.done()
	s.work()
}

// work handles what waits and, when the socket has ended, tells the
// application. It is where a socket's handlers run, one after the other.
func (s *Socket) work() {
	for {
		e, ended := s.next()
		switch {
		case e != nil && e.posted != nil:
			s.runPosted(e.posted)
			e.free()
		case e != nil:
			s.handle(e)
			e.free()
		case ended:
			s.finish()
			return
		default:
			return
		}
	}
}

// next takes the next event. Without one the goroutine's work is done, until something
// arrives or, when the socket has ended, for ever.
func (s *Socket) next() (e *event, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e = s.inbox.pop(); e != nil {
		return e, false
	}
	s.inbox.busy = s.reason != ""
	return nil, s.inbox.busy
}
