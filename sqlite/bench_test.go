package sqlite

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// BenchmarkSend is the way of a message through the rules and one fsync per batch (synchronous=FULL), by how many send at
// once. Each op is one message.
func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) { benchmarkSend(b, senders) })
	}
}

func benchmarkSend(b *testing.B, senders int) {
	service := dokkerr.NewService(openTest(b, filepath.Join(b.TempDir(), "bench.db"), nil), nil)
	users := make([]dokkerr.ID, 1000)
	for i := range users {
		users[i] = uuid.New()
	}
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range senders {
		all.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				from, to := users[i%len(users)], users[(i*7+1)%len(users)]
				if from == to {
					continue
				}
				in := dokkerr.NewMessage{
					RecipientID: to.String(), Type: "text", Content: "See you at the dock at six, slip 14.",
					ClientMessageID: uuid.NewString(),
				}
				if _, err := service.Send(b.Context(), dokkerr.Actor{User: from, Session: "session"}, in); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
