// Package torture kills the real server under load, and lets the checker judge what its clients saw.
//
//	go test ./e2e/torture -acked 100000 -kills 200 -pause 5ms -stored 1000000 -timeout 1h
package torture

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/e2e/checker"
	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
)

var (
	wantAcked = flag.Int("acked", 5000, "messages to be acknowledged, at least")
	wantKills = flag.Int("kills", 20, "kills, at least")
	pause     = flag.Duration("pause", 0, "after each send; keeps the history of many kills in memory")
	seed      = flag.Uint64("seed", 0, "seed of the kills; 0: a new one")
)

// Who is in a conversation: a Go client, which keeps nothing from being fast, or a stock client.
const (
	ofGo    = 8 // conversations of two Go clients,
	ofBoth  = 4 // of a Go client and a stock client,
	ofStock = 2 // and of two stock clients
)

const (
	secret      = "a secret of the torture test, at least 32 bytes"
	quiet       = 30 * time.Second // for what is still due when the sending is over
	readyWithin = 2 * time.Second  // after a kill
)

// program is the real binary on a real file, at one port over all its lives.
type program struct {
	binary, data string
	port         int
	output       bytes.Buffer
	process      *exec.Cmd
	slowest      time.Duration // until it was ready again
}

func (p *program) start(t *testing.T) {
	t.Helper()
	begin := time.Now()
	p.process = exec.Command(p.binary, "serve")
	p.process.Env = append(os.Environ(), "JWT_SECRET="+secret, "HOST=127.0.0.1", fmt.Sprint("PORT=", p.port),
		"DATABASE_URL="+p.data, "LOG_LEVEL=warn", "LIMITS=events=off,messages=off,userEvents=off,userConnections=1000")
	p.process.Stderr = &p.output
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	for !p.ready() {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("not ready:\n%s", &p.output)
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.slowest = max(p.slowest, time.Since(begin))
}

func (p *program) ready() bool {
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", p.port))
	if err != nil {
		return false
	}
	return errors.Join(answer.Body.Close()) == nil && answer.StatusCode == http.StatusOK
}

// kill ends the process as kill -9 does, and waits for its end.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := p.process.Process.Kill(); err != nil {
		t.Fatalf("%v; it said:\n%s", err, &p.output)
	}
	var killed *exec.ExitError
	if err := p.process.Wait(); !errors.As(err, &killed) || killed.Exited() {
		t.Fatalf("ended by itself: %v\n%s", err, &p.output)
	}
}

// TestKill kills the server again and again while devices write to each other, some of them stock clients, and has the checker
// judge what they saw and what is in the file at the end.
func TestKill(t *testing.T) {
	acked, kills := *wantAcked, *wantKills
	if testing.Short() {
		acked, kills = 300, 3
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))

	p := &program{binary: machine.Build(t), data: filepath.Join(t.TempDir(), "data.db"), port: machine.FreePorts(t, 1)[0]}
	p.start(t)
	devices, h := newDevices(t, p.port)
	s := startStock(t, stockOf(devices))
	done := make(chan struct{})
	wait := runAll(t, devices, done)
	for n := 0; n < kills || h.ackedSoFar() < acked; n++ {
		time.Sleep(time.Duration(50+random.IntN(1451)) * time.Millisecond)
		p.kill(t)
		p.start(t)
		kills = max(kills, n+1)
	}
	close(done)
	final := settle(t, p, devices, h)
	wait()
	s.stop(t)
	judge(t, final, devices)
	if h.recovered != h.started-len(devices) {
		t.Errorf("%d of %d connections recovered", h.recovered, h.started-len(devices))
	}
	if p.slowest > readyWithin {
		t.Errorf("ready after %v", p.slowest)
	}
	t.Logf("%d kills, %d of %d connections recovered, ready within %v", kills, h.recovered, h.started-len(devices), p.slowest)
}

// newDevices makes two for each conversation.
func newDevices(t *testing.T, port int) (devices []*device, h *history) {
	h = newHistory()
	for n := range ofGo + ofBoth + ofStock {
		pair := [2]string{uuid.NewString(), uuid.NewString()}
		for side, user := range pair {
			compact, err := token.Options{Secret: []byte(secret)}.Sign(token.Identity{
				User: user, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(12 * time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			devices = append(devices, &device{
				name: fmt.Sprint(2*n + side), conversation: fmt.Sprint(n), user: user, other: pair[1-side], token: compact, history: h,
				url:      fmt.Sprintf("ws://127.0.0.1:%d/socket.io/?EIO=4&transport=websocket", port),
				stockURL: fmt.Sprintf("http://127.0.0.1:%d", port),
			})
		}
	}
	return devices, h
}

// stockOf returns the devices that are to be stock clients.
func stockOf(devices []*device) (stock []*device) {
	for n, d := range devices {
		if conversation, side := n/2, n%2; conversation >= ofGo+ofBoth || conversation >= ofGo && side == 1 {
			stock = append(stock, d)
		}
	}
	return stock
}

// runAll runs the devices, which send until done is closed and listen until wait is called.
func runAll(t *testing.T, devices []*device, done <-chan struct{}) (wait func()) {
	ctx, stop := context.WithCancel(t.Context())
	more := func() bool {
		select {
		case <-done:
			return false
		default:
			return true
		}
	}
	var all sync.WaitGroup
	for _, d := range devices {
		run := d.run
		if d.stock != nil {
			run = d.runStock
		}
		all.Go(func() {
			if err := run(ctx, more); err != nil {
				t.Error(err)
			}
		})
	}
	return func() {
		stop()
		all.Wait()
	}
}

// settle waits until everything has arrived, ends the server, and reads the end from the file.
func settle(t *testing.T, p *program, devices []*device, h *history) checker.History {
	t.Helper()
	whole := checker.History{Members: map[string][]string{}}
	for _, d := range devices {
		whole.Members[d.conversation] = append(whole.Members[d.conversation], d.name)
	}
	for deadline := time.Now().Add(quiet); !h.whole(devices) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond) // for what should not come
	p.kill(t)
	h.mu.Lock()
	whole.Events = h.events
	h.mu.Unlock()
	whole.Final = readEnd(t, p.data, devices)
	return whole
}

// readEnd reads every conversation from the file.
func readEnd(t *testing.T, path string, devices []*device) map[string][]checker.Message {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	final := map[string][]checker.Message{}
	err = store.View(t.Context(), func(r dokkerr.Reader) error {
		for _, d := range devices {
			c, err := r.ConversationOf(uuid.MustParse(d.user), uuid.MustParse(d.other))
			if err != nil {
				return err
			}
			messages, err := r.Messages(c.ID, dokkerr.Span{Before: 1 << 50, Limit: 1 << 30})
			if err != nil {
				return err
			}
			final[d.conversation] = nil
			for _, m := range messages {
				final[d.conversation] = append(final[d.conversation], checker.Message{
					ID: m.MessageID.String(), Key: strings.TrimPrefix(m.Content, "text of "), Seq: m.Seq, Body: m.Content,
				})
			}
		}
		return nil
	})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	return final
}

func judge(t *testing.T, h checker.History, devices []*device) {
	t.Helper()
	r := checker.Check(h)
	for i, v := range r.Violations {
		if i == 20 {
			t.Errorf("and %d more", len(r.Violations)-i)
			break
		}
		t.Error(v)
	}
	if r.Repeated > 0 {
		t.Errorf("%d deliveries were repeated, though each device told what it had", r.Repeated)
	}
	t.Logf("%d acknowledged, %d delivered", r.Acked, r.Delivered)
	byStock := 0
	for _, d := range stockOf(devices) {
		byStock += d.sent
		if d.sent == 0 {
			t.Errorf("the stock client %s has sent nothing", d.name)
		}
	}
	t.Logf("%d of them by stock clients", byStock)
}
