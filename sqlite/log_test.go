package sqlite

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// begin begins a transaction that reads.
func begin(t *testing.T, f *File, events *int) error {
	_, err := f.lookup.conn.sql.ExecContext(t.Context(), "BEGIN")
	return errors.Join(err, f.lookup.conn.sql.QueryRowContext(t.Context(), "SELECT count(*) FROM event").Scan(events))
}

// TestLongReader is F-20: somebody else reads and does not end. The log grows, which is told once; writing and reading go on, and
// when he ends the log is empty again.
func TestLongReader(t *testing.T) {
	const limit = 256 << 10
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		told := make(chan int64, 10)
		s := openTest(t, path, &Options{Hooks: Hooks{LogGrows: func(bytes int64) { told <- bytes }}})
		var watch sync.WaitGroup
		watch.Go(func() { s.watchLog(path, limit) })
		user := uuid.New()
		grow := func() {
			for range 100 {
				if err := add(t, s, user); err != nil {
					t.Fatal(err)
				}
			}
		}
		grow()
		f, err := OpenFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := begin(t, f, &n); err != nil || n != 100 {
			t.Fatal(n, err)
		}
		for range 3 {
			grow()
			time.Sleep(logGlance + idleAfter) // time to tidy up, which it cannot
		}
		if n := size(t, path+"-wal"); n <= limit || s.LogSize() != n {
			t.Fatalf("the log has %d bytes, and says %d: nobody held it", n, s.LogSize())
		}
		if len(told) != 1 {
			t.Errorf("told %d times", len(told))
		}
		if n := len(inboxOf(t, s, user)); n != 400 {
			t.Errorf("%d events can be read", n)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		grow()
		time.Sleep(idleAfter + time.Millisecond)
		synctest.Wait()
		if n := size(t, path+"-wal"); n != 0 {
			t.Errorf("%d bytes are left in the log", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		watch.Wait()
	})
}
