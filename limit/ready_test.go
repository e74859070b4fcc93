package limit_test

import (
	"testing"
	"time"

	"github.com/dokkerr/realtime/limit"
)

func TestReadyTakesNothing(t *testing.T) {
	now := time.Now()
	k := limit.NewKeyed[string](limit.Rate{PerSecond: 1, Burst: 1}, 10)
	if ok, _ := k.Ready("a", now); !ok || k.Len() != 0 {
		t.Fatalf("a stranger: %v, %d remembered", ok, k.Len())
	}
	k.Allow("a", now)
	for range 2 {
		if ok, wait := k.Ready("a", now); ok || wait != time.Second {
			t.Fatalf("%v, wait %v", ok, wait)
		}
	}
	if ok, _ := k.Ready("a", now.Add(time.Second)); !ok {
		t.Error("not ready after the wait it named")
	}
}

func TestReserveByKey(t *testing.T) {
	now := time.Now()
	k := limit.NewKeyed[string](limit.Rate{PerSecond: 1, Burst: 1}, 10)
	for i := range 3 {
		if wait, ok := k.Reserve("a", now, 2*time.Second); !ok || wait != time.Duration(i)*time.Second {
			t.Errorf("reservation %d: wait %v, %v", i, wait, ok)
		}
	}
	if _, ok := k.Reserve("a", now, 2*time.Second); ok {
		t.Error("waits beyond the most it would wait")
	}
}

func TestUnlimited(t *testing.T) {
	l := limit.NewLimiter(limit.Unlimited)
	now := time.Now()
	for range 10_000 {
		if ok, _ := l.Allow(now); !ok {
			t.Fatal("refused")
		}
	}
}
