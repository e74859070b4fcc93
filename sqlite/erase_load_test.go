package sqlite

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// chats has a user exchange messages with some others, half of them in each direction.
func chats(t testing.TB, s *dokkerr.Service, user dokkerr.ID, others, messages int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range others {
		other := uuid.New()
		all.Go(func() {
			for n := i; n < messages; n += others {
				from, to := user, other
				if n/others%2 == 1 {
					from, to = to, from
				}
				_, err := s.Send(t.Context(), dokkerr.Actor{User: from},
					dokkerr.NewMessage{RecipientID: to.String(), Type: "text", Content: fmt.Sprintf("message %d", n)})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkErase is how long others wait while a user with 100,000 messages is erased, how soon that is answered, and how long it takes
// until no row is left. Run it on a quiet machine, with -benchtime 1x.
func BenchmarkErase(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	service := dokkerr.NewService(openTest(b, path, nil), nil)
	for b.Loop() {
		user := uuid.New()
		chats(b, service, user, 256, 100_000)
		alone := sendUntil(b, service, time.After(3*time.Second))
		done := make(chan time.Time)
		var took, swept time.Duration
		go func() {
			defer close(done)
			begin := time.Now()
			if _, err := service.Erase(b.Context(), dokkerr.Once{}, user.String()); err != nil {
				b.Error(err)
			}
			took = time.Since(begin)
			for count(b, path, "SELECT count(*) FROM erasing") > 0 {
				time.Sleep(50 * time.Millisecond)
			}
			swept = time.Since(begin)
		}()
		beside := sendUntil(b, service, done)
		b.Logf("alone %v; beside an erasure, answered after %v, at its end after %v, %v", alone, took, swept, beside)
	}
}
