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
	at       time.Time // before it was asked
	heap     int       // bytes, some of them garbage
	stuck    int       // bytes
	ended    int       // clients as slow readers, so far
	computed time.Duration
}

// samples is what was seen, in order.
type samples []sample

// watch takes samples until its end.
type watch struct {
	server *server
	first  sample
	taken  chan samples
	stop   chan struct{}
}

func (s *server) sample() (sample, error) {
	at := time.Now()
	text, err := s.get("/metrics")
	values := make(map[string]float64)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		space := max(0, strings.LastIndexByte(line, ' ')) // there is one in a reason too
		if number, err := strconv.ParseFloat(strings.TrimSpace(line[space:]), 64); err == nil {
			values[line[:space]] = number
		}
	}
	return sample{
		at:       at,
		heap:     int(values["go_memstats_heap_alloc_bytes"]),
		stuck:    int(values["dokkerr_stuck_bytes"]),
		ended:    int(values[`dokkerr_sockets_ended_total{reason="slow reader"}`]),
		computed: time.Duration(values["process_cpu_seconds_total"] * float64(time.Second)).Round(10 * time.Millisecond),
	}, err
}

// watch begins with a sample.
func (s *server) watch(t *testing.T) *watch {
	t.Helper()
	first, err := s.sample()
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{server: s, first: first, taken: make(chan samples, 1), stop: make(chan struct{})}
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
	w.until(t, func(at sample) bool { return at.stuck == 0 })
	t.Logf("nothing waits %v after the last message", time.Since(from).Round(100*time.Millisecond))
}

// until waits for a sample.
func (w *watch) until(t *testing.T, as func(sample) bool) {
	t.Helper()
	for deadline := time.Now().Add(goneAfter); ; time.Sleep(watchEvery) {
		at, err := w.server.sample()
		if err != nil {
			t.Fatal(err)
		}
		if as(at) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes wait, %d clients were closed", at.stuck, at.ended)
		}
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

// closed returns how many clients were ended as slow readers.
func (all samples) closed() int { return all[len(all)-1].ended - all[0].ended }

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

// closing returns how long it took at most, from when more waited than the budget until it was within it again and who had to go was
// closed: from the last sample before it, as nobody sees the moment itself, to the first one behind.
func (all samples) closing(budget int) (longest time.Duration) {
	within := all[0]
	for _, s := range all[1:] {
		if s.stuck > budget || s.ended > within.ended {
			longest = max(longest, s.at.Sub(within.at))
		}
		if s.stuck <= budget {
			within = s
		}
	}
	return longest.Round(time.Millisecond)
}

func (all samples) String() string {
	return fmt.Sprintf("at most %d KiB waited, %d KiB of heap more, %d closed", all.most()>>10, all.held()>>10, all.closed())
}

func (all samples) judge(t *testing.T, budget int) {
	t.Helper()
	if all.most() < budget/2 || all.closed() == 0 {
		t.Error("the budget was never spent")
	}
	if took := all.closing(budget); took > closedAfter() {
		t.Errorf("who had to go was closed only %v after the budget was spent", took)
	}
	if more := all.held() - budget; more > moreHeap {
		t.Errorf("%d KiB were held beside the budget", more>>10)
	}
}
