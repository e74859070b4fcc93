package gateway

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

const (
	// notice is how long before its token expires a client is told.
	notice = time.Minute
	// glance is how often the clock and the issuer's keys are looked at: a clock that was set ends nobody later than that.
	glance = time.Second
)

// TokenExpired ends a connection whose token is over: the stock client comes back with what its auth function then gives.
const TokenExpired socketio.Reason = "token expired"

// lease is how long a socket may stay: as long as its token is good. All but the tenant is under leases.mu.
type lease struct {
	tenant   tenant         // fixed at birth
	identity token.Identity // of the token that counts
	warned   bool           // the tenant was told of the end
	due      time.Time      // of the next word to the tenant
	place    int            // in leases.byDue; -1: not there
}

// tenant is who has a lease. Its methods do not block.
type tenant interface {
	warn(expires time.Time)
	expire()
}

// leases ends the sockets whose tokens are over. One goroutine serves all, by the wall clock, as tokens go by it.
type leases struct {
	verifier *token.Verifier
	stop     context.CancelFunc
	running  sync.WaitGroup
	wake     chan struct{} // something is due earlier than was known

	mu    sync.Mutex
	byDue dueHeap // under mu
	keys  uint64  // the issuer's keys as all leases were held against them; under mu
}

func newLeases(v *token.Verifier) *leases {
	ctx, stop := context.WithCancel(context.Background())
	l := &leases{verifier: v, stop: stop, wake: make(chan struct{}, 1), keys: v.KeysVersion()}
	l.running.Go(func() { l.run(ctx) })
	return l
}

func newLease(of tenant, id token.Identity) lease { return lease{tenant: of, identity: id, place: -1} }

// begin counts a lease's time from now on.
func (l *leases) begin(of *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.schedule(of)
}

// renew has another token of the same user count.
func (l *leases) renew(of *lease, id token.Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of.identity, of.warned = id, false
	if of.place >= 0 {
		heap.Remove(&l.byDue, of.place)
		l.schedule(of)
	}
}

// end forgets a lease.
func (l *leases) end(of *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of.place >= 0 {
		heap.Remove(&l.byDue, of.place)
	}
}

// holder returns the identity that counts.
func (l *leases) holder(of *lease) token.Identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	return of.identity
}

// schedule puts a lease into the heap. The caller holds mu.
func (l *leases) schedule(of *lease) {
	l.appoint(of)
	heap.Push(&l.byDue, of)
	if of.place == 0 {
		rouse(l.wake)
	}
}

// appoint says when the tenant is to be told something: at once if the issuer has withdrawn the key. The caller holds mu.
func (l *leases) appoint(of *lease) {
	switch {
	case !l.verifier.Trusts(of.identity):
		of.warned, of.due = true, time.Time{}
	case of.warned:
		of.due = l.verifier.End(of.identity)
	default:
		of.due = of.identity.ExpiresAt.Add(-notice)
	}
}

func (l *leases) run(ctx context.Context) {
	timer := time.NewTimer(glance)
	defer timer.Stop()
	for {
		l.distrust()
		for tell := l.next(time.Now()); tell != nil; tell = l.next(time.Now()) {
			tell()
		}
		timer.Reset(l.pause(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.wake:
		}
	}
}

// distrust ends the leases whose keys the issuer has withdrawn.
func (l *leases) distrust() {
	now := l.verifier.KeysVersion()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now == l.keys {
		return
	}
	l.keys = now
	for _, of := range l.byDue {
		l.appoint(of)
	}
	heap.Init(&l.byDue)
}

// next takes what is due first, and returns how to tell it; nil for nothing. A tenant is warned once, and told of the end once.
func (l *leases) next(now time.Time) (tell func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.byDue) == 0 || l.byDue[0].due.After(now) {
		return nil
	}
	of := heap.Pop(&l.byDue).(*lease)
	if of.warned {
		return of.tenant.expire
	}
	of.warned = true
	l.schedule(of)
	expires := of.identity.ExpiresAt
	return func() { of.tenant.warn(expires) }
}

// pause returns how long nothing is due.
func (l *leases) pause(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.byDue) == 0 {
		return time.Hour // who comes first rouses
	}
	return max(0, min(glance, l.byDue[0].due.Sub(now)))
}

// close ends the goroutine and waits for it. Leases may still be begun, and last.
func (l *leases) close() {
	l.stop()
	l.running.Wait()
}

// dueHeap orders leases by what is due first.
type dueHeap []*lease

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	of := x.(*lease)
	of.place = len(*h)
	*h = append(*h, of)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	of := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	of.place = -1
	return of
}
