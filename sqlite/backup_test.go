package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// senders send from asha to ben until the context ends, and count what was acknowledged.
func senders(ctx context.Context, t *testing.T, s *dokkerr.Service, n int, asha, ben dokkerr.ID) (acked *atomic.Int64, wait func()) {
	acked = new(atomic.Int64)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := s.Send(t.Context(), dokkerr.Actor{User: asha},
					dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: "Ahoi"})
				if err != nil {
					t.Error(err)
					return
				}
				acked.Add(1)
			}
		})
	}
	return acked, all.Wait
}

func inboxOf(t *testing.T, s *Store, user dokkerr.ID) (inbox []dokkerr.Delivery) {
	t.Helper()
	err := s.View(t.Context(), func(r dokkerr.Reader) (err error) {
		inbox, err = r.Inbox(user, 0, 1<<30)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inbox
}

// TestDrill makes a backup under load, goes on, restores it, and goes on from there: what was acknowledged before the
// backup began is in it, and no position is given twice (delivery R6).
func TestDrill(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "live.db"), filepath.Join(dir, "backup.db")
	s := openTest(t, path, nil)
	asha, ben := uuid.New(), uuid.New()
	ctx, stop := context.WithCancel(t.Context())
	acked, wait := senders(ctx, t, dokkerr.NewService(s, nil), 8, asha, ben)
	until(t, "500 messages", func() bool { return acked.Load() > 500 })
	before := acked.Load()
	back(t, path, backup)
	after := acked.Load()
	until(t, "500 messages more", func() bool { return acked.Load() > after+500 })
	stop()
	wait()
	lost := headOf(t, s, ben)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	aside, err := Restore(t.Context(), backup, path, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s = openTest(t, path, nil)
	inbox := inboxOf(t, s, ben)
	if n := int64(len(inbox)); n < before || n > after+8 {
		t.Errorf("%d messages in the backup, want %d to %d", n, before, after)
	}
	receipt, err := dokkerr.NewService(s, nil).Send(t.Context(), dokkerr.Actor{User: asha},
		dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: "after the restore"})
	if err != nil || receipt.Seq != int64(len(inbox))+1 {
		t.Errorf("seq %d after %d messages, %v", receipt.Seq, len(inbox), err)
	}
	if head := headOf(t, s, ben); head <= lost {
		t.Errorf("position %d was given before, up to %d", head, lost)
	}
	old := openTest(t, aside, nil)
	if n := int64(len(inboxOf(t, old, ben))); n != acked.Load() {
		t.Errorf("%d messages in what was set aside, want %d", n, acked.Load())
	}
}

// until waits for what must come to hold.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func back(t *testing.T, path, to string) {
	t.Helper()
	f, err := OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Backup(t.Context(), to), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live.db")
	s := openTest(t, path, nil)
	if err := add(t, s, uuid.New()); err != nil {
		t.Fatal(err)
	}
	back(t, path, filepath.Join(dir, "backup.db"))
	f, err := OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Backup(t.Context(), filepath.Join(dir, "backup.db")); err == nil {
		t.Error("wrote over a backup")
	}
	if err := f.Backup(t.Context(), filepath.Join(dir, "none", "backup.db.partial", "\x00")); err == nil {
		t.Error("wrote nowhere")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err := OpenFile(t.Context(), filepath.Join(dir, "no.db")); err == nil {
		t.Error("opened nothing", f.Close())
	}
	if _, err := Restore(t.Context(), filepath.Join(dir, "backup.db"), path, time.Now()); err == nil {
		t.Error("restored under a store that is open")
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), text, filepath.Join(dir, "new.db"), time.Now()); !errors.Is(err, errDamaged) {
		t.Errorf("restored a text: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "backup.db?*"))
	if err != nil || len(files) > 0 {
		t.Errorf("left %v, %v", files, err)
	}
}

// TestRestoreCutShort leaves a restore before its last step: nobody opens what is there until it was done again.
func TestRestoreCutShort(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "live.db"), filepath.Join(dir, "backup.db")
	user := uuid.New()
	s := openTest(t, path, nil)
	if err := add(t, s, user); err != nil {
		t.Fatal(err)
	}
	back(t, path, backup)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(copyFile(backup, path+restoring), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path, nil); !errors.Is(err, errCut) {
		t.Error("opened half a restore", err, s)
	}
	if _, err := Restore(t.Context(), backup, path, time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := len(inboxOf(t, openTest(t, path, nil), user)); n != 1 {
		t.Errorf("%d events", n)
	}
}
