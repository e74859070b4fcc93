package attacks

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

const (
	secret     = "secret-of-the-attacks-Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"
	serviceKey = "key-of-the-attacks-c3RhcGxlIGlzIHdoYXQgaXQgaXM="
	webhookKey = "whsec_of_the_attacks_c3RhcGxlIGlzIHdoYXQgaXQgaXM"
	frontend   = "https://app.example.com"
	maxPayload = 100_000
)

// server is the real binary as production runs it, on a file of its own.
type server struct {
	address, metrics string                          // host:port
	secure           bool                            // speaks TLS, with a certificate that nobody trusts
	sign             func(who token.Identity) string // a token for somebody
	process          *exec.Cmd
	output           siotest.Log // of the process
	sids             sync.Map    // the session ids that were given out
}

// serve starts a server that ends with the test. More settings beat the usual ones.
func serve(t *testing.T, binary string, settings ...string) *server {
	t.Helper()
	ports := machine.FreePorts(t, 2)
	s := &server{
		address: fmt.Sprint("127.0.0.1:", ports[0]), metrics: fmt.Sprint("127.0.0.1:", ports[1]),
		sign:    bySecret,
		process: exec.Command(binary, "serve"),
	}
	s.process.Env = append(os.Environ(), "HOST=127.0.0.1", fmt.Sprint("PORT=", ports[0]), "METRICS_ADDR="+s.metrics, "FRONTEND_URL="+frontend,
		"SERVICE_KEYS="+serviceKey, "DATABASE_URL="+filepath.Join(t.TempDir(), "data.db"), "STRIPE_WEBHOOK_SECRET="+webhookKey)
	s.process.Env = append(s.process.Env, settings...)
	s.secure = strings.Contains(strings.Join(settings, "\n"), "TLS_CERT_FILE=")
	s.process.Stderr = &s.output
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	s.awaitReady(t)
	return s
}

func (s *server) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		got, err := s.try(request{path: "/readyz"})
		if err == nil && got.status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v\n%s", err, &s.output)
		}
	}
}

// stop ends the process, which must not have ended by itself.
func (s *server) stop(t *testing.T) {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended by itself: %v\n%s", err, &s.output)
	}
	if err := s.process.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &s.output)
	}
}

// usage is what a process holds.
type usage struct {
	goroutines, descriptors int
	heap                    int // bytes
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MiB", u.goroutines, u.descriptors, float64(u.heap)/(1<<20))
}

// usage asks the metrics' listener. To ask costs memory, so that asking again and again has the collector run.
func (s *server) usage() (u usage, err error) {
	text, err := s.get("/metrics")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		to := map[string]*int{"go_goroutines": &u.goroutines, "process_open_fds": &u.descriptors, "go_memstats_heap_alloc_bytes": &u.heap}[name]
		if to == nil {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return u, err
		}
		*to = int(number)
	}
	if u.goroutines == 0 || u.descriptors == 0 || u.heap == 0 {
		return u, fmt.Errorf("the metrics do not tell what is held: %.200s", text)
	}
	return u, nil
}

// get asks the metrics' listener for a path.
func (s *server) get(path string) (string, error) {
	answer, err := metricsClient.Get("http://" + s.metrics + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// One connection is kept, so that it is there at the start too.
var metricsClient = &http.Client{Timeout: 5 * time.Second}

// What an attack may leave behind, 5 s later.
const (
	moreGoroutines  = 5
	moreDescriptors = 5
	moreHeap        = 16 << 20
	settleWithin    = 5 * time.Second
)

// settle waits until all is as it was at the start.
func (s *server) settle(start usage) error {
	for deadline := time.Now().Add(settleWithin); ; time.Sleep(10 * time.Millisecond) {
		now, err := s.usage()
		if err != nil {
			return err
		}
		if now.goroutines <= start.goroutines+moreGoroutines && now.descriptors <= start.descriptors+moreDescriptors && now.heap <= start.heap+moreHeap {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%v left, %v at the start", now, start)
		}
	}
}
