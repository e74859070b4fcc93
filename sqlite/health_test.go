package sqlite

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// filled is a closed file with many rows.
func filled(t *testing.T) (path string, user dokkerr.ID) {
	t.Helper()
	path, user = filepath.Join(t.TempDir(), "test.db"), uuid.New()
	s := openTest(t, path, nil)
	err := s.Update(t.Context(), func(tx dokkerr.Tx) error {
		for range 5000 {
			tx.Append(event(user))
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return path, user
}

// wound turns every bit of a page in the middle.
func wound(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := len(data) / 2 &^ 4095; page < len(data)/2+4096*8; page += 4096 {
		for i := range 256 {
			data[page+i] ^= 0xff
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// uncleanly leaves in the log what a process does that was killed.
func uncleanly(t *testing.T, path string) {
	t.Helper()
	dir := t.TempDir()
	s := openTest(t, path, nil)
	if err := add(t, s, uuid.New()); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "kept")
	copyTo(t, path+"-wal", kept)
	copyTo(t, path, kept+".db")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	copyTo(t, kept, path+"-wal")
	copyTo(t, kept+".db", path)
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); errors.Join(err, out.Close()) != nil {
		t.Fatal(err)
	}
}

// TestDamaged: a file that was not closed is checked, and refused in words that say what to do.
func TestDamaged(t *testing.T) {
	path, _ := filled(t)
	uncleanly(t, path)
	if closed, err := wasClosed(path); closed || err != nil {
		t.Fatalf("closed: %v, %v", closed, err)
	}
	wound(t, path)
	s, err := Open(t.Context(), path, nil)
	if err == nil {
		t.Fatal("opened a damaged file", s.Close())
	}
	if !errors.Is(err, errDamaged) {
		t.Errorf("said %v", err)
	}
}

// TestUnclean: a file that was not closed and is whole opens, with all that was committed.
func TestUnclean(t *testing.T) {
	path, user := filled(t)
	uncleanly(t, path)
	s := openTest(t, path, nil)
	if n := len(inboxOf(t, s, user)); n != 5000 {
		t.Errorf("%d events", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if closed, err := wasClosed(path); !closed || err != nil {
		t.Errorf("after Close: closed: %v, %v", closed, err)
	}
}

// TestBroken: as when the check of a large file finds something after Open. Nothing more is stored.
func TestBroken(t *testing.T) {
	broken := make(chan error, 2)
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{Hooks: Hooks{Broken: func(err error) { broken <- err }}})
	user := uuid.New()
	if err := add(t, s, user); err != nil {
		t.Fatal(err)
	}
	s.writer.tellBroken(errDamaged)
	s.writer.tellBroken(errDamaged)
	begin := time.Now()
	if err := add(t, s, user); codeOf(err) != dokkerr.StorageUnavailable || time.Since(begin) > time.Second {
		t.Errorf("stored after that: %v", err)
	}
	if n := len(inboxOf(t, s, user)); n != 1 {
		t.Errorf("%d events can be read", n)
	}
	if len(broken) != 1 || !errors.Is(<-broken, errDamaged) {
		t.Error("was not told, once")
	}
}
