package limit

import (
	"sync"
	"time"
)

// Lockout is how many failures lock a key out, and for how long. One of math.MaxInt Failures never does.
type Lockout struct {
	Failures int           // of one key,
	Within   time.Duration // counted from the first of them,
	For      time.Duration // after the last of which everything of the key is refused
}

// Lockouts counts failures by key, for at most a fixed number of keys: the one that failed longest ago is forgotten first.
// A key that is locked out costs a look at a map. Its methods may run at once.
type Lockouts[K comparable] struct {
	Lockout // fixed at birth

	mu   sync.Mutex
	keys recent[K, failures] // under mu
}

// failures is one key's. When there are enough of them the key is locked out.
type failures struct {
	count int
	until instant // the end of what they are counted in, or of the lockout
}

// NewLockouts returns a Lockouts that remembers up to capacity keys. Memory grows with the keys that fail, up to that.
func NewLockouts[K comparable](l Lockout, capacity int) *Lockouts[K] {
	return &Lockouts[K]{Lockout: l, keys: newRecent[K](capacity, failures{until: longAgo})}
}

// Fail counts a failure, and reports whether it is the one that locks the key out. What fails while its key is locked out does not
// prolong that.
func (l *Lockouts[K]) Fail(key K, now time.Time) (locked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, at := l.keys.use(key), instantOf(now)
	if at >= f.until {
		*f = failures{until: at + instant(l.Within)}
	} else if f.count >= l.Failures {
		return false
	}
	f.count++
	if locked = f.count >= l.Failures; locked {
		f.until = at + instant(l.For)
	}
	return locked
}

// Locked reports whether a key is locked out. It remembers nothing.
func (l *Lockouts[K]) Locked(key K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.keys.peek(key)
	return f.count >= l.Failures && instantOf(now) < f.until
}

// Len returns the number of keys remembered.
func (l *Lockouts[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.keys.places)
}
