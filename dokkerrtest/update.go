package dokkerrtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

var errRefused = errors.New("refused")

// testFailingDecision runs good and failing decisions in what is most likely one commit.
func testFailingDecision(t *testing.T, b *bench) {
	const each = 40
	user := uuid.New()
	errs := together(t, b, 2*each, func(i int, tx dokkerr.Tx) error {
		tx.Append(event(i, user))
		if i%2 == 1 {
			tx.SeeUser(user)
			return errRefused
		}
		return nil
	})
	for i, err := range errs {
		if (i%2 == 1) != errors.Is(err, errRefused) {
			t.Errorf("decision %d: %v", i, err)
		}
	}
	if n := len(inbox(t, b, user)); n != each {
		t.Errorf("%d events stored, want %d", n, each)
	}
	if n := len(b.events()); n != each {
		t.Errorf("%d events told, want %d", n, each)
	}
	if ask(t, b, func(r dokkerr.Reader) (bool, error) { return r.Seen(user) }) {
		t.Error("a failed decision was stored")
	}
}

// together runs n decisions that wait for the writer at the same time, and returns their errors.
func together(t *testing.T, b *bench, n int, decide func(i int, tx dokkerr.Tx) error) []error {
	t.Helper()
	release := Hold(t, b.store)
	errs := make([]error, n)
	var waiting sync.WaitGroup
	for i := range n {
		waiting.Go(func() {
			errs[i] = b.store.Update(t.Context(), func(tx dokkerr.Tx) error { return decide(i, tx) })
		})
	}
	release()
	waiting.Wait()
	return errs
}

// testBegin begins more than a commit takes before the first is waited for. One is given up, and one refused.
func testBegin(t *testing.T, b *bench) {
	const n, givenUp, refused = 300, 7, 11
	user := uuid.New()
	ctx, giveUp := context.WithCancel(t.Context())
	release := Hold(t, b.store)
	var ends []func() error
	var want []string
	for i := range n {
		decide := func(tx dokkerr.Tx) error {
			tx.Append(event(i, user))
			if i == refused {
				return errRefused
			}
			return nil
		}
		switch i {
		case givenUp:
			ends = append(ends, b.store.Begin(ctx, decide))
		default:
			ends = append(ends, b.store.Begin(t.Context(), decide))
		}
		if i != givenUp && i != refused {
			want = append(want, string(event(i, user).Data))
		}
	}
	giveUp()
	errs := map[int]error{givenUp: ends[givenUp]()}
	release()
	for i, end := range ends {
		if i != givenUp {
			errs[i] = end()
		}
		if expected := map[int]error{givenUp: context.Canceled, refused: errRefused}[i]; !errors.Is(errs[i], expected) {
			t.Errorf("decision %d: %v, want %v", i, errs[i], expected)
		}
	}
	var got []string
	for _, d := range inbox(t, b, user) {
		got = append(got, string(d.Data))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d events in the order %v", len(got), got)
	}
}

// testBrokenRule lets a decision write what the store itself must refuse: a message in another's place.
func testBrokenRule(t *testing.T, b *bench) {
	asha, ben, other := uuid.New(), uuid.New(), uuid.New()
	first := talk(t, b, asha, ben, "key-of-the-first-one")
	c := ask(t, b, func(r dokkerr.Reader) (dokkerr.ConversationState, error) { return r.Conversation(first.ConversationID) })
	broken := map[string]dokkerr.Entry{}
	broken["seq taken"], _ = message(t, dokkerr.ConversationState{ID: c.ID, Users: c.Users}, asha, "")
	broken["key taken"], _ = message(t, c, asha, "key-of-the-first-one")
	broken["id taken"], _ = message(t, c, asha, "")
	e := broken["id taken"]
	e.ID = first.MessageID
	broken["id taken"] = e
	for name, entry := range broken {
		errs := together(t, b, 5, func(i int, tx dokkerr.Tx) error {
			if i == 2 {
				tx.SeeUser(other)
				tx.Append(entry)
			} else {
				tx.Append(event(i, ben))
			}
			return nil
		})
		for i, err := range errs {
			if (err != nil) != (i == 2) {
				t.Errorf("%s: decision %d: %v", name, i, err)
			}
		}
	}
	if n := len(inbox(t, b, ben)); n != 1+3*4 {
		t.Errorf("%d events, want 13", n)
	}
	if ask(t, b, func(r dokkerr.Reader) (bool, error) { return r.Seen(other) }) {
		t.Error("half a decision was stored")
	}
	if next := talk(t, b, ben, asha, ""); next.Seq != 2 {
		t.Errorf("next seq is %d, want 2", next.Seq)
	}
}

func testPanic(t *testing.T, b *bench) {
	user := uuid.New()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic reached the caller")
			}
		}()
		_ = b.store.Update(t.Context(), func(tx dokkerr.Tx) error {
			tx.Append(event(1, user))
			panic("a bug")
		})
	}()
	b.do(t, func(tx dokkerr.Tx) { tx.Append(event(2, user)) })
	if n := len(inbox(t, b, user)); n != 1 {
		t.Errorf("%d events, want that of the second decision alone", n)
	}
}

func testEndedContext(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := b.store.Update(ctx, func(dokkerr.Tx) error {
		t.Error("ran")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update: %v", err)
	}
	if err := b.store.View(ctx, func(r dokkerr.Reader) error { _, err := r.Head(uuid.New()); return err }); err == nil {
		t.Error("a question was answered")
	}
}

// testOrder checks that what is told is in the order in which decisions ran, and told before its caller is answered.
func testOrder(t *testing.T, b *bench) {
	user := uuid.New()
	var ran []int
	errs := together(t, b, 100, func(i int, tx dokkerr.Tx) error {
		ran = append(ran, i) // by the writer alone
		tx.Append(event(i, user))
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	told := b.events()
	if len(told) != len(ran) {
		t.Fatalf("%d told, %d ran", len(told), len(ran))
	}
	for at, number := range ran {
		if want := fmt.Sprintf(`{"number":%d}`, number); string(told[at].Data) != want {
			t.Fatalf("told %s in place of %s", told[at].Data, want)
		}
	}
}

// testToldShows reads the inbox as soon as something was told, from another goroutine.
func testToldShows(t *testing.T, b *bench) {
	user := uuid.New()
	heads := make(chan dokkerr.Position, 100)
	b.listen = func(events []dokkerr.Event) { heads <- events[len(events)-1].To[0].Position }
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for range 20 {
			told := <-heads
			if head := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Head(user) }); head < told {
				t.Errorf("told %d, but the head is %d", told, head)
			}
		}
	})
	for i := range 20 {
		b.do(t, func(tx dokkerr.Tx) { tx.Append(event(i, user)) })
	}
	waiting.Wait()
}
