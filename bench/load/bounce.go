package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	bounceTime  = 20 * time.Millisecond
	bounceBatch = 100
)

// line is a number with a cache line of its own.
type line struct {
	atomic.Int64
	_ [120]byte
}

// bounce returns how long a cache line takes from this thread's core to another one and back, in nanoseconds. A virtual
// machine's cores move on the host, now near each other and now far apart, and with them the cost of every delivery.
func bounce(core int) (float64, error) {
	var ball, back line
	pinned := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		var set unix.CPUSet
		set.Set(core)
		pinned <- unix.SchedSetaffinity(0, &set)
		for n := int64(1); n > 0; n++ {
			for ball.Load() < n {
			}
			n = ball.Load()
			back.Store(n)
		}
	}()
	defer func() { ball.Store(last); <-done }()
	if err := <-pinned; err != nil {
		return 0, err
	}
	best, n := int64(1<<62), int64(0)
	for end := now() + int64(bounceTime); now() < end; {
		start := now()
		for range bounceBatch {
			n++
			ball.Store(n)
			for back.Load() != n {
			}
		}
		best = min(best, now()-start)
	}
	return float64(best) / bounceBatch, nil
}

// last overflows the other side's counter, which ends it.
const last = 1<<63 - 1
