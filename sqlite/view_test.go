package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestViewCancelled ends contexts in the middle of a question: the reader's connection serves the next.
func TestViewCancelled(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	user := uuid.New()
	err := s.Update(t.Context(), func(tx dokkerr.Tx) error {
		for range 2000 {
			tx.Append(event(user))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 50 * readerCount {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			err := s.View(ctx, func(r dokkerr.Reader) error {
				go cancel()
				_, err := r.Inbox(user, 0, 2000)
				return err
			})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range 2 * readerCount {
		err := s.View(t.Context(), func(r dokkerr.Reader) error {
			inbox, err := r.Inbox(user, 0, 3000)
			if len(inbox) != 2000 {
				t.Errorf("%d events", len(inbox))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestViewWaits asks more at once than there are connections.
func TestViewWaits(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	inside, free := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for range readerCount {
		all.Go(func() {
			err := s.View(t.Context(), func(dokkerr.Reader) error {
				inside <- struct{}{}
				<-free
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range readerCount {
		<-inside
	}
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if err := s.View(ctx, func(dokkerr.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(free)
	all.Wait()
}
