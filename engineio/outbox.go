package engineio

import "sync"

// outbox holds the frames that wait for one client. Its owner is Session.mu.
type outbox struct {
	waiting frames
	bytes   int // of waiting, and of what is being written
}

// frames is a queue of frames. The first one has its place in it, so that the queue of most sessions, which is
// empty or holds one frame, is no other memory.
type frames struct {
	first Frame    // nothing while empty
	more  *[]Frame // behind the first; nil: none
}

var morePool = sync.Pool{New: func() any { s := make([]Frame, 0, 16); return &s }}

func (o *outbox) push(unit ...Frame) {
	for _, f := range unit {
		o.waiting.push(f)
		o.bytes += len(f.wire)
	}
}

// FrameCost is about what a frame that waits costs beside its bytes.
const FrameCost = 64

// cost is what the outbox is held against its bounds for: a million tiny frames are no tiny thing to keep.
func (o *outbox) cost() int { return o.bytes + FrameCost*o.waiting.count() }

func (o *outbox) empty() bool { return o.waiting.empty() }

// take hands all frames over. Their bytes count until somebody takes them off.
func (o *outbox) take() frames {
	taken := o.waiting
	o.waiting = frames{}
	return taken
}

// drop forgets what waits.
func (o *outbox) drop() {
	dropped := o.take()
	o.bytes -= dropped.size()
	dropped.release()
}

func (q *frames) push(f Frame) {
	if q.first.encoded == nil {
		q.first = f
		return
	}
	if q.more == nil {
		q.more = morePool.Get().(*[]Frame)
	}
	*q.more = append(*q.more, f)
}

func (q frames) empty() bool { return q.first.encoded == nil }

// all yields the frames in order.
func (q frames) all(yield func(Frame) bool) {
	if q.empty() || !yield(q.first) || q.more == nil {
		return
	}
	for _, f := range *q.more {
		if !yield(f) {
			return
		}
	}
}

func (q frames) size() (bytes int) {
	for f := range q.all {
		bytes += len(f.wire)
	}
	return bytes
}

func (q frames) count() int {
	switch {
	case q.empty():
		return 0
	case q.more == nil:
		return 1
	}
	return 1 + len(*q.more)
}

func (q frames) anyBinary() bool {
	for f := range q.all {
		if f.binary {
			return true
		}
	}
	return false
}

// release gives the memory behind the first frame back to the pool, but for a large one.
func (q frames) release() {
	if q.more == nil || cap(*q.more) > 1024 {
		return
	}
	clear(*q.more)
	*q.more = (*q.more)[:0]
	morePool.Put(q.more)
}
