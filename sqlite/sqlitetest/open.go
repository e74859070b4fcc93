// Package sqlitetest opens stores for the tests of other packages.
package sqlitetest

import (
	"path/filepath"
	"testing"

	"github.com/dokkerr/realtime/sqlite"
)

// Open opens a new store with the default options, which is closed when the test ends.
func Open(t testing.TB) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
