package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

var asha, ben = uuid.MustParse("a5000000-0000-4000-8000-000000000001"), uuid.MustParse("be000000-0000-4000-8000-000000000002")

// recorder is a sink that keeps what it was told, with a room for so many events until it is drained.
type recorder struct {
	mu      sync.Mutex
	told    []string
	offsets []string
	waiting int
	room    int // 0: endless
}

func (r *recorder) send(e *outgoing, offset string) { r.note(e.name, offset) }
func (r *recorder) confirm(proved func())           { go proved() }
func (r *recorder) replace()                        {}
func (r *recorder) join(booking dokkerr.ID)         { r.note("+"+bookingRoom(booking), "") }
func (r *recorder) leave(booking dokkerr.ID)        { r.note("-"+bookingRoom(booking), "") }

func (r *recorder) note(what, offset string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, what)
	if offset != "" {
		r.offsets = append(r.offsets, offset)
	}
	r.waiting++
}

func (r *recorder) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.room > 0 && r.waiting >= r.room
}

func (r *recorder) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = 0
}

func (r *recorder) taken() (told, offsets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told), slices.Clone(r.offsets)
}

// log is a store of one user's inbox whose commits can be seen before they are published, as a real one's.
type log struct {
	mu        sync.Mutex
	rows      []dokkerr.Delivery
	published dokkerr.Position
	reads     int
	fail      error
	pause     func() // before and behind each read; nil: none
}

func (l *log) commit(p dokkerr.Position, origin string) *dokkerr.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := fmt.Sprint("event ", p)
	l.rows = append(l.rows, dokkerr.Delivery{Name: name, Position: p, Origin: origin})
	return &dokkerr.Event{Name: name, To: []dokkerr.Recipient{{User: ben, Position: p}}, Origin: origin, Durable: true}
}

func (l *log) publish(d *feeds, e *dokkerr.Event) {
	d.publish(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.published = e.To[0].Position
}

func (l *log) head() dokkerr.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.published
}

func (l *log) inbox(ctx context.Context, _ dokkerr.ID, after dokkerr.Position, limit int) ([]dokkerr.Delivery, error) {
	l.wait()
	defer l.wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.fail != nil || ctx.Err() != nil {
		return nil, errors.Join(l.fail, ctx.Err())
	}
	var page []dokkerr.Delivery
	for _, row := range l.rows {
		if row.Position > after && len(page) < limit {
			page = append(page, row)
		}
	}
	return page, nil
}

func (l *log) store(context.Context, []dokkerr.Confirmation) error { return nil }

func (l *log) wait() {
	if l.pause != nil {
		l.pause()
	}
}

// behind returns the offsets that a subscription from a position on must see.
func (l *log) behind(start dokkerr.Position, session string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := feed{tag: userTag(ben)}
	var offsets []string
	for _, row := range l.rows {
		if row.Position > start && (session == "" || row.Origin != session) {
			offsets = append(offsets, f.offset(row.Position))
		}
	}
	return offsets
}

func startFeeds(t *testing.T, l *log) *feeds {
	logger := slog.New(slog.DiscardHandler)
	d := newFeeds(l.inbox, newPlaces(l.store, time.Minute, logger), time.Minute, logger)
	t.Cleanup(d.close)
	return d
}

func attached(t *testing.T, d *feeds, r *recorder, session string, start dokkerr.Position) *subscription {
	s := newSubscription(r, session, start)
	d.attach(ben, &s)
	s.settle(nil)
	return &s
}

// rest tells where a subscription at rest is.
func (s *subscription) rest() (live bool, cursor dokkerr.Position) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.live, s.cursor
}

func wantOffsets(t *testing.T, r *recorder, want []string) {
	t.Helper()
	if _, got := r.taken(); !slices.Equal(got, want) {
		t.Errorf("offsets sent:\n got %v\nwant %v", got, want)
	}
}

func TestLiveSocketGetsWhatIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		reads := l.reads
		for p := range dokkerr.Position(3) {
			l.publish(d, l.commit(10*p+7, "")) // positions have holes (R9)
		}
		tag := userTag(ben)
		wantOffsets(t, r, []string{tag + ".7", tag + ".17", tag + ".27"})
		if l.reads != reads {
			t.Errorf("a live socket read the store %d times", l.reads-reads)
		}
	})
}

func TestUserTagIsStable(t *testing.T) {
	if got := userTag(ben); got != "19d5597f" || userTag(asha) == got {
		t.Errorf("userTag = %q; it must never change, offsets of old connections carry it", got)
	}
}

func TestOwnSessionIsSkippedAndItsCursorAdvances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		l.publish(d, l.commit(1, "phone"))
		phone, laptop := &recorder{}, &recorder{}
		own, other := attached(t, d, phone, "phone", 0), attached(t, d, laptop, "laptop", 0)
		synctest.Wait()
		l.publish(d, l.commit(2, "phone"))
		l.publish(d, l.commit(3, ""))
		wantOffsets(t, phone, l.behind(2, ""))
		wantOffsets(t, laptop, l.behind(0, ""))
		for _, s := range []*subscription{own, other} {
			if live, cursor := s.rest(); !live || cursor != 3 {
				t.Errorf("live %v at %d, want live at 3", live, cursor)
			}
		}
	})
}

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
			time.Sleep(drainPause)
		}
		wantOffsets(t, r, l.behind(0, ""))
	})
}

func TestPassingEventIsDroppedForAFullSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		roomy, full := &recorder{}, &recorder{room: 1, waiting: 1}
		attached(t, d, roomy, "phone", 0)
		attached(t, d, full, "laptop", 0)
		d.publish(&dokkerr.Event{Name: "offer", To: []dokkerr.Recipient{{User: ben}}})
		if told, offsets := roomy.taken(); !slices.Equal(told, []string{"offer"}) || len(offsets) > 0 {
			t.Errorf("told %v with offsets %v", told, offsets)
		}
		if told, _ := full.taken(); len(told) > 0 {
			t.Errorf("a full socket was told %v", told)
		}
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

func TestFeedIsDroppedWithItsLastSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		one, two := &recorder{}, &recorder{}
		a, b := attached(t, d, one, "phone", 0), attached(t, d, two, "laptop", 0)
		synctest.Wait()
		d.detach(a)
		l.publish(d, l.commit(1, ""))
		d.detach(b)
		if len(d.byUser) != 0 {
			t.Error("the feed outlived its sockets")
		}
		l.publish(d, l.commit(2, ""))
		back := &recorder{}
		attached(t, d, back, "phone", 1)
		synctest.Wait()
		l.publish(d, l.commit(3, ""))
		wantOffsets(t, one, nil)
		wantOffsets(t, two, l.behind(0, "")[:1])
		wantOffsets(t, back, l.behind(1, ""))
	})
}

func TestRoomIsJoinedBeforeAndLeftBehindTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		room := bookingRoom(asha)
		for p, active := range []bool{false, true, false} {
			e := l.commit(dokkerr.Position(p)+1, "")
			e.Booking = &dokkerr.BookingChange{ID: asha, Active: active}
			l.publish(d, e)
		}
		told, _ := r.taken()
		if want := []string{"event 1", "-" + room, "+" + room, "event 2", "event 3", "-" + room}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// TestBookingsChangedWhileTheyAreListed settles with a list that is older than the events.
func TestBookingsChangedWhileTheyAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		s := newSubscription(r, "phone", 0)
		d.attach(ben, &s)
		begun, ended, stays := uuid.New(), uuid.New(), uuid.New()
		list := []dokkerr.Booking{{BookingID: ended}, {BookingID: stays}}
		for _, change := range []dokkerr.BookingChange{{ID: begun, Active: true}, {ID: ended}} {
			d.publish(&dokkerr.Event{Name: "change", To: []dokkerr.Recipient{{User: ben}}, Booking: &change})
		}
		s.settle(list)
		told, _ := r.taken()
		if want := []string{"+" + bookingRoom(begun), "change", "change", "-" + bookingRoom(ended), "+" + bookingRoom(stays)}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
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
