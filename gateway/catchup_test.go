package gateway

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestNothingIsMissedBetweenCommitAndPublish holds a commit back while a socket reads its start, connects and goes live.
func TestNothingIsMissedBetweenCommitAndPublish(t *testing.T) {
	for _, moment := range []string{"before the start is read", "before attach", "before the read", "behind the read"} {
		t.Run(moment, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &log{}
				d := startFeeds(t, l)
				l.publish(d, l.commit(1, ""))
				var held *dokkerr.Event
				at := func(now string) {
					if now == moment && held == nil {
						held = l.commit(2, "")
					}
				}
				moments := []string{"before the read", "behind the read"}
				l.pause = func() {
					if len(moments) > 0 {
						at(moments[0])
						moments = moments[1:]
					}
				}
				at("before the start is read")
				start := l.head()
				at("before attach")
				r := &recorder{}
				attached(t, d, r, "phone", start)
				synctest.Wait()
				l.publish(d, held)
				l.publish(d, l.commit(3, ""))
				synctest.Wait()
				wantOffsets(t, r, l.behind(1, ""))
			})
		})
	}
}

// TestPublishWhileCatchingUp publishes before, during and after the read of a socket that starts.
func TestPublishWhileCatchingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		step := make(chan struct{}) // lets the reader on, before and behind each read
		l.pause = func() { <-step }
		start := l.head()
		l.publish(d, l.commit(1, ""))
		r := &recorder{}
		attached(t, d, r, "phone", start)
		l.publish(d, l.commit(2, ""))
		step <- struct{}{}
		synctest.Wait() // the read has its rows
		l.publish(d, l.commit(3, ""))
		step <- struct{}{}
		step <- struct{}{}
		l.publish(d, l.commit(4, ""))
		close(step)
		synctest.Wait()
		l.publish(d, l.commit(5, ""))
		wantOffsets(t, r, l.behind(0, ""))
	})
}

func TestLongBacklogIsReadInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		for p := range dokkerr.Position(3*maxBatch + 7) {
			l.publish(d, l.commit(p+1, ""))
		}
		r := &recorder{}
		s := attached(t, d, r, "phone", 5)
		synctest.Wait()
		if live, _ := s.rest(); !live {
			t.Error("not live at the end of the backlog")
		}
		wantOffsets(t, r, l.behind(5, ""))
	})
}

func TestRowsThatAreGoneDoNotHoldASocketBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{room: 1}
		s := attached(t, d, r, "phone", 0)
		synctest.Wait()
		l.publish(d, l.commit(1, ""))
		l.publish(d, l.commit(2, ""))
		l.mu.Lock()
		l.rows = l.rows[:1] // erased before the catch-up
		l.mu.Unlock()
		r.drain()
		time.Sleep(time.Second)
		if live, cursor := s.rest(); !live || cursor != 2 {
			t.Errorf("live %v at %d, want live at 2", live, cursor)
		}
		wantOffsets(t, r, l.behind(0, ""))
	})
}

func TestFullSocketCatchesUpWhenItDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{room: 10}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		for p := range dokkerr.Position(5000) {
			l.publish(d, l.commit(p+1, ""))
		}
		wantOffsets(t, r, l.behind(0, "")[:10])
		for range 1000 {
			r.drain()
			time.Sleep(firstDrain)
		}
		wantOffsets(t, r, l.behind(0, ""))
	})
}

// TestStuckSocketCostsLittle: one that takes nothing for long is looked at seldom, and still soon served when it takes something.
func TestStuckSocketCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{room: 1}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		for p := range dokkerr.Position(3) {
			l.publish(d, l.commit(p+1, ""))
		}
		time.Sleep(time.Minute)
		if r.mu.Lock(); r.asked > 200 {
			t.Errorf("looked at %d times in a minute", r.asked)
		}
		r.mu.Unlock()
		r.drain()
		time.Sleep(lastDrain)
		wantOffsets(t, r, l.behind(0, "")[:2])
		r.drain()
		time.Sleep(lastDrain)
		wantOffsets(t, r, l.behind(0, ""))
	})
}

func TestInboxIsReadAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{fail: errors.New("disk on fire")}
		d := startFeeds(t, l)
		l.publish(d, l.commit(1, ""))
		r := &recorder{}
		attached(t, d, r, "phone", 0)
		time.Sleep(time.Minute)
		l.mu.Lock()
		if l.reads > 20 {
			t.Errorf("%d reads of a broken store in a minute", l.reads)
		}
		l.fail = nil
		l.mu.Unlock()
		time.Sleep(lastRetry)
		wantOffsets(t, r, l.behind(0, ""))
	})
}

func TestCatchUpEndsWithItsSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{fail: errors.New("disk on fire")}
		d := startFeeds(t, l)
		s := attached(t, d, &recorder{}, "phone", 0)
		time.Sleep(time.Minute)
		d.detach(s)
		d.running.Wait()
	})
}

func TestCloseEndsCatchUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reading := 0
		l := &log{}
		l.pause = func() {
			reading ^= 1
			time.Sleep(time.Second)
		}
		d := startFeeds(t, l)
		full := &recorder{room: 1, waiting: 1}
		stuck := attached(t, d, full, "phone", 0)
		time.Sleep(time.Hour)
		attached(t, d, &recorder{}, "tablet", 0)
		synctest.Wait()
		if reading != 1 {
			t.Fatal("no read is in flight")
		}
		d.close()
		if reading != 0 {
			t.Error("close returned before a read did")
		}
		d.detach(stuck) // as a socket that outlives the shutdown
		late := attached(t, d, &recorder{}, "laptop", 0)
		synctest.Wait()
		if live, _ := late.rest(); live || reading != 0 {
			t.Error("a catch-up ran after close")
		}
	})
}
