package limit_test

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/limit"
)

var tenAMinute = limit.Lockout{Failures: 10, Within: time.Minute, For: time.Minute}

// The tenth failure in a minute locks out, for a minute, whatever fails meanwhile; then the count begins anew.
func TestLockout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.NewLockouts[string](tenAMinute, 10)
		fail := func(n int, want bool) {
			t.Helper()
			for i := range n {
				if locked := l.Fail("a", time.Now()); locked != (want && i == n-1) {
					t.Fatalf("failure %d locks out: %v", i+1, locked)
				}
			}
			if locked := l.Locked("a", time.Now()); locked != want {
				t.Fatalf("locked out after %d failures: %v", n, locked)
			}
		}
		for range 3 {
			fail(9, false)
			time.Sleep(time.Minute - time.Nanosecond)
			fail(1, true) // the last instant in which it counts to the nine before
			time.Sleep(time.Minute - time.Nanosecond)
			if l.Fail("a", time.Now()) || !l.Locked("a", time.Now()) {
				t.Fatal("let in too early, or locked out twice")
			}
			time.Sleep(time.Nanosecond)
			if l.Locked("a", time.Now()) {
				t.Fatal("what failed meanwhile prolonged it")
			}
		}
		fail(9, false)
		time.Sleep(time.Minute)
		fail(9, false)
		if l.Locked("b", time.Now()) || l.Len() != 1 {
			t.Errorf("another key is locked out, or %d are remembered", l.Len())
		}
	})
}

func TestNoLockout(t *testing.T) {
	l, now := limit.NewLockouts[string](limit.Lockout{Failures: math.MaxInt, Within: time.Hour, For: time.Hour}, 10), time.Now()
	for range 1000 {
		if l.Fail("a", now) || l.Locked("a", now) {
			t.Fatal("locked out")
		}
	}
}

// Of failures at once exactly one is the one that locks out.
func TestLockoutBeginsOnce(t *testing.T) {
	l, now := limit.NewLockouts[string](tenAMinute, 10), time.Now()
	var all sync.WaitGroup
	began := make(chan bool, 100)
	for range 100 {
		all.Go(func() { began <- l.Fail("a", now) })
	}
	all.Wait()
	close(began)
	n := 0
	for locked := range began {
		if locked {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d failures locked out", n)
	}
}

// The promise is 64 MiB for a million keys that fail once each (promises §4, S-04).
func TestMemoryOfLockoutsIsBounded(t *testing.T) {
	const capacity = 100_000
	now := time.Now()
	before := heap()
	l := limit.NewLockouts[[2]uint64](tenAMinute, capacity)
	for i := range uint64(1_000_000) {
		l.Fail([2]uint64{i, i}, now)
	}
	grown := heap() - before
	t.Logf("%.1f MiB, %d bytes per key", float64(grown)/(1<<20), grown/capacity)
	if grown > 64<<20 || l.Len() != capacity {
		t.Errorf("%d bytes and %d keys for a million", grown, l.Len())
	}
}
