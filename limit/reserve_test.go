package limit_test

import (
	"testing"
	"time"

	"github.com/dokkerr/realtime/limit"
)

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
