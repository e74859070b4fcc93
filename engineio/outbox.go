package engineio

import "sync"

// outbox holds the frames that wait for one client. While empty it holds no
// memory. Its owner is Session.mu.
type outbox struct {
	frames *[]Frame // nil while empty
	bytes  int      // of frames, and of what is being written
}

var framesPool = sync.Pool{New: func() any { s := make([]Frame, 0, 16); return &s }}

func (o *outbox) push(frames []Frame) {
	if o.frames == nil {
		o.frames = framesPool.Get().(*[]Frame)
	}
	*o.frames = append(*o.frames, frames...)
	for i := range frames {
		o.bytes += len(frames[i].wire)
	}
}

func (o *outbox) empty() bool { return o.frames == nil }

// take hands all frames over. Their bytes count until written is called.
func (o *outbox) take() *[]Frame {
	frames := o.frames
	o.frames = nil
	return frames
}

// drop forgets what waits.
func (o *outbox) drop() {
	if frames := o.take(); frames != nil {
		o.bytes -= size(*frames)
		release(frames)
	}
}

func size(frames []Frame) int {
	n := 0
	for i := range frames {
		n += len(frames[i].wire)
	}
	return n
}

// release gives a slice of frames back to the pool, but for a large one.
func release(frames *[]Frame) {
	if cap(*frames) > 1024 {
		return
	}
	clear(*frames)
	*frames = (*frames)[:0]
	framesPool.Put(frames)
}
