package sqlite

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// write stores messages of some KiB, so that a file has many pages.
func write(t testing.TB, s *dokkerr.Service, messages int) {
	t.Helper()
	text := strings.Repeat("x", 8<<10)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		asha, ben := uuid.New(), uuid.New()
		all.Go(func() {
			for next.Add(1) <= int64(messages) {
				_, err := s.Send(t.Context(), dokkerr.Actor{User: asha}, dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: text})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestBackupHoldsNobodyUp is F-24: between any two slices of a backup senders send as before, and the copy has what was there when it
// began, and nothing of what they sent since.
func TestBackupHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "live.db"), filepath.Join(dir, "backup.db")
	service := dokkerr.NewService(openTest(t, path, nil), nil)
	write(t, service, 200)
	asha, ben := uuid.New(), uuid.New()
	const n = 8
	ctx, stop := context.WithCancel(t.Context())
	acked, wait := senders(ctx, t, service, n, asha, ben)
	f, err := OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var atFirst int64
	rests := 0
	f.rest = func(time.Duration) {
		if rests++; rests == 1 {
			atFirst = acked.Load()
		}
		from := acked.Load()
		for deadline := time.Now().Add(30 * time.Second); acked.Load() < from+100 && !t.Failed(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%d of 100 messages were acknowledged in the backup's rest", acked.Load()-from)
			}
		}
	}
	before := acked.Load()
	soon, cancel := context.WithTimeout(t.Context(), time.Minute) // a copy that begins anew with each commit does not end
	defer cancel()
	if err := f.Backup(soon, copied); err != nil {
		t.Error(err)
	}
	stop()
	wait()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if rests < 5 {
		t.Errorf("rested %d times", rests)
	}
	if t.Failed() {
		return
	}
	if got := int64(len(inboxOf(t, openTest(t, copied, nil), ben))); got < before || got > atFirst+n {
		t.Errorf("%d messages in the copy, which began between %d and %d", got, before, atFirst+n)
	}
}

// BenchmarkBackupBesideSenders is the figure of F-24: eight senders that never pause, alone and while dokkerrd backs their file of
// 300 MiB up. Run it on a quiet machine, with -benchtime 1x.
func BenchmarkBackupBesideSenders(b *testing.B) {
	dir := b.TempDir()
	binary, path := filepath.Join(dir, "dokkerrd"), filepath.Join(dir, "live.db")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "../cmd/dokkerrd").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	service := dokkerr.NewService(openTest(b, path, nil), nil)
	write(b, service, 30_000)
	for b.Loop() {
		sendUntil(b, service, time.After(time.Second)) // so that both are measured warm
		alone := sendUntil(b, service, time.After(3*time.Second))
		done := make(chan time.Time)
		go func() {
			defer close(done)
			backup := exec.CommandContext(b.Context(), binary, "backup", filepath.Join(dir, uuid.NewString()))
			backup.Env = []string{"DATABASE_URL=" + path}
			if out, err := backup.CombinedOutput(); err != nil {
				b.Errorf("%v\n%s", err, out)
			}
		}()
		beside := sendUntil(b, service, done)
		after := sendUntil(b, service, time.After(5*time.Second)) // in which the log is cut
		b.Logf("alone %v; beside a backup %v; after it %v", alone, beside, after)
		b.ReportMetric(float64(beside.p99)/float64(alone.p99), "p99-ratio")
	}
}

// sent is how it went for senders.
type sent struct {
	perSecond    float64
	p99, longest time.Duration
}

func (s sent) String() string {
	return fmt.Sprintf("%.0f/s, p99 %v, longest %v", s.perSecond, s.p99, s.longest)
}

// sendUntil has eight senders send until the end.
func sendUntil(t testing.TB, service *dokkerr.Service, end <-chan time.Time) sent {
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
	perSecond := float64(len(took)) / time.Since(begin).Seconds()
	slices.Sort(took)
	return sent{perSecond, took[len(took)*99/100], took[len(took)-1]}
}
