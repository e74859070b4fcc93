package engineio

import (
	"sync"
	"time"
)

// wheel wakes sessions when their deadline has passed, up to one tick late. One goroutine
// serves all sessions of a server; it runs while there is anything to wait for.
type wheel struct {
	tick time.Duration // fixed at birth
	base time.Time     // fixed at birth; ticks count from here, by the monotonic clock

	mu      sync.Mutex
	slots   [wheelSlots]*Session // heads of lists linked through Session.timer
	waiting int
	last    int64         // the tick that was served last
	running bool          // whether the goroutine runs
	wake    chan struct{} // buffered; has the goroutine look again, so that it ends at once
	done    chan struct{} // closed when the goroutine has ended
}

const wheelSlots = 256

// timer is a session's place on the wheel; its owner is wheel.mu.
type timer struct {
	next, prev *Session
	due        int64 // the tick to wake at; 0: not on the wheel
}

// newWheel chooses a tick that is small against the shortest of the times it will be asked for.
func newWheel(shortest time.Duration) *wheel {
	tick := min(max(shortest/32, 5*time.Millisecond), 250*time.Millisecond)
	w := &wheel{tick: tick, base: time.Now(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	close(w.done)
	return w
}

// clock is the time since the wheel was made.
func (w *wheel) clock() time.Duration { return time.Since(w.base) }

func (w *wheel) now() int64 { return int64(w.clock() / w.tick) }

// schedule wakes s once, in d. An earlier schedule of s is forgotten.
func (w *wheel) schedule(s *Session, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.unlink(s)
	w.start(now)
	w.link(s, max(now, w.last)+1+int64(d/w.tick))
}

// forget takes s off the wheel.
func (w *wheel) forget(s *Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(s)
	if w.waiting == 0 {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (w *wheel) link(s *Session, due int64) {
	head := &w.slots[due%wheelSlots]
	s.timer = timer{next: *head, due: due}
	if *head != nil {
		(*head).timer.prev = s
	}
	*head = s
	w.waiting++
}

func (w *wheel) unlink(s *Session) {
	t := s.timer
	if t.due == 0 {
		return
	}
	if t.prev != nil {
		t.prev.timer.next = t.next
	} else {
		w.slots[t.due%wheelSlots] = t.next
	}
	if t.next != nil {
		t.next.timer.prev = t.prev
	}
	s.timer = timer{}
	w.waiting--
}

// start runs the goroutine if none runs.
func (w *wheel) start(now int64) {
	if w.running {
		return
	}
	w.running = true
	w.last = now
	w.done = make(chan struct{})
	go w.run(w.done)
}

func (w *wheel) run(done chan struct{}) {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	var due []*Session
	for {
		select {
		case <-ticker.C:
		case <-w.wake:
		}
		var idle bool
		if due, idle = w.collect(due[:0]); idle {
			close(done)
			return
		}
		for i, s := range due {
			s.alarm()
			due[i] = nil
		}
	}
}

// collect takes the sessions that are due off the wheel. It reports idle when
// none was due and none is left: the goroutine then ends.
func (w *wheel) collect(due []*Session) ([]*Session, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	from := max(w.last+1, now-wheelSlots+1)
	for t := from; t <= now; t++ {
		for s := w.slots[t%wheelSlots]; s != nil; {
			next := s.timer.next
			if s.timer.due <= now {
				w.unlink(s)
				due = append(due, s)
			}
			s = next
		}
	}
	w.last = max(w.last, now)
	w.running = w.waiting > 0 || len(due) > 0
	return due, !w.running
}

// ended returns a channel that is closed when no goroutine of the wheel runs, given that nobody schedules any more.
func (w *wheel) ended() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}
