// Package limit keeps rates and counts, each for one owner or by key, bounded in memory.
package limit

import (
	"math"
	"time"
)

// Rate is how often something may happen: Burst at once, then PerSecond. A rate without a burst has one of 1; one
// of no PerSecond never gives more than its burst.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Unlimited is a Rate that allows everything, where the zero Rate stands for a default.
var Unlimited = Rate{PerSecond: math.Inf(1)}

// Limiter is a token bucket for one owner. The zero value, and one made of a zero Rate, allow everything.
// It has no timer and no goroutine. Not for concurrent use.
//
// It is kept as the instant at which the bucket will be full again (the generic cell rate algorithm), in whole
// nanoseconds: no rounding adds up, and what it promises as a wait is exact.
type Limiter struct {
	pace
	full instant // when the bucket is full again
}

// NewLimiter returns a full bucket.
func NewLimiter(r Rate) Limiter { return Limiter{pace: paceOf(r), full: longAgo} }

// Allow takes one token, or returns false and how long until there is one.
func (l *Limiter) Allow(now time.Time) (ok bool, wait time.Duration) {
	wait, ok = l.take(&l.full, now, 0)
	return ok, wait
}

// Reserve takes one token in any case and returns how long the caller must wait for it, at most max; beyond, it takes
// nothing and returns false.
func (l *Limiter) Reserve(now time.Time, max time.Duration) (wait time.Duration, ok bool) {
	return l.take(&l.full, now, max)
}

// pace is a Rate as the bucket counts.
type pace struct {
	interval time.Duration // from one token to the next; 0: no limit
	slack    time.Duration // how far behind full the bucket may be and still have a token
}

// forever is longer than a server runs, and short enough that sums of it and an instant do not overflow.
const forever = time.Duration(1) << 61

func paceOf(r Rate) pace {
	if r.PerSecond <= 0 && r.Burst <= 0 {
		return pace{}
	}
	burst := time.Duration(max(r.Burst, 1))
	interval := forever / burst
	if every := float64(time.Second) / r.PerSecond; r.PerSecond > 0 && every < float64(interval) {
		interval = time.Duration(math.Round(every))
	}
	return pace{interval: interval, slack: (burst - 1) * interval}
}

// take books the next token of the bucket that is full again at *full, if it is due within patience.
func (p pace) take(full *instant, now time.Time, patience time.Duration) (wait time.Duration, ok bool) {
	if p.interval == 0 {
		return 0, true
	}
	at := instantOf(now)
	behind := max(*full, at)
	wait = max(0, time.Duration(behind-at)-p.slack)
	if wait > min(patience, forever) {
		return wait, false
	}
	*full = behind + instant(p.interval)
	return wait, true
}

// instant is nanoseconds on the process's monotonic clock: a third of a time.Time, and deaf to the wall clock's jumps.
type instant int64

// start is where instants are counted from. It never changes.
var start = time.Now()

// longAgo is before every instant that take is asked about.
const longAgo = instant(math.MinInt64)

func instantOf(t time.Time) instant { return instant(t.Sub(start)) }
