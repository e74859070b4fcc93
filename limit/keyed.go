package limit

import (
	"sync"
	"time"
)

// Keyed is a Limiter per key, for at most a fixed number of keys: the longest unused one is forgotten first.
// Its methods may run at once.
type Keyed[K comparable] struct {
	pace     pace // fixed at birth
	capacity int  // fixed at birth

	mu      sync.Mutex
	slots   map[K]int32 // under mu: where a key is in buckets
	buckets []bucket[K] // under mu: a ring by last use; buckets[0] belongs to no key and joins the ends
}

// bucket is one key's. Buckets name each other by index, so that the garbage collector need not follow them.
type bucket[K comparable] struct {
	key          K
	full         instant
	newer, older int32
}

// NewKeyed returns a Keyed that remembers up to capacity keys. Memory grows with the keys seen, up to that.
func NewKeyed[K comparable](r Rate, capacity int) *Keyed[K] {
	return &Keyed[K]{
		pace:     paceOf(r),
		capacity: max(capacity, 1),
		slots:    make(map[K]int32),
		buckets:  make([]bucket[K], 1),
	}
}

// Allow is Limiter.Allow for key.
func (k *Keyed[K]) Allow(key K, now time.Time) (ok bool, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.slot(key)
	wait, ok = k.pace.take(&k.buckets[i].full, now, 0)
	return ok, wait
}

// Ready returns what Allow would, and takes and remembers nothing.
func (k *Keyed[K]) Ready(key K, now time.Time) (ok bool, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i, known := k.slots[key]
	if !known {
		return true, 0
	}
	full := k.buckets[i].full
	wait, ok = k.pace.take(&full, now, 0)
	return ok, wait
}

// Reserve is Limiter.Reserve for key.
func (k *Keyed[K]) Reserve(key K, now time.Time, max time.Duration) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pace.take(&k.buckets[k.slot(key)].full, now, max)
}

// Len returns the number of keys remembered.
func (k *Keyed[K]) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.slots)
}

// slot returns the key's bucket, now the newest: its own, an unused one, or the oldest emptied for it.
func (k *Keyed[K]) slot(key K) int32 {
	i, known := k.slots[key]
	if known {
		k.unlink(i)
	} else {
		i = k.vacate()
		k.buckets[i] = bucket[K]{key: key, full: longAgo}
		k.slots[key] = i
	}
	k.link(i)
	return i
}

func (k *Keyed[K]) vacate() int32 {
	if len(k.slots) < k.capacity {
		k.buckets = append(k.buckets, bucket[K]{})
		return int32(len(k.buckets) - 1)
	}
	oldest := k.buckets[0].newer
	delete(k.slots, k.buckets[oldest].key)
	k.unlink(oldest)
	return oldest
}

func (k *Keyed[K]) unlink(i int32) {
	b := k.buckets[i]
	k.buckets[b.older].newer = b.newer
	k.buckets[b.newer].older = b.older
}

// link puts a bucket at the ring's new end.
func (k *Keyed[K]) link(i int32) {
	newest := k.buckets[0].older
	k.buckets[i].older, k.buckets[i].newer = newest, 0
	k.buckets[newest].newer = i
	k.buckets[0].older = i
}
