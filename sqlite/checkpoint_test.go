package sqlite

import (
	"os"
	"path/filepath"
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

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
