package gateway

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestEveryInterleaving plays commits that are published late, sockets that come and go, slow reads and full sockets, in an order that the
// seed decides, and wants each socket to have exactly what was published since its start, once and in order.
func TestEveryInterleaving(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) { playInterleaving(t, seed) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func playInterleaving(t *testing.T, seed uint64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	upTo := func(n int) int { mu.Lock(); defer mu.Unlock(); return random.IntN(n) }
	nap := func() { time.Sleep(time.Duration(upTo(20)) * time.Millisecond) }
	l := &log{pause: nap}
	d := startFeeds(t, l)
	sessions := []string{"phone", "laptop", "tablet", ""}
	var wg sync.WaitGroup
	wg.Go(func() { // the store's writer
		for p := dokkerr.Position(1); p < 150; p += dokkerr.Position(1 + upTo(3)) {
			e := l.commit(p, sessions[upTo(4)])
			nap()
			l.publish(d, e)
			nap()
		}
	})
	for i := range 6 {
		wg.Go(func() {
			for range 3 {
				nap()
				playSocket(t, d, l, sessions[i%3], nap, upTo(40))
			}
		})
	}
	wg.Wait()
	if len(d.byUser) != 0 {
		t.Error("a feed outlived its sockets")
	}
}

// playSocket lives for some naps, comes to rest and compares what it got with the store.
func playSocket(t *testing.T, d *feeds, l *log, session string, nap func(), life int) {
	r := &recorder{room: 3}
	start := l.head()
	nap()
	s := newSubscription(r, session, start)
	d.attach(ben, &s)
	defer d.detach(&s)
	s.settle(nil)
	for range life {
		nap()
		r.drain()
	}
	r.mu.Lock()
	r.room = 0
	r.mu.Unlock()
	before := l.head()
	time.Sleep(5 * time.Second)
	want := l.behind(start, session)
	_, got := r.taken()
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("session %s from %d, head %d:\n got %v\nwant %v", session, start, before, got, want)
	}
}
