package engineio

import "sync"

// joinSize is up to how much is copied together to leave in one write.
const joinSize = 16 << 10

var joinPool = sync.Pool{New: func() any { b := make([]byte, 0, joinSize); return &b }}

// write sends what waits until nothing does. It is called by who began writing, with mu held, and returns without it. It
// does not wait for the network: where that is needed a goroutine goes on.
func (s *Session) write() {
	for {
		frames, pong := s.takeWritable()
		if frames == nil && pong == nil {
			s.endWriting()
			return
		}
		s.mu.Unlock()
		rest, err := s.ws.writeDirect(frames, pong)
		if len(rest) > 0 && err == nil {
			go s.drain(rest, frames)
			return
		}
		if !s.written(frames, err) {
			return
		}
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
	s.srv.running.Done()
	return false
}

// drain is write where that means waiting for the network.
func (s *Session) drain(rest []byte, frames *[]Frame) {
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
