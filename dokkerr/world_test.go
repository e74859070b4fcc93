package dokkerr_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
	"github.com/dokkerr/realtime/sqlite/sqlitetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service on a real store, with two users and what was told.
type world struct {
	*dokkerr.Service
	clock     *dokkerrtest.Clock
	asha, ben dokkerr.Actor
	mu        sync.Mutex
	events    []dokkerr.Event // under mu

	// Of lastTold, under mu.
	looked int
	last   map[dokkerr.ID]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		clock: dokkerrtest.NewClock(time.Date(2026, time.November, 22, 18, 0, 0, 123_456_789, time.UTC)),
		asha:  newActor(), ben: newActor(),
	}
	w.Service = dokkerr.NewService(sqlitetest.Open(t), &dokkerr.Options{Now: w.clock.Now, Publish: w.publish})
	return w
}

func newActor() dokkerr.Actor { return dokkerr.Actor{User: uuid.New(), Session: uuid.NewString()} }

func (w *world) publish(events []dokkerr.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
}

// told returns what was told since the last call.
func (w *world) told() []dokkerr.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

// names are those of what was told since the last call.
func (w *world) names() (names []string) {
	for _, e := range w.told() {
		names = append(names, e.Name)
	}
	return names
}

func text(to dokkerr.Actor, content string) dokkerr.NewMessage {
	return dokkerr.NewMessage{RecipientID: to.User.String(), Type: "text", Content: content}
}

func (w *world) send(t testing.TB, from, to dokkerr.Actor, content string) dokkerr.Receipt {
	t.Helper()
	r, err := w.Send(t.Context(), from, text(to, content))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refused fails unless err has the code, and for a validation error the path.
func refused(t testing.TB, err error, code dokkerr.Code, path string) {
	t.Helper()
	var e *dokkerr.Error
	if !errors.As(err, &e) || e.Code != code || e.Path != path {
		t.Errorf("%v, want %s at %q", err, code, path)
	}
	if e != nil && e.Message == "" {
		t.Error("an error without a message")
	}
}

// payload checks an event's JSON to the byte, given as a format of its parts.
func payload(t testing.TB, e dokkerr.Event, want string) {
	t.Helper()
	if !json.Valid(e.Data) || string(e.Data) != want {
		t.Errorf("%s has payload\n%s, want\n%s", e.Name, e.Data, want)
	}
}

// reaches checks whom an event reaches, in any order, and that each has a position.
func reaches(t testing.TB, e dokkerr.Event, users ...dokkerr.ID) {
	t.Helper()
	if len(e.To) != len(users) || !e.Durable {
		t.Fatalf("%s reaches %v (durable: %v)", e.Name, e.To, e.Durable)
	}
	for _, user := range users {
		found := false
		for _, to := range e.To {
			found = found || to.User == user && to.Position > 0
		}
		if !found {
			t.Errorf("%s reaches %v, not %v", e.Name, e.To, user)
		}
	}
}
