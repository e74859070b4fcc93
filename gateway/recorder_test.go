package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
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
	asked   int // whether it is full
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
	r.asked++
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
