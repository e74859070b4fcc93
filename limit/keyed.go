package limit

import (
	"sync"
	"time"
)

// Keyed is a Limiter per key, for at most a fixed number of keys: the longest unused one is forgotten first.
// Its methods may run at once.
type Keyed[K comparable] struct {
	pace pace // fixed at birth

	mu   sync.Mutex
	full recent[K, instant] // under mu: when a key's bucket is full again
}

// NewKeyed returns a Keyed that remembers up to capacity keys. Memory grows with the keys seen, up to that.
func NewKeyed[K comparable](r Rate, capacity int) *Keyed[K] {
	return &Keyed[K]{pace: paceOf(r), full: newRecent[K](capacity, longAgo)}
}

// Allow is Limiter.Allow for key.
func (k *Keyed[K]) Allow(key K, now time.Time) (ok bool, wait time.Duration) {
	wait, ok = k.Reserve(key, now, 0)
	return ok, wait
}

// Reserve is Limiter.Reserve for key.
func (k *Keyed[K]) Reserve(key K, now time.Time, max time.Duration) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pace.take(k.full.use(key), now, max)
}

// Len returns the number of keys remembered.
func (k *Keyed[K]) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.full.places)
}
