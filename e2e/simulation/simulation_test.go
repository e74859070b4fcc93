// Package simulation plays the product's server and its clients in a bubble of time, where everything that goes wrong follows
// from one seed: lines that are cut, servers that are killed, stores that are slow or fail, clocks that jump. The checker
// judges what the clients saw.
//
//	go test ./e2e/simulation -run TestSimulation -seed=N   # plays one seed again
//	go test ./e2e/simulation -run TestSimulation -seeds=10000 -timeout 1h
package simulation

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dokkerr/realtime/e2e/checker"
)

var (
	seed  = flag.Uint64("seed", 0, "plays this seed alone; 0: all")
	first = flag.Uint64("first", 1, "the first seed")
	seeds = flag.Uint64("seeds", 200, "how many seeds")
)

// TestSimulation plays seeds. Nothing acknowledged may be lost, nothing may come twice, and nothing out of order.
func TestSimulation(t *testing.T) {
	from, to := *first, *first+*seeds
	switch {
	case *seed != 0:
		from, to = *seed, *seed+1
	case testing.Short():
		to = from + 10
	}
	for n := from; n < to; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			play(t, n)
		})
	}
}

// play plays a seed and has it judged.
func play(t *testing.T, n uint64) (w *world) {
	dir := memory(t)
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, dir, n)
		h := w.play()
		report := checker.Check(h)
		for _, v := range report.Violations {
			t.Error(v)
		}
		if report.Acked < tabCount*sendsOfTab {
			t.Errorf("%d messages were acknowledged", report.Acked)
		}
		if *seed != 0 {
			t.Logf("%d acknowledged, %d delivered, %d of them seen again by new pages, %d lives of the server",
				report.Acked, report.Delivered, report.Repeated, w.lives)
		}
	})
	if t.Failed() {
		t.Logf("play it again: go test ./e2e/simulation -run TestSimulation -seed=%d", n)
	}
	return w
}

// memory returns a directory that ends with the test, in memory if that can be had: what a disk keeps is e2e/powercut's to say.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "simulation")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestReplay plays seeds twice: all that the clients see and do happens again, to the nanosecond. It is the scheduler's to say
// what comes first of two things at one moment; few seeds hang on that.
func TestReplay(t *testing.T) {
	all := uint64(10)
	if testing.Short() {
		all = 3
	}
	var differ []string
	for n := range all {
		once, again := play(t, *first+n).transcript(), play(t, *first+n).transcript()
		if len(once) == 0 {
			t.Fatal("nothing happened")
		}
		if !slices.Equal(once, again) {
			differ = append(differ, fmt.Sprintf("seed %d: %s", *first+n, difference(once, again)))
		}
	}
	if len(differ) > 2 {
		t.Errorf("%d of %d seeds went another way:\n%s", len(differ), all, strings.Join(differ, "\n"))
	}
}

// difference is where two transcripts part.
func difference(a, b []string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("line %d: %q, then %q", i, a[i:min(i+1, len(a))], b[i:min(i+1, len(b))])
}

// transcript is what happened and when. Ids are random, and the order of what happens at one moment is the scheduler's.
func (w *world) transcript() (lines []string) {
	for i, e := range w.events {
		lines = append(lines, fmt.Sprintf("%15d %d %s %s %d %s", w.moments[i], e.Kind, e.Device, e.Key, e.Seq, e.Body))
	}
	slices.Sort(lines)
	return lines
}
