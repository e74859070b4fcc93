package gateway

import (
	"context"
	"sync"
	"time"
)

// The bounds of what a catch-up sends beyond what has provably arrived (delivery R8). They begin low, so that on a slow line no
// heartbeat is late, double with each proof that comes soon, and are halved by one that takes twice as long.
const (
	firstEvents = 128
	firstBytes  = 8 << 10
	lastEvents  = 16 << 10
	lastBytes   = 1 << 20
)

// load is a number of events and their bytes.
type load struct{ events, bytes int }

func (l load) minus(other load) load { return load{l.events - other.events, l.bytes - other.bytes} }

// window bounds one catch-up. Proofs come from the reader.
type window struct {
	soon  time.Duration // fixed at birth
	proof chan struct{} // has one after a proof

	mu      sync.Mutex
	limit   load // under mu
	sent    load // since the catch-up began; under mu
	pinged  load // what stands before the last ping; under mu
	proven  load // under mu
	blocked bool // the next event waits for a proof; under mu
}

func newWindow(soon time.Duration) *window {
	return &window{soon: soon, proof: make(chan struct{}, 1), limit: load{firstEvents, firstBytes}}
}

// fits says whether an event of that size may be sent. Where nothing is on its way any may.
func (w *window) fits(size int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	ahead := w.sent.minus(w.proven)
	w.blocked = ahead.events > 0 && (ahead.events >= w.limit.events || ahead.bytes+size > w.limit.bytes)
	return !w.blocked
}

// add counts an event, and says whether a ping is due behind it.
func (w *window) add(size int) (due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.events++
	w.sent.bytes += size
	unproven := w.sent.minus(w.pinged)
	return 2*unproven.events >= w.limit.events || 2*unproven.bytes >= w.limit.bytes
}

// mark is what a ping proves, and when it was sent.
type mark struct {
	load
	at time.Time
}

// mark returns the mark of a ping that is sent now.
func (w *window) mark() mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pinged = w.sent
	return mark{w.sent, time.Now()}
}

// stuck says whether the next event waits for a proof, and whether no ping asks for all of it yet.
func (w *window) stuck() (stuck, unasked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocked, w.pinged != w.sent
}

// wait returns after a proof, or with ctx.
func (w *window) wait(ctx context.Context) {
	select {
	case <-w.proof:
	case <-ctx.Done():
	}
}

// prove takes the pong to the ping of a mark.
func (w *window) prove(m mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proven = m.load
	switch took := time.Since(m.at); {
	case took <= w.soon:
		w.limit = load{min(2*w.limit.events, lastEvents), min(2*w.limit.bytes, lastBytes)}
	case took >= 2*w.soon:
		w.limit = load{max(w.limit.events/2, firstEvents), max(w.limit.bytes/2, firstBytes)}
	}
	w.blocked = false
	select {
	case w.proof <- struct{}{}:
	default:
	}
}
