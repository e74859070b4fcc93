package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openTest opens a store that is closed with its test.
func openTest(t testing.TB, path string, o *Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	dokkerrtest.TestStore(t, func(t *testing.T) dokkerr.Store {
		return openTest(t, filepath.Join(t.TempDir(), "data", "dokkerr.db"), nil)
	})
}

// TestStoreWithoutMemory runs the suite with caches that forget at once, so that every head comes from the file, and so do the keys
// of messages but for the last.
func TestStoreWithoutMemory(t *testing.T) {
	dokkerrtest.TestStore(t, func(t *testing.T) dokkerr.Store {
		s := openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{keyLimit: 1})
		s.writer.users.limit, s.writer.talks.limit = 1, 1
		return s
	})
}

func never(time.Duration) time.Duration { return time.Hour }

// TestStoreBeforeTheSweep runs the suite with erasures that never come to their rows: nobody is shown them all the same.
func TestStoreBeforeTheSweep(t *testing.T) {
	dokkerrtest.TestStore(t, func(t *testing.T) dokkerr.Store {
		return openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{rest: never})
	})
}
