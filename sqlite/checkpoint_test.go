package sqlite

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// TestIdle lets nothing happen for a while: then the write-ahead log is empty.
func TestIdle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t, path, nil)
		for range 10 {
			if err := add(t, s, uuid.New()); err != nil {
				t.Fatal(err)
			}
		}
		if size(t, path+"-wal") == 0 {
			t.Error("nothing was logged")
		}
		time.Sleep(idleAfter + time.Millisecond)
		synctest.Wait()
		if n := size(t, path+"-wal"); n != 0 {
			t.Errorf("%d bytes are left in the log", n)
		}
		if err := add(t, s, uuid.New()); err != nil {
			t.Error(err)
		}
	})
}

// TestCutInSlices has somebody hold the log until it is too long. It is not cut as long as that lasts, and then a slice at a time.
func TestCutInSlices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	if err := openTest(t, path, nil).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := openPool(path, 1, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := newConn(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	w, err := newWriter(c, path+"-wal", new(atomic.Int64), &Options{Hooks: Hooks{Failed: func(err error) { t.Error(err) }}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := begin(t, f, &n); err != nil {
		t.Fatal(err)
	}
	const slices = 2
	for size(t, w.log) <= maxLog+slices*cutSlice-cutSlice/2 {
		if err := w.exec("INSERT INTO secret (name, value) VALUES (hex(randomblob(8)), zeroblob(4000000))"); err != nil {
			t.Fatal(err)
		}
	}
	before := size(t, w.log)
	if rest := w.cut(); rest != cutAgain || !w.large || size(t, w.log) != before {
		t.Errorf("cut from %d to %d bytes while it was held, rests %v", before, size(t, w.log), rest)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range slices {
		want := max(before-cutSlice, maxLog)
		w.cut()
		if got := size(t, w.log); got != want || w.large != (i < slices-1) {
			t.Errorf("cut %d: from %d to %d bytes, want %d", i, before, got, want)
		}
		before = want
	}
	if err := c.row(t.Context(), "SELECT count(*) FROM secret WHERE length(value) = 4000000", nil, &n); err != nil || n < 20 {
		t.Errorf("%d values, %v", n, err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
