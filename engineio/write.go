package engineio

import (
	"runtime"
	"sync"

	"github.com/dokkerr/realtime/netpoll"
)

// flusher writes what waits in the outboxes of its sessions. Send only queues the session here, so that what
// one turn of the program sends to a client leaves in one write. The goroutine runs while the queue is not empty.
type flusher struct {
	mu      sync.Mutex
	queue   []*Session
	spare   []*Session // the queue before, to be used again
	running bool
}

// add queues s. It is called with s.mu held and s not closed, so that the server's running is not zero.
func (f *flusher) add(s *Session) {
	f.mu.Lock()
	f.queue = append(f.queue, s)
	start := !f.running
	f.running = true
	f.mu.Unlock()
	if start {
		s.srv.running.Add(1)
		go f.run(&s.srv.running)
	}
}

func (f *flusher) run(running *sync.WaitGroup) {
	defer running.Done()
	for {
		runtime.Gosched() // behind everybody who is about to send: what they do joins
		queue := f.next()
		if queue == nil {
			return
		}
		for i, s := range queue {
			s.write()
			queue[i] = nil
		}
	}
}

// next takes the queue, or ends the goroutine's time with nil.
func (f *flusher) next() []*Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		f.running = false
		return nil
	}
	queue := f.queue
	f.queue, f.spare = f.spare[:0], queue
	return queue
}

// flush has what waits brought to the client. It is called with mu held and returns without it.
func (s *Session) flush() {
	s.account()
	switch {
	case s.ws == nil:
		s.wakeGet()
	case s.queued || s.writing: // whoever changes that comes here again
	case s.state == closed || s.outbox.empty() && s.ws.pong == nil:
	default:
		s.queued = true
		s.flusher.add(s)
	}
	s.mu.Unlock()
}

// write sends what waits, as far as the connection takes it.
func (s *Session) write() {
	s.mu.Lock()
	s.queued = false
	if s.ws.parked == nil { // who parks it comes here again
		s.mu.Unlock()
		return
	}
	waiting, pong := s.takeWritable()
	if waiting.empty() && pong == nil {
		s.mu.Unlock()
		return
	}
	s.writing = true
	parked, deflate := s.ws.parked, s.ws.deflate
	s.mu.Unlock()
	rest, err := writeFrames(parked, deflate, waiting, pong)
	s.mu.Lock()
	s.outbox.bytes += len(rest) - waiting.size()
	waiting.release()
	if err != nil {
		s.cutShort(rest, err)
		return
	}
	s.endWriting()
}

// Writable goes on with what the connection did not take.
func (c *conn) Writable(parked netpoll.Conn) {
	n, err := parked.Write(c.rest)
	s := c.session
	s.mu.Lock()
	s.outbox.bytes -= n
	if err != nil {
		s.cutShort(c.rest[n:], err)
		return
	}
	c.rest = nil
	s.stuck, s.stall = false, 0
	s.account()
	s.endWriting()
}

// cutShort settles a write that has left a rest. It is called with mu held and returns without it. A client that
// takes nothing any more has until the stall.
func (s *Session) cutShort(rest []byte, err error) {
	if s.state == closed {
		s.mu.Unlock()
		return
	}
	if err != netpoll.ErrAgain {
		s.mu.Unlock()
		s.lost(TransportError)
		return
	}
	s.ws.rest = rest
	s.stuck, s.stall = true, s.srv.wheel.clock()+s.srv.options.WriteTimeout
	s.account()
	s.rewind()
	parked := s.ws.parked
	s.mu.Unlock()
	if parked.NotifyWritable() != nil {
		s.lost(TransportError)
	}
}

// endWriting is called with mu held, when nothing was left to write, and returns without it. An ended session has had its
// last word: the peer is told that nothing follows, and answers with its own end, which the reader sees.
func (s *Session) endWriting() {
	s.writing = false
	switch {
	case s.state == closed:
		s.mu.Unlock()
	case s.state == open || !s.outbox.empty() || s.ws.pong != nil:
		s.flush()
	default:
		parked := s.ws.parked
		s.mu.Unlock()
		if parked.CloseWrite() != nil {
			s.lost(TransportClose)
		}
	}
}

// takeWritable is called with mu held.
func (s *Session) takeWritable() (waiting frames, pong []byte) {
	if pong = s.ws.pong; pong != nil {
		s.ws.pong = nil
	}
	waiting = s.outbox.take()
	if s.v3 {
		s.outbox.bytes += waiting.prefixV3()
	}
	return waiting, pong
}

// prefixV3 gives binary frames the form of protocol 3 and returns by how many bytes they have grown.
func (q *frames) prefixV3() int {
	before := q.size()
	prefixed := frames{}
	for f := range q.all {
		if f.binary {
			f = f.forV3()
		}
		prefixed.push(f)
	}
	q.release()
	*q = prefixed
	return q.size() - before
}

// joinSize is up to how much memory for joined frames is kept for the next write.
const joinSize = 16 << 10

var joinPool = sync.Pool{New: func() any { b := make([]byte, 0, joinSize); return &b }}

// writeFrames writes all that the connection takes, joined, and returns the rest, whose bytes are not shared with a pool.
func writeFrames(parked netpoll.Conn, deflate bool, waiting frames, pong []byte) (rest []byte, err error) {
	if pong == nil && waiting.more == nil {
		wire := waiting.first.on(deflate)
		n, err := parked.Write(wire)
		return wire[n:], err
	}
	buf := joinPool.Get().(*[]byte)
	*buf = append((*buf)[:0], pong...)
	for f := range waiting.all {
		*buf = append(*buf, f.on(deflate)...)
	}
	n, err := parked.Write(*buf)
	if n < len(*buf) {
		rest = append([]byte(nil), (*buf)[n:]...)
	}
	if cap(*buf) <= 4*joinSize {
		joinPool.Put(buf)
	}
	return rest, err
}
