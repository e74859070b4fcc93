package attacks

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const watchEvery = 50 * time.Millisecond

// sample is a moment of a server whose clients do not read.
type sample struct {
	at    time.Time
	heap  int // bytes, some of them garbage
	stuck int // bytes
	ended int // clients as slow readers, so far
}

// samples is what was seen, in order.
type samples []sample

// watch takes samples until its end.
type watch struct {
	server *server
	taken  chan samples
	stop   chan struct{}
}

func (s *server) sample() (at sample, err error) {
	text, err := s.get("/metrics")
	at.at = time.Now()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		space := max(0, strings.LastIndexByte(line, ' ')) // there is one in a reason too
		name, value := line[:space], line[space:]
		to := map[string]*int{"go_memstats_heap_alloc_bytes": &at.heap, "dokkerr_stuck_bytes": &at.stuck, `dokkerr_sockets_ended_total{reason="slow reader"}`: &at.ended}[name]
		if to == nil {
			continue
		}
		number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return at, err
		}
		*to = int(number)
	}
	return at, err
}

// watch begins with a sample.
func (s *server) watch(t *testing.T) *watch {
	t.Helper()
	first, err := s.sample()
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{server: s, taken: make(chan samples, 1), stop: make(chan struct{})}
	go func() {
		all := samples{first}
		defer func() { w.taken <- all }()
		for tick := time.Tick(watchEvery); ; {
			select {
			case <-w.stop:
				return
			case <-tick:
			}
			if at, err := s.sample(); err == nil {
				all = append(all, at)
			}
		}
	}()
	return w
}

// await waits until nothing waits for anybody: who takes nothing of it has been closed. The others, whose events fit into the
// kernel's buffers, cost nothing, and the next heartbeat ends them.
func (w *watch) await(t *testing.T) {
	t.Helper()
	from := time.Now()
	for {
		at, err := w.server.sample()
		if err != nil {
			t.Fatal(err)
		}
		if at.stuck == 0 {
			t.Logf("nothing waits %v after the last message", time.Since(from).Round(100*time.Millisecond))
			return
		}
		if time.Since(from) > goneAfter {
			t.Errorf("%d bytes wait for clients that were not closed", at.stuck)
			return
		}
		time.Sleep(watchEvery)
	}
}

func (w *watch) end(t *testing.T) samples {
	t.Helper()
	close(w.stop)
	return <-w.taken
}

// most returns the most bytes that waited.
func (all samples) most() (stuck int) {
	for _, s := range all {
		stuck = max(stuck, s.stuck)
	}
	return stuck
}

// held returns by how much the heap grew, garbage left out: the least in each second, as the collector runs meanwhile.
func (all samples) held() (more int) {
	for from := 0; from < len(all); {
		least, to := all[from].heap, from
		for ; to < len(all) && all[to].at.Sub(all[from].at) < time.Second; to++ {
			least = min(least, all[to].heap)
		}
		more = max(more, least-all[0].heap)
		from = to
	}
	return more
}

// spent returns for how long at a stretch more than the budget waited.
func (all samples) spent(budget int) (longest time.Duration) {
	var since time.Time
	for _, s := range all {
		switch {
		case s.stuck <= budget:
			since = time.Time{}
		case since.IsZero():
			since = s.at
		default:
			longest = max(longest, s.at.Sub(since))
		}
	}
	return longest
}

func (all samples) String() string {
	return fmt.Sprintf("at most %d KiB waited, %d KiB of heap more, %d closed", all.most()>>10, all.held()>>10, all[len(all)-1].ended)
}

func (all samples) judge(t *testing.T, budget int) {
	t.Helper()
	if all.most() < budget/2 || all[len(all)-1].ended == 0 {
		t.Error("the budget was never spent")
	}
	if spent := all.spent(budget); spent > spentFor {
		t.Errorf("more than the budget waited for %v", spent)
	}
	if more := all.held() - budget; more > moreHeap {
		t.Errorf("%d KiB were held beside the budget", more>>10)
	}
}
