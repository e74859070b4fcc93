package netpoll

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestTurnOnceMore(t *testing.T) {
	var at turn
	steps := []struct {
		step func() bool
		want bool
	}{{at.begin, true}, {at.begin, false}, {at.begin, false}, {at.again, true}, {at.again, false}, {at.begin, true}, {at.again, false}}
	for i, s := range steps {
		if got := s.step(); got != s.want {
			t.Errorf("step %d: got %v", i, got)
		}
	}
}

func TestTurnsAtOnce(t *testing.T) {
	var (
		at      turn
		inside  atomic.Int32
		calls   atomic.Int64
		seen    int64 // the last value of calls that a turn saw; the turn's
		callers sync.WaitGroup
	)
	for range 4 {
		callers.Go(func() {
			for range 20_000 {
				calls.Add(1)
				if !at.begin() {
					continue
				}
				for more := true; more; more = at.again() {
					if inside.Add(1) > 1 {
						t.Error("two turns at once")
					}
					seen = calls.Load()
					inside.Add(-1)
				}
			}
		})
	}
	callers.Wait()
	if seen != calls.Load() {
		t.Errorf("the last turn began after %d of %d calls", seen, calls.Load())
	}
}

func TestUsers(t *testing.T) {
	for range 100 {
		var (
			u        users
			released atomic.Int32
			all      sync.WaitGroup
		)
		for range 3 {
			all.Go(func() {
				for u.enter() {
					if released.Load() > 0 {
						t.Error("in use after its release")
					}
					if u.leave() {
						released.Add(1)
					}
				}
			})
		}
		for range 2 {
			all.Go(func() {
				if u.close() && u.leave() {
					released.Add(1)
				}
			})
		}
		all.Wait()
		if n := released.Load(); n != 1 {
			t.Fatalf("released %d times", n)
		}
	}
}
