package torture

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
)

var stored = flag.Int("stored", 50_000, "messages in the file that is started with")

// TestRestart starts the server with many stored messages, after an orderly end and after a kill: it is ready soon, and the
// conversation goes on where it was.
func TestRestart(t *testing.T) {
	n := *stored
	if testing.Short() {
		n = 5_000
	}
	p := &program{binary: machine.Build(t), data: filepath.Join(t.TempDir(), "data.db"), port: machine.FreePorts(t, 1)[0]}
	asha, ben := uuid.New(), uuid.New()
	last := store(t, p.data, n, asha, ben)
	for _, what := range []string{"an orderly end", "a kill"} {
		p.slowest = 0
		p.start(t)
		if p.slowest > readyWithin {
			t.Errorf("ready %v after %s with %d messages", p.slowest, what, n)
		}
		t.Logf("ready %v after %s with %d messages", p.slowest, what, n)
		if seq := p.write(t, asha, ben); seq != last+1 {
			t.Errorf("seq %d after %d", seq, last)
		}
		last++
		p.kill(t)
		if log, err := os.Stat(p.data + "-wal"); err != nil || log.Size() == 0 {
			t.Errorf("the kill left nothing to recover: %v", err)
		}
	}
}

// store writes messages of 1,000 conversations into a new file, each with a key, and returns how many of them are from asha to ben.
func store(t *testing.T, path string, n int, asha, ben dokkerr.ID) (between int64) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	service := dokkerr.NewService(s, nil)
	pairs := [1000][2]dokkerr.ID{{asha, ben}}
	for i := range pairs[1:] {
		pairs[i+1] = [2]dokkerr.ID{uuid.New(), uuid.New()}
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range 256 {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				pair := pairs[i%len(pairs)]
				_, err := service.Send(t.Context(), dokkerr.Actor{User: pair[0], Session: "session"}, dokkerr.NewMessage{
					RecipientID: pair[1].String(), Type: "text", Content: "See you at the dock at six, slip 14.",
					ClientMessageID: fmt.Sprintf("restart-%012d", i),
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return int64(n / len(pairs))
}

// write sends a message as a client does, and returns its seq.
func (p *program) write(t *testing.T, from, to dokkerr.ID) (seq int64) {
	t.Helper()
	compact, err := token.Options{Secret: []byte(secret)}.Sign(token.Identity{
		User: from.String(), IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := siotest.Dial(t, fmt.Sprint("http://127.0.0.1:", p.port), &siotest.Options{Client: &http.Client{}, Transport: "websocket"})
	defer c.Close()
	if _, err := c.Join("/", map[string]any{"token": compact}); err != nil {
		t.Fatal(err)
	}
	var answer struct{ Seq int64 }
	args := c.Ask("message.new", map[string]any{"recipientId": to, "content": "back again", "type": "text"}).Args()
	if err := json.Unmarshal(args[0], &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Seq
}
