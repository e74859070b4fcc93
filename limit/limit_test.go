package limit_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/limit"
)

func TestZeroValueAllowsEverything(t *testing.T) {
	for name, l := range map[string]limit.Limiter{"zero": {}, "zero rate": limit.NewLimiter(limit.Rate{})} {
		for range 1000 {
			if ok, wait := l.Allow(time.Now()); !ok || wait != 0 {
				t.Fatalf("%s: refused, wait %v", name, wait)
			}
		}
	}
}

func TestBurstThenRate(t *testing.T) {
	now := time.Now()
	l := limit.NewLimiter(limit.Rate{PerSecond: 10, Burst: 3})
	for range 3 {
		if ok, _ := l.Allow(now); !ok {
			t.Fatal("refused within the burst")
		}
	}
	ok, wait := l.Allow(now)
	if ok || wait != 100*time.Millisecond {
		t.Fatalf("after the burst: %v, wait %v; want refused, 100ms", ok, wait)
	}
	if ok, wait := l.Allow(now.Add(wait - 1)); ok || wait != 1 {
		t.Fatalf("a nanosecond early: %v, wait %v", ok, wait)
	}
	if ok, _ := l.Allow(now.Add(wait)); !ok {
		t.Fatal("refused after the wait it named")
	}
}

func TestRefillStopsAtTheBurst(t *testing.T) {
	now := time.Now()
	l := limit.NewLimiter(limit.Rate{PerSecond: 10, Burst: 3})
	for range 3 {
		l.Allow(now)
	}
	now = now.Add(time.Hour)
	allowed := 0
	for range 10 {
		if ok, _ := l.Allow(now); ok {
			allowed++
		}
	}
	if allowed != 3 {
		t.Errorf("%d allowed after an hour, want the burst of 3", allowed)
	}
}

func TestRefusalTakesNothing(t *testing.T) {
	now := time.Now()
	l := limit.NewLimiter(limit.Rate{PerSecond: 1, Burst: 1})
	l.Allow(now)
	for range 1000 {
		l.Allow(now)
		l.Reserve(now, 0)
	}
	if ok, _ := l.Allow(now.Add(time.Second)); !ok {
		t.Error("refused tokens were taken")
	}
}

func TestLongRunIsExact(t *testing.T) {
	now := time.Now()
	end := now.Add(time.Hour)
	l := limit.NewLimiter(limit.Rate{PerSecond: 8, Burst: 5})
	allowed := 0
	for now.Before(end) {
		ok, wait := l.Allow(now)
		if ok {
			allowed++
		}
		now = now.Add(wait)
	}
	if want := 5 + 8*3600 - 1; allowed != want { // the hour's last token is due as it ends
		t.Errorf("%d in an hour, want %d", allowed, want)
	}
}

func TestReserveQueuesBehindOthers(t *testing.T) {
	now := time.Now()
	l := limit.NewLimiter(limit.Rate{PerSecond: 10, Burst: 1})
	for i := range 4 {
		wait, ok := l.Reserve(now, 300*time.Millisecond)
		if want := time.Duration(i) * 100 * time.Millisecond; !ok || wait != want {
			t.Fatalf("token %d: wait %v, %v; want %v", i, wait, ok, want)
		}
	}
	if wait, ok := l.Reserve(now, 300*time.Millisecond); ok || wait != 400*time.Millisecond {
		t.Errorf("beyond max: wait %v, %v", wait, ok)
	}
	if wait, ok := l.Reserve(now.Add(100*time.Millisecond), 300*time.Millisecond); !ok || wait != 300*time.Millisecond {
		t.Errorf("100ms later: wait %v, %v", wait, ok)
	}
}

func TestRateWithoutRefillOrBurst(t *testing.T) {
	now := time.Now()
	only := limit.NewLimiter(limit.Rate{Burst: 2})
	for i, want := range []bool{true, true, false} {
		if ok, _ := only.Allow(now.Add(time.Duration(i) * 365 * 24 * time.Hour)); ok != want {
			t.Errorf("burst of 2 without refill, number %d: %v", i, ok)
		}
	}
	for range 100 {
		only.Reserve(now, math.MaxInt64)
	}
	if ok, _ := only.Allow(now); ok {
		t.Error("allowed after reservations without end")
	}
	one := limit.NewLimiter(limit.Rate{PerSecond: 1})
	for i, want := range []bool{true, false} {
		if ok, _ := one.Allow(now); ok != want {
			t.Errorf("rate without burst, number %d: %v", i, ok)
		}
	}
}

// Any two tokens and all between them fit into burst + rate × time, and the wait told is the shortest that helps.
func TestNoWindowHoldsMoreThanPromised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := limit.Rate{
			PerSecond: rapid.Float64Range(0.01, 1e4).Draw(t, "rate"),
			Burst:     rapid.IntRange(1, 50).Draw(t, "burst"),
		}
		l := limit.NewLimiter(rate)
		now := time.Now()
		var taken []time.Time
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, int64(2*time.Second)), 1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(step))
			before := l
			ok, wait := l.Allow(now)
			if ok {
				taken = append(taken, now)
				continue
			}
			if early, _ := before.Allow(now.Add(wait - 1)); early {
				t.Fatalf("told to wait %v, less would do", wait)
			}
			if late, _ := before.Allow(now.Add(wait)); !late {
				t.Fatalf("refused after the wait of %v", wait)
			}
		}
		interval := time.Duration(math.Round(float64(time.Second) / rate.PerSecond))
		for i := range taken {
			for j := i; j < len(taken); j++ {
				if n, room := j-i+1, rate.Burst+int(taken[j].Sub(taken[i])/interval); n > room {
					t.Fatalf("%d tokens in %v, at most %d promised", n, taken[j].Sub(taken[i]), room)
				}
			}
		}
	})
}

func BenchmarkAllow(b *testing.B) {
	now := time.Now()
	l := limit.NewLimiter(limit.Rate{PerSecond: 20, Burst: 50})
	b.ReportAllocs()
	for b.Loop() {
		l.Allow(now)
	}
}
