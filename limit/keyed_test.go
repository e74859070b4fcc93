package limit_test

import (
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/limit"
)

func TestKeysDoNotShareBuckets(t *testing.T) {
	now := time.Now()
	k := limit.NewKeyed[string](limit.Rate{PerSecond: 1, Burst: 1}, 10)
	for _, key := range []string{"a", "b"} {
		if ok, _ := k.Allow(key, now); !ok {
			t.Errorf("%s: refused", key)
		}
		if ok, wait := k.Allow(key, now); ok || wait != time.Second {
			t.Errorf("%s: second one %v, wait %v", key, ok, wait)
		}
	}
}

// A bucket that is remembered refuses; one that was forgotten is full. So the answers show which keys are known.
func TestLongestUnusedIsForgottenFirst(t *testing.T) {
	now := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 6).Draw(t, "capacity")
		k := limit.NewKeyed[int](limit.Rate{Burst: 1}, capacity)
		var model []int // the longest unused first
		for _, key := range rapid.SliceOfN(rapid.IntRange(0, 9), 1, 200).Draw(t, "keys") {
			at := slices.Index(model, key)
			if at >= 0 {
				model = slices.Delete(model, at, at+1)
			} else if len(model) == capacity {
				model = model[1:]
			}
			model = append(model, key)
			if ok, _ := k.Allow(key, now); ok == (at >= 0) {
				t.Fatalf("key %d: allowed %v, known %v", key, ok, at >= 0)
			}
			if k.Len() != len(model) {
				t.Fatalf("%d keys, want %d", k.Len(), len(model))
			}
		}
	})
}

func TestManyGoroutinesShareOneBurst(t *testing.T) {
	now := time.Now()
	k := limit.NewKeyed[string](limit.Rate{PerSecond: 1, Burst: 100}, 4)
	allowed := make([]int, 8)
	var wg sync.WaitGroup
	for i := range allowed {
		wg.Go(func() {
			for range 100 {
				if ok, _ := k.Allow("shared", now); ok {
					allowed[i]++
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range allowed {
		total += n
	}
	if total != 100 {
		t.Errorf("%d allowed, want the burst of 100", total)
	}
}

// The promise is 64 MiB for a million addresses that come once each (promises §4, S-04).
func TestMemoryIsBounded(t *testing.T) {
	const capacity = 100_000
	now := time.Now()
	before := heap()
	k := limit.NewKeyed[netip.Addr](limit.Rate{PerSecond: 20, Burst: 100}, capacity)
	address := netip.MustParseAddr("2001:db8::")
	for range 1_000_000 {
		k.Allow(address, now)
		address = address.Next()
	}
	grown := heap() - before
	t.Logf("%.1f MiB, %d bytes per key", float64(grown)/(1<<20), grown/capacity)
	if grown > 64<<20 {
		t.Errorf("%d bytes for a million addresses", grown)
	}
	if k.Len() != capacity {
		t.Errorf("%d keys, want %d", k.Len(), capacity)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkKeyedAllow(b *testing.B) {
	for name, keys := range map[string]int{"known": 1000, "evicting": 200_000} {
		b.Run(name, func(b *testing.B) {
			now := time.Now()
			k := limit.NewKeyed[netip.Addr](limit.Rate{PerSecond: 20, Burst: 100}, 100_000)
			addresses := make([]netip.Addr, keys)
			address := netip.MustParseAddr("2001:db8::")
			for i := range addresses {
				addresses[i] = address
				address = address.Next()
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k.Allow(addresses[i%keys], now)
			}
		})
	}
}
