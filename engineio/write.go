package engineio

import "sync"

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
	switch {
	case s.ws == nil:
		s.wakeGet()
	case !s.queued && !s.writing:
		s.queued = true
		s.flusher.add(s)
	}
	s.mu.Unlock()
}

// write sends what waits, as far as the kernel takes it; for the rest a goroutine waits.
func (s *Session) write() {
	s.mu.Lock()
	s.queued = false
	frames, pong := s.takeWritable()
	if frames == nil && pong == nil {
		s.mu.Unlock()
		return
	}
	s.writing = true
	s.mu.Unlock()
	rest, err := s.ws.writeDirect(frames, pong)
	if len(rest) > 0 && err == nil {
		s.srv.running.Add(1) // it is not zero while a flusher runs or the session is new
		go s.drain(rest, frames)
		return
	}
	if s.written(frames, err) {
		s.endWriting()
	}
}

// drain is write where that means waiting for the network.
func (s *Session) drain(rest []byte, frames *[]Frame) {
	defer s.srv.running.Done()
	for {
		err := s.ws.blockingWrite(rest)
		if !s.written(frames, err) {
			return
		}
		var pong []byte
		frames, pong = s.takeWritable()
		if frames == nil && pong == nil {
			s.endWriting()
			return
		}
		s.mu.Unlock()
		rest = join(nil, frames, pong)
	}
}

// takeWritable is called with mu held.
func (s *Session) takeWritable() (frames *[]Frame, pong []byte) {
	pong, s.ws.pong = s.ws.pong.wire, Frame{}
	frames = s.outbox.take()
	if s.v3 && frames != nil {
		s.outbox.bytes += prefixV3(*frames)
	}
	return frames, pong
}

// prefixV3 gives binary frames the form of protocol 3 and returns by how many bytes they have grown.
func prefixV3(frames []Frame) int {
	before := size(frames)
	for i, f := range frames {
		if f.binary {
			frames[i] = f.forV3()
		}
	}
	return size(frames) - before
}

// written settles what a write has come to. It returns true, with mu held, when the write went well.
func (s *Session) written(frames *[]Frame, err error) bool {
	s.mu.Lock()
	if frames != nil {
		s.outbox.bytes -= size(*frames)
		release(frames)
	}
	if err == nil {
		return true
	}
	s.mu.Unlock()
	if isSlow(err) {
		s.lost(SlowReader)
	}
	s.ws.raw.Close() // its reader does the rest
	return false
}

// endWriting is called with mu held, when nothing was left to write, and returns without it. An ended session has had its
// last word: the peer is told that nothing follows.
func (s *Session) endWriting() {
	s.writing = false
	if !s.outbox.empty() || s.ws.pong.wire != nil {
		s.flush() // it came while this write was under way
		return
	}
	ended := s.state != open
	s.mu.Unlock()
	if ended {
		s.ws.closeWrite()
	}
}

// joinSize is up to how much memory for joined frames is kept for the next write.
const joinSize = 16 << 10

var joinPool = sync.Pool{New: func() any { b := make([]byte, 0, joinSize); return &b }}

// writeDirect writes what the kernel takes without waiting and returns the rest, whose bytes are not shared with a pool.
func (c *conn) writeDirect(frames *[]Frame, pong []byte) (rest []byte, err error) {
	if pong == nil && len(*frames) == 1 {
		return c.direct.write((*frames)[0].wire)
	}
	buf := joinPool.Get().(*[]byte)
	*buf = join((*buf)[:0], frames, pong)
	rest, err = c.direct.write(*buf)
	if len(rest) > 0 {
		rest = append([]byte(nil), rest...)
	}
	if cap(*buf) <= 4*joinSize {
		joinPool.Put(buf)
	}
	return rest, err
}

func join(dst []byte, frames *[]Frame, pong []byte) []byte {
	dst = append(dst, pong...)
	if frames != nil {
		for i := range *frames {
			dst = append(dst, (*frames)[i].wire...)
		}
	}
	return dst
}
