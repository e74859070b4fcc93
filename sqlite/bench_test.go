package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sqlite"
)

// BenchmarkSend is the way of a message through the rules and one fsync per batch (synchronous=FULL), by how many send at
// once. Each op is one message.
func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) { benchmarkSend(b, senders) })
	}
}

func benchmarkSend(b *testing.B, senders int) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	service := dokkerr.NewService(store, nil)
	users := make([]dokkerr.ID, 1000)
	for i := range users {
		users[i] = uuid.New()
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(max(1, senders/2))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1)
			from, to := users[i%1000], users[(i*7+1)%1000]
			if from == to {
				to = users[(i+1)%1000]
			}
			in := dokkerr.NewMessage{
				RecipientID: to.String(), Type: "text", Content: "See you at the dock at six, slip 14.",
				ClientMessageID: fmt.Sprintf("bench-%012d", i),
			}
			if _, err := service.Send(b.Context(), dokkerr.Actor{User: from, Session: "session"}, in); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
