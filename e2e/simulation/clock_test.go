package simulation

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/e2e/checker"
)

// TestClockJumps is F-16 by itself: the wall clock is set while everybody writes, and nothing else happens. No connection ends, as
// heartbeats do not ask that clock; order is by seq, and positions rise, over a restart in the past too.
func TestClockJumps(t *testing.T) {
	dir := memory(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir, 1)
		end := w.open()
		for _, jump := range append(jumps, -24*time.Hour) {
			w.jump.Add(int64(jump))
			time.Sleep(1500 * time.Millisecond) // of messages and heartbeats
		}
		for _, tab := range w.tabs {
			if n := tab.joined.Load(); n != 1 {
				t.Errorf("%s has connected %d times", tab.name, n)
			}
		}
		before := w.position(0)
		w.jump.Add(int64(-48 * time.Hour))
		w.restart()
		report := checker.Check(end())
		for _, v := range report.Violations {
			t.Error(v)
		}
		if report.Acked != tabCount*sendsOfTab || report.Repeated > 0 || w.position(0) <= before || before == 0 {
			t.Errorf("%d acknowledged, %d repeated, position %d after %d", report.Acked, report.Repeated, w.position(0), before)
		}
	})
}

// position is where a tab stands, 0 before its first event.
func (w *world) position(n int) int64 {
	synctest.Wait() // its reader is at rest
	_, digits, _ := strings.Cut(w.tabs[n].offset, ".")
	p, _ := strconv.ParseInt(digits, 10, 64) // "" is 0
	return p
}
