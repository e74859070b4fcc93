package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// pour commits n events of the back end for a user, many in each commit.
func pour(t testing.TB, s *Store, user dokkerr.ID, n int) {
	t.Helper()
	for n > 0 {
		some := min(n, 1000)
		n -= some
		err := s.Update(t.Context(), func(tx dokkerr.Tx) error {
			for range some {
				tx.Append(event(user))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// trimmedBy returns a service for which all that pour writes is too old.
func trimmedBy(s *Store) *dokkerr.Service {
	return dokkerr.NewService(s, &dokkerr.Options{Now: func() time.Time { return time.Now().AddDate(1, 0, 0) }})
}

// TestTrimInBatches deletes much: each commit deletes so little that what is sent meanwhile hardly waits.
func TestTrimInBatches(t *testing.T) {
	const events, atOnce = 3000, 64
	commits := 0 // the writer's, until the store is closed
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), &Options{Hooks: Hooks{Committed: func(c Commit) {
		if c.Events == 0 {
			commits++
		}
	}}})
	service, user := trimmedBy(s), uuid.New()
	pour(t, s, user, events)
	if err := service.Trim(t.Context()); err != nil {
		t.Fatal(err)
	}
	inbox, err := service.Inbox(t.Context(), user, 0, events)
	if err != nil || len(inbox) != 0 {
		t.Errorf("%d events are left, %v", len(inbox), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if commits < events/atOnce {
		t.Errorf("%d events were deleted in %d commits", events, commits)
	}
}

// BenchmarkTrim is what the deletion of an event costs, and how long the longest commit was that others waited for.
func BenchmarkTrim(b *testing.B) {
	var longest time.Duration // the writer's
	s := openTest(b, filepath.Join(b.TempDir(), "bench.db"), &Options{Hooks: Hooks{Committed: func(c Commit) {
		if c.Events == 0 {
			longest = max(longest, c.Took)
		}
	}}})
	service := trimmedBy(s)
	for range 100 {
		pour(b, s, uuid.New(), b.N/100+1)
	}
	b.ResetTimer()
	if err := service.Trim(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(longest.Seconds()*1000, "longest-ms")
}
