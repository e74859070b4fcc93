package limit

import (
	"context"
	"sync/atomic"
	"time"
)

// Gate lets a fixed number in at once; others wait for a while. Its methods may run at once. A nil Gate lets everybody in.
type Gate struct {
	slots    chan struct{} // holds one for each that is inside
	patience time.Duration // fixed at birth
	waiting  atomic.Int32
}

// crowd is how many may wait for one that is inside.
const crowd = 16

// NewGate returns a Gate for n at once. Who waits longer than patience is turned away.
func NewGate(n int, patience time.Duration) *Gate {
	return &Gate{slots: make(chan struct{}, max(n, 1)), patience: patience}
}

// Enter waits for a place and takes it, or returns false: after the gate's patience, with ctx, or at once when a crowd waits.
// Who was let in must Leave.
func (g *Gate) Enter(ctx context.Context) bool {
	if g == nil {
		return true
	}
	select {
	case g.slots <- struct{}{}:
		return true
	default:
		return g.wait(ctx)
	}
}

func (g *Gate) wait(ctx context.Context) bool {
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > int32(crowd*cap(g.slots)) {
		return false
	}
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Leave gives a place back.
func (g *Gate) Leave() {
	if g != nil {
		<-g.slots
	}
}
