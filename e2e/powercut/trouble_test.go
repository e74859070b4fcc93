package powercut

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
)

const serviceKey = "the key of the back end in the tests of a disk in trouble"

// program is the real server on a disk in trouble.
type program struct {
	t       *testing.T
	url     string
	process *exec.Cmd
	said    bytes.Buffer // complete when ended is closed
	ended   chan error   // gets why
}

// serve starts the server with its file in a directory.
func serve(t *testing.T, dir string) *program {
	t.Helper()
	port := machine.FreePorts(t, 1)[0]
	p := &program{t: t, url: fmt.Sprint("http://127.0.0.1:", port), ended: make(chan error, 1)}
	p.process = exec.CommandContext(t.Context(), machine.Build(t), "serve")
	p.process.Env = append(os.Environ(), "JWT_SECRET="+serviceKey, "SERVICE_KEYS="+serviceKey, "HOST=127.0.0.1", fmt.Sprint("PORT=", port),
		"DATABASE_URL="+filepath.Join(dir, "test.db"))
	p.process.Stderr = &p.said
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.process.Wait() }()
	p.within(20*time.Second, "it is ready", func() bool {
		status, _ := p.ask("GET", "/readyz", "", "")
		return status == http.StatusOK
	})
	return p
}

// within waits until something holds.
func (p *program) within(d time.Duration, what string, holds func() bool) {
	p.t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > d {
			p.t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// ask returns a status of 0 when nobody answers.
func (p *program) ask(method, path, key, body string) (status int, text string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	r.Header.Set("Authorization", "Bearer "+serviceKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	said, err := io.ReadAll(answer.Body)
	if errors.Join(err, answer.Body.Close()) != nil {
		return 0, ""
	}
	return answer.StatusCode, string(said)
}

// notify stores a notification that the writer's list finds by its key.
func (p *program) notify(key string) (status int, text string) {
	return p.ask("POST", "/v1/notifications", key, fmt.Sprintf(
		`{"userId":"0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d","type":"test","title":"test","body":"test","data":{"content":"key %s %s"}}`,
		key, strings.Repeat("and some text ", 50)))
}

func (p *program) stop() {
	p.t.Helper()
	if err := p.process.Process.Signal(os.Interrupt); err != nil {
		p.t.Error(err)
	}
	if err := <-p.ended; err != nil {
		p.t.Errorf("%v\n%s", err, &p.said)
	}
}

// TestFullDisk is F-03: writes are refused by name and in time, all the rest goes on, the health answer says so, and with room
// again nothing has to be done.
func TestFullDisk(t *testing.T) {
	d := newDisk()
	dir, unmount := mounted(t, d)
	defer unmount()
	p := serve(t, dir)
	if status, said := p.notify("before"); status != http.StatusCreated && status != http.StatusOK {
		t.Fatalf("before: %d %s", status, said)
	}
	if status, said := p.ask("GET", "/healthz", "", ""); status != 200 || said != "" {
		t.Errorf("before, health is %d %q", status, said)
	}
	d.fill(true)
	for n := range 5 {
		begin := time.Now()
		status, said := p.notify(fmt.Sprint("full-", n))
		if status < 500 || !strings.Contains(said, "STORAGE_FULL") {
			t.Errorf("full: %d %s", status, said)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("the refusal took %v", took)
		}
	}
	if status, said := p.ask("GET", "/healthz", "", ""); status != 200 || said != "degraded\n" {
		t.Errorf("full, health is %d %q\n%s", status, said, &p.said)
	}
	for _, path := range []string{"/readyz", "/v1/metrics"} {
		if status, said := p.ask("GET", path, "", ""); status != 200 {
			t.Errorf("full, %s is %d %s", path, status, said)
		}
	}
	d.fill(false)
	p.within(5*time.Second, "it stores again", func() bool {
		status, _ := p.notify("after")
		return status/100 == 2
	})
	if status, said := p.ask("GET", "/healthz", "", ""); status != 200 || said != "" {
		t.Errorf("with room again, health is %d %q", status, said)
	}
	p.stop()
}

// TestOneFailedSync is F-15: a single sync fails, and all later ones succeed. Nothing is acknowledged from then on, the process
// ends by itself and says why, and what it had acknowledged is on the disk when the power fails too.
func TestOneFailedSync(t *testing.T) {
	writer := build(t, "")
	d := newDisk()
	dir, unmount := mounted(t, d)
	p := serve(t, dir)
	var mu sync.Mutex
	var acked []string
	var senders sync.WaitGroup
	for n := range 8 {
		senders.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("sender-%d-%06d", n, i)
				status, _ := p.notify(key)
				if status == 0 {
					return // the process is gone
				}
				if status/100 == 2 {
					mu.Lock()
					acked = append(acked, key)
					mu.Unlock()
				}
			}
		})
	}
	p.within(20*time.Second, "100 are acknowledged", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acked) >= 100
	})
	d.failSync()
	select {
	case err := <-p.ended:
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || !exit.Exited() {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(40 * time.Second):
		t.Fatal("the process goes on")
	}
	senders.Wait()
	if !strings.Contains(p.said.String(), "the disk failed to keep what was written") {
		t.Errorf("it said\n%s", &p.said)
	}
	d.cut()
	unmount()
	d.on(policies["all forgotten"], rand.New(rand.NewPCG(1, 1)))
	there := list(t, d, writer)
	for _, key := range acked {
		if !there[key] {
			t.Errorf("%s was acknowledged and is lost", key)
		}
	}
	t.Logf("%d acknowledged", len(acked))
}
