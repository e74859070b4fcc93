package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestBackupHoldsNobodyUp is F-24: sending goes on while backups are made. How long a sender waits meanwhile is logged; a machine
// with other work makes a bound of it worthless, but a backup that held the writer would let nearly nobody through.
func TestBackupHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live.db")
	service := dokkerr.NewService(openTest(t, path, nil), nil)
	over := time.After(time.Second)
	before, alone := sendUntil(t, service, over)

	done := make(chan time.Time)
	go func() {
		defer close(done)
		for n := range 5 {
			back(t, path, filepath.Join(dir, fmt.Sprint("backup", n)))
		}
	}()
	during, beside := sendUntil(t, service, done)
	t.Logf("%.0f/s with p99 %v; beside a backup %.0f/s with p99 %v", before, alone, during, beside)
	if during < before/50 {
		t.Errorf("from %.0f messages a second to %.0f", before, during)
	}
}

// sendUntil has eight senders send until the end, and returns how many messages a second were acknowledged, and the time that all but
// one in a hundred were acknowledged in.
func sendUntil(t *testing.T, service *dokkerr.Service, end <-chan time.Time) (perSecond float64, p99 time.Duration) {
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-end
		stop()
	}()
	var mu sync.Mutex
	var took []time.Duration
	begin := time.Now()
	var all sync.WaitGroup
	for range 8 {
		asha, ben := uuid.New(), uuid.New()
		all.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				_, err := service.Send(t.Context(), dokkerr.Actor{User: asha},
					dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: "Ahoi"})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return float64(len(took)) / time.Since(begin).Seconds(), took[len(took)*99/100]
}
