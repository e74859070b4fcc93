package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
)

func event(user dokkerr.ID) dokkerr.Entry {
	return dokkerr.Entry{Event: dokkerr.Event{
		Name: "test.event", Data: []byte(`{}`), To: []dokkerr.Recipient{{User: user}}, Durable: true,
	}}
}

func add(t *testing.T, s *Store, user dokkerr.ID) error {
	t.Helper()
	return s.Update(t.Context(), func(tx dokkerr.Tx) error {
		tx.Append(event(user))
		return nil
	})
}

func headOf(t *testing.T, s *Store, user dokkerr.ID) (head dokkerr.Position) {
	t.Helper()
	err := s.View(context.Background(), func(r dokkerr.Reader) (err error) {
		head, err = r.Head(user)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return head
}

// TestHorizon looks between the commit and the telling: what is on disk but not told does not show (delivery R3).
func TestHorizon(t *testing.T) {
	user := uuid.New()
	var s *Store
	var before, between, telling dokkerr.Position
	look := func(head *dokkerr.Position) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			*head = headOf(t, s, user)
			err := s.View(context.Background(), func(r dokkerr.Reader) error {
				inbox, err := r.Inbox(user, *head, 10)
				if len(inbox) > 0 {
					t.Errorf("inbox above the head: %+v", inbox)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}()
		<-done
	}
	s = openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{Hooks: Hooks{Committed: func(Commit) { look(&between) }}})
	s.Subscribe(func([]dokkerr.Event) { look(&telling) })
	for range 3 {
		before = headOf(t, s, user)
		if err := add(t, s, user); err != nil {
			t.Fatal(err)
		}
		if between != before || telling <= before || telling != headOf(t, s, user) {
			t.Errorf("head %d before, %d between commit and telling, %d while telling", before, between, telling)
		}
	}
}

// limitPages lets the file grow by n pages and no more; -1 is for ever.
func limitPages(t *testing.T, s *Store, n int) {
	t.Helper()
	err := s.Update(t.Context(), func(lent dokkerr.Tx) error {
		c := lent.(*tx).conn
		pages := 1 << 30
		if n >= 0 {
			if err := c.sql.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
				return err
			}
			pages += n
		}
		_, err := c.sql.ExecContext(t.Context(), "PRAGMA max_page_count = "+strconv.Itoa(pages))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk fills the file under many senders: who was answered is stored, nobody else is, positions and seqs go on
// where they stood, and reading goes on.
func TestFullDisk(t *testing.T) {
	var failures atomic.Int64
	o := &Options{Hooks: Hooks{Failed: func(error) { failures.Add(1) }}}
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), o)
	var told atomic.Int64
	service := dokkerr.NewService(s, &dokkerr.Options{Publish: func(e []dokkerr.Event) { told.Add(int64(len(e))) }})
	asha, ben := uuid.New(), uuid.New()
	send := func() error {
		_, err := service.Send(t.Context(), dokkerr.Actor{User: asha},
			dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: "a long day on the water"})
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, 20)
	stored, refused := storm(t, 16, 100, send)
	stored++
	if refused == 0 || failures.Load() == 0 {
		t.Fatal("the disk was never full")
	}
	head := headOf(t, s, ben)
	if told.Load() != stored {
		t.Errorf("%d stored, %d told", stored, told.Load())
	}
	limitPages(t, s, -1)
	if err := send(); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	if next := headOf(t, s, ben); next != head+1 {
		t.Errorf("head went from %d to %d: what failed was not put back", head, next)
	}
	err := s.View(t.Context(), func(r dokkerr.Reader) error {
		c, err := r.ConversationOf(asha, ben)
		if c.Seq != stored+1 {
			t.Errorf("seq %d after %d messages", c.Seq, stored+1)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// storm sends from many goroutines, and counts who was answered and who was told that the disk is full.
func storm(t *testing.T, senders, each int, send func() error) (stored, refused int64) {
	t.Helper()
	var ok, full atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range each {
				switch err := send(); codeOf(err) {
				case "":
					ok.Add(1)
				case dokkerr.StorageFull:
					full.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return ok.Load(), full.Load()
}

func codeOf(err error) dokkerr.Code {
	var e *dokkerr.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return dokkerr.InternalError
	}
	return ""
}

// TestBusyFile has somebody else hold the file's lock.
func TestBusyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openTest(t, path, nil)
	user := uuid.New()
	if err := add(t, s, user); err != nil {
		t.Fatal(err)
	}
	head := headOf(t, s, user)
	err := s.Update(t.Context(), func(lent dokkerr.Tx) error { return lent.(*tx).conn.pragma("busy_timeout(0)") })
	if err != nil {
		t.Fatal(err)
	}
	db, err := (&Store{}).pool(path, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := add(t, s, user); codeOf(err) != dokkerr.StorageUnavailable {
		t.Errorf("locked out: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := add(t, s, user); err != nil {
		t.Error(err)
	}
	if next := headOf(t, s, user); next != head+1 {
		t.Errorf("head %d after %d", next, head)
	}
}

// TestBatch fills the queue while the writer is held: what waits goes into as few commits as it fits.
func TestBatch(t *testing.T) {
	var commits []Commit // the writer's, until the store is closed
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{Hooks: Hooks{Committed: func(c Commit) { commits = append(commits, c) }}})
	user := uuid.New()
	release := dokkerrtest.Hold(t, s)
	var all sync.WaitGroup
	for range maxBatch + 44 {
		all.Go(func() {
			if err := add(t, s, user); err != nil {
				t.Error(err)
			}
		})
	}
	for len(s.writer.queue) < maxBatch+44 {
		runtime.Gosched()
	}
	release()
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(commits) != 3 || commits[1].Commands != maxBatch || commits[1].Events != maxBatch || commits[2].Commands != 44 {
		t.Errorf("commits %+v", commits)
	}
	if commits[1].Took <= 0 {
		t.Errorf("took %v", commits[1].Took)
	}
}

// TestBatchOnOneCore lets senders that wait for their answers share a core with the writer: they are committed together,
// though each of them wakes the writer.
func TestBatchOnOneCore(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const senders, events = 64, 20
	commits := 0 // the writer's, until the store is closed
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{Hooks: Hooks{Committed: func(Commit) { commits++ }}})
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			user := uuid.New()
			for range events {
				if err := add(t, s, user); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if most := senders * events / 8; commits > most {
		t.Errorf("%d commits of %d events, want at most %d", commits, senders*events, most)
	}
}

// TestGivenUp ends a caller's context while its command waits in the queue.
func TestGivenUp(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	release := dokkerrtest.Hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ran := false // the writer's
	go func() {
		done <- s.Update(ctx, func(dokkerr.Tx) error {
			ran = true
			return nil
		})
	}()
	for len(s.writer.queue) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("gave up with %v", err)
	}
	release()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if ran {
		t.Error("ran what was given up")
	}
}

// TestRunsOnceTaken ends a caller's context while its decision runs: the outcome is the commit's.
func TestRunsOnceTaken(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	user := uuid.New()
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx dokkerr.Tx) error {
		cancel()
		tx.Append(event(user))
		return nil
	})
	if err != nil || headOf(t, s, user) == 0 {
		t.Errorf("%v, head %d", err, headOf(t, s, user))
	}
}

// TestQueueBound fills the queue to its end: who finds no place waits as long as its context.
func TestQueueBound(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	release := dokkerrtest.Hold(t, s)
	var all sync.WaitGroup
	for range maxQueue {
		all.Go(func() {
			if err := s.Update(t.Context(), func(dokkerr.Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	for len(s.writer.queue) < maxQueue {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Update(ctx, func(dokkerr.Tx) error { t.Error("ran"); return nil }) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release()
	all.Wait()
}

// TestClose closes under load: what was answered is there, the rest was refused.
func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	user := uuid.New()
	var stored atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for {
				if err := add(t, s, user); err != nil {
					if codeOf(err) != dokkerr.StorageUnavailable {
						t.Error(err)
					}
					return
				}
				stored.Add(1)
			}
		})
	}
	for stored.Load() < 100 {
		runtime.Gosched()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := s.View(t.Context(), func(dokkerr.Reader) error { return nil }); codeOf(err) != dokkerr.StorageUnavailable {
		t.Errorf("a question after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	s = openTest(t, path, nil)
	var inbox []dokkerr.Delivery
	err = s.View(t.Context(), func(r dokkerr.Reader) (err error) {
		inbox, err = r.Inbox(user, 0, 1<<20)
		return err
	})
	if err != nil || int64(len(inbox)) != stored.Load() {
		t.Errorf("%d rows for %d answers, %v", len(inbox), stored.Load(), err)
	}
}
