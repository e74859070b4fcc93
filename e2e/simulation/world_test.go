package simulation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/e2e/checker"
	"github.com/dokkerr/realtime/sqlite"
)

// world is a server, its clients, and what happens to them. All of it follows from the seed.
type world struct {
	t     *testing.T
	dir   string
	seed  uint64
	dice  dice // of what happens to the server and the lines; the driver's
	users []dokkerr.ID
	tabs  []*tab
	calm  atomic.Bool // no faults happen
	born  time.Time

	jump  atomic.Int64   // of the wall clock, in nanoseconds
	lives int            // of the server, so far; the driver's
	ended sync.WaitGroup // servers that were killed, on their way out

	mu      sync.Mutex
	server  *server         // nil: down; under mu
	links   []*link         // of this life; under mu
	events  []checker.Event // under mu
	moments []time.Duration // of the events; under mu
}

const (
	userCount = 3
	tabCount  = 5
	storm     = 40 * time.Second // of faults, and then a time
	settled   = 60 * time.Second // without: then all must be acknowledged and must have arrived
)

// epoch is where the wall clock begins: a bubble's own year is before the first position.
var epoch = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, dir string, seed uint64) *world {
	w := &world{t: t, dir: dir, seed: seed, dice: newDice(seed, 0), born: time.Now()}
	for n := range userCount {
		w.users = append(w.users, uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)))
	}
	return w
}

// clock is the wall clock, which jumps. What is told to wait for a time must not ask it.
func (w *world) clock() time.Time {
	return epoch.Add(time.Since(w.born) + time.Duration(w.jump.Load()))
}

// luck is what befalls the calls of many goroutines.
func (w *world) luck() luck { return luck{w.seed, w.calm.Load} }

func (w *world) add(e checker.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	w.moments = append(w.moments, time.Since(w.born))
}

// dial connects a client to the server.
func (w *world) dial(ctx context.Context, latency time.Duration) (net.Conn, *link, error) {
	w.mu.Lock()
	s := w.server
	w.mu.Unlock()
	if s == nil {
		return nil, nil, errors.New("nobody listens")
	}
	near, err := s.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	end, l := newLink(near, latency, w.luck())
	w.links = append(w.links, l)
	if w.server != s {
		l.cut(bothEnds)
	}
	return end, l, nil
}

// play runs a seed, and returns what its clients saw.
func (w *world) play() checker.History {
	end := w.open()
	w.calm.Store(false)
	for over := time.Now().Add(storm); time.Now().Before(over); {
		time.Sleep(w.dice.within(2 * time.Second))
		w.strike()
	}
	w.calm.Store(true)
	return end()
}

// open starts the server and the tabs. When all have joined they begin to send; end gives them the time to settle, ends all, and
// returns what they saw.
func (w *world) open() (end func() checker.History) {
	w.calm.Store(true)
	w.start(filepath.Join(w.dir, "0.db"))
	begin := make(chan struct{})
	ctx, leave := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for n := range tabCount {
		t := newTab(w, n, begin)
		w.tabs = append(w.tabs, t)
		all.Go(func() { t.run(ctx) })
	}
	for !w.all(func(t *tab) bool { return t.joined.Load() > 0 }) {
		time.Sleep(10 * time.Millisecond)
	}
	close(begin)
	return func() checker.History {
		time.Sleep(settled)
		if !w.all(func(t *tab) bool { return t.idle.Load() }) {
			w.t.Errorf("not all is sent and acknowledged after %v", settled)
		}
		leave()
		all.Wait()
		w.server.stop(w.t)
		w.ended.Wait()
		for _, l := range w.links {
			<-l.done
		}
		return w.history()
	}
}

// all says whether something holds of every tab.
func (w *world) all(holds func(*tab) bool) bool {
	return !slices.ContainsFunc(w.tabs, func(t *tab) bool { return !holds(t) })
}

// strike has one thing go wrong.
func (w *world) strike() {
	t := w.tabs[w.dice.below(len(w.tabs))]
	switch n := w.dice.below(20); {
	case n < 12:
		t.cut(damage(w.dice.below(int(damages))))
	case n < 14:
		t.reload.Store(true)
		t.cut(bothEnds)
	case n < 17:
		w.jump.Add(int64(jumps[w.dice.below(len(jumps))]))
	case n < 18:
		w.restart()
	default:
		w.kill()
	}
}

// jumps are what a wall clock does that somebody sets (promises F-16).
var jumps = []time.Duration{-24 * time.Hour, -time.Hour, -time.Second, time.Second, time.Hour, 24 * time.Hour}

// start begins a life of the server.
func (w *world) start(path string) {
	w.lives++
	s := openServer(w.t, path, w.clock, w.luck())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = s
}

// end takes the server off the net.
func (w *world) end() (s *server, links []*link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, links, w.server, w.links = w.server, w.links, nil, nil
	return s, links
}

// restart ends the server as a signal does, and starts it again.
func (w *world) restart() {
	s, links := w.end()
	s.stop(w.t)
	time.Sleep(w.dice.within(2 * time.Second))
	for _, l := range links {
		l.cut(bothEnds) // what the old process had open is closed
	}
	w.start(s.path)
}

// kill ends the server between two of its steps, and starts it again on what was written until then.
func (w *world) kill() {
	synctest.Wait()
	s, links := w.end()
	left := s.leave(w.t, filepath.Join(w.dir, fmt.Sprint(w.lives, ".db")))
	for _, l := range links {
		l.cut(bothEnds)
	}
	w.ended.Go(func() { s.stop(w.t) })
	time.Sleep(w.dice.within(2 * time.Second))
	w.start(left)
}

func conversation(a, b int) string { return fmt.Sprint(min(a, b), "-", max(a, b)) }

func (w *world) numberOf(user string) int {
	for n, id := range w.users {
		if id.String() == user {
			return n
		}
	}
	w.t.Errorf("stranger %s", user)
	return -1
}

// history is all that happened, and what is in the file at the end.
func (w *world) history() checker.History {
	h := checker.History{Events: w.events, Final: map[string][]checker.Message{}, Members: map[string][]string{}}
	store, err := sqlite.Open(w.t.Context(), w.server.path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for a := range w.users {
		for b := range a {
			name := conversation(a, b)
			h.Final[name] = messages(w.t, store, w.users[a], w.users[b])
			for _, t := range w.tabs {
				if t.user == a || t.user == b {
					h.Members[name] = append(h.Members[name], t.name)
				}
			}
		}
	}
	if err := store.Close(); err != nil {
		w.t.Error(err)
	}
	return h
}

// messages reads a conversation from the file.
func messages(t *testing.T, store *sqlite.Store, a, b dokkerr.ID) (all []checker.Message) {
	err := store.View(t.Context(), func(r dokkerr.Reader) error {
		c, err := r.ConversationOf(a, b)
		if errors.Is(err, dokkerr.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		list, err := r.Messages(c.ID, dokkerr.Span{Before: 1 << 50, Limit: 1 << 30})
		for _, m := range list {
			all = append(all, checker.Message{
				ID: m.MessageID.String(), Key: strings.TrimPrefix(m.Content, textOf("")), Seq: m.Seq, Body: m.Content,
			})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
