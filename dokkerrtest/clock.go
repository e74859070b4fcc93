// Package dokkerrtest holds what tests of dokkerr and of its stores share: the suite that every store runs, and a clock
// that a test turns.
package dokkerrtest

import (
	"sync"
	"time"
)

// Clock stands still until it is turned. Its methods may run at once.
type Clock struct {
	mu  sync.Mutex
	now time.Time // under mu
}

// NewClock returns a clock that shows now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance turns the clock, back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
