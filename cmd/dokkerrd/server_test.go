package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	testKey    = "a service key for the test of the back end: long"
	asha       = "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e5f"
	ben        = "0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d"
	dock       = "5a1e0c77-9b3d-4e2f-a6c8-d7e9f0a1b2c3"
	booking    = "c0ffee00-0000-4000-8000-000000000001"
)

// program is the whole of it, running.
type program struct {
	t       *testing.T
	url     string // http://127.0.0.1:port
	key     string // of the back end
	log     *siotest.Log
	stop    context.CancelFunc
	stopped chan struct{} // closed when run has returned
	code    int           // then
}

var listening = regexp.MustCompile(`"msg":"listening".*"port":(\d+)`)

// startProgram runs `dokkerrd serve` at a free port until the test ends.
func startProgram(t *testing.T, env ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{t: t, key: testKey, log: new(siotest.Log), stop: cancel, stopped: make(chan struct{})}
	env = append([]string{
		"JWT_SECRET=" + testSecret, "SERVICE_KEYS=" + testKey, "HOST=127.0.0.1", "PORT=0", "LOG_LEVEL=debug",
		"DATABASE_URL=" + filepath.Join(t.TempDir(), "test.db"),
	}, env...)
	go func() {
		p.code = run(ctx, []string{"serve"}, env, io.Discard, p.log)
		close(p.stopped)
	}()
	t.Cleanup(func() {
		if code := p.end(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.log)
		}
	})
	p.url = "http://127.0.0.1:" + p.port()
	return p
}

func (p *program) port() string {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found := listening.FindStringSubmatch(p.log.String()); found != nil {
			return found[1]
		}
		select {
		case <-p.stopped:
			p.t.Fatalf("ended with %d:\n%s", p.code, p.log)
		default:
		}
	}
	p.t.Fatalf("does not listen:\n%s", p.log)
	return ""
}

// end stops the program and returns its exit code.
func (p *program) end() int {
	p.stop()
	<-p.stopped
	return p.code
}

// put sends a write with the service key.
func (p *program) put(method, path, body string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	return p.do(r)
}

func (p *program) get(path string, header ...string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), "GET", p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return p.do(r)
}

func (p *program) do(r *http.Request) (int, string) {
	p.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return answer.StatusCode, ""
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func (p *program) connect(user, transport string) *siotest.Client {
	p.t.Helper()
	compact, err := token.Sign([]byte(testSecret), token.Identity{User: user, SessionID: "of " + user, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.connectWith(compact, transport)
}

func (p *program) connectWith(compact, transport string) *siotest.Client {
	p.t.Helper()
	c := siotest.Connect(p.t, p.url, &siotest.Options{Transport: transport, Auth: map[string]string{"token": compact}})
	c.On("presence.update", func(siotest.Packet) []any { return nil }) // comes when it likes
	return c
}

func decodeInto(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// One message, one booking and one ending walk through all of it, on both transports.
func TestWholeProgram(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			p := startProgram(t)
			a, b := p.connect(asha, transport), p.connect(ben, transport)

			var receipt struct{ MessageID string }
			answer := a.Ask("message.new", map[string]string{"recipientId": ben, "content": "Ahoy", "type": "text"})
			if err := json.Unmarshal(answer.Args()[0], &receipt); err != nil || receipt.MessageID == "" {
				t.Fatalf("acknowledged with %s", answer.Text)
			}
			if got := string(b.Expect("message.new").Args()[0]); !strings.Contains(got, `"content":"Ahoy"`) || !strings.Contains(got, receipt.MessageID) {
				t.Errorf("delivered %s", got)
			}

			body := fmt.Sprintf(`{"listingId":%q,"boaterId":%q,"ownerId":%q,"status":"pending"}`, dock, asha, ben)
			if status, answer := p.put("PUT", "/v1/bookings/"+booking, body); status != 200 {
				t.Fatalf("booking: %d %s", status, answer)
			}
			for _, c := range []*siotest.Client{a, b} {
				if got := c.Expect("booking.created").Args(); !strings.Contains(string(got[0]), booking) || len(got) != 2 {
					t.Errorf("told %s", got)
				}
			}

			if _, answer := p.get("/v1/users/"+ben+"/presence", "Authorization", "Bearer "+testKey); !strings.Contains(answer, `"online":true`) {
				t.Errorf("presence %s", answer)
			}
			_, answer2 := p.get("/v1/metrics", "Authorization", "Bearer "+testKey)
			for _, want := range []string{`"connections":2`, `"message.new":{"in":1,"out":1}`, `"booking.created":{"in":0,"out":2}`} {
				if !strings.Contains(answer2, want) {
					t.Errorf("metrics %s lack %s", answer2, want)
				}
			}

			if status, answer := p.put("POST", "/v1/users/"+ben+"/disconnect", `{"sessionId":"of `+ben+`"}`); status != 200 {
				t.Fatalf("disconnect: %d %s", status, answer)
			}
			b.ExpectText("1") // DISCONNECT
			b.ExpectEnd()

			// The stock client comes back from a lost transport, and not from a DISCONNECT packet.
			if code := p.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			a.ExpectEnd()
			for _, packet := range a.Waiting() {
				if packet.Text == "1" {
					t.Error("told to stay away at a shutdown")
				}
			}
		})
	}
}

// Committed is committed: a new process on the same file knows the message.
func TestRestartKeepsMessages(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=" + filepath.Join(t.TempDir(), "kept.db")
	first := startProgram(t, database)
	a := first.connect(asha, "websocket")
	a.Ask("message.new", map[string]string{"recipientId": ben, "content": "Ahoy", "type": "text"})
	if code := first.end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	second := startProgram(t, database)
	list := second.connect(ben, "websocket").Ask("conversation.list", map[string]any{})
	if !strings.Contains(list.Text, `"content":"Ahoy"`) || !strings.Contains(list.Text, `"unreadCount":1`) {
		t.Errorf("conversations %s", list.Text)
	}
}

func TestStopLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := startProgram(t)
	p.connect(asha, "websocket").Close()
	p.connect(ben, "polling").Close()
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestServeHasNoDemo(t *testing.T) {
	p := startProgram(t)
	for _, path := range []string{"/demo", "/demo/", "/demo/session.json", "/", "/metrics", "/debug/pprof/"} {
		if status, body := p.get(path); status != 404 || !strings.Contains(body, "NOT_FOUND") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestOriginIsAskedEverywhere(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "FRONTEND_URL=https://app.example.com")
	own := strings.Replace(p.url, "127.0.0.1", "localhost", 1)
	for origin, accepted := range map[string]bool{own: true, p.url: true, "https://app.example.com": true, "http://localhost:3000": false, "null": false} {
		for _, path := range []string{"/socket.io/?EIO=4&transport=polling", "/healthz", "/v1/metrics"} {
			status, _ := p.get(path, "Origin", origin, "Authorization", "Bearer "+testKey)
			if want := map[bool]int{true: 200, false: 403}[accepted]; status != want {
				t.Errorf("%s from %s: %d, want %d", path, origin, status, want)
			}
		}
		handshake := []string{
			"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==",
		}
		status, _ := p.get("/socket.io/?EIO=4&transport=websocket", append(handshake, "Origin", origin)...)
		if want := map[bool]int{true: 101, false: 403}[accepted]; status != want {
			t.Errorf("WebSocket from %s: %d, want %d", origin, status, want)
		}
	}
}

// A page elsewhere imports the client as a module, which browsers allow by CORS only.
func TestClientBundleMayBeImported(t *testing.T) {
	p := startProgram(t, "FRONTEND_URL=https://app.example.com")
	for origin, echoed := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example": ""} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", p.url+"/socket.io/socket.io.esm.min.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != echoed {
			t.Errorf("from %s: %q", origin, got)
		}
	}
}

func TestPrometheusHasAListenerOfItsOwn(t *testing.T) {
	t.Parallel()
	port := machine.FreePorts(t, 1)[0]
	p := startProgram(t, fmt.Sprint("METRICS_ADDR=127.0.0.1:", port))
	p.connect(asha, "websocket").Ask("message.new", map[string]string{"recipientId": ben, "content": "Ahoy", "type": "text"})
	private := &program{t: t, url: fmt.Sprint("http://127.0.0.1:", port)}
	_, text := private.get("/metrics")
	for _, line := range []string{
		"dokkerr_connections 1", `dokkerr_events_total{direction="in",event="message.new"} 1`, "dokkerr_store_events_total 1",
		"dokkerr_sockets_connected_total 1", "dokkerr_illegal_changes_total 0", "go_goroutines ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	if status, _ := private.get("/v1/metrics"); status != 404 {
		t.Errorf("the listener of the metrics serves more: %d", status)
	}
}

func TestTokenCommandOpensTheServer(t *testing.T) {
	p := startProgram(t, "JWT_ISSUER=https://id.example.com", "JWT_AUDIENCE=realtime")
	var printed siotest.Log
	code := run(t.Context(), []string{"token", "--user", asha, "--role", "boater", "--session", "s-1", "--expires", "2h"},
		[]string{"JWT_SECRET=" + testSecret, "JWT_ISSUER=https://id.example.com", "JWT_AUDIENCE=realtime"}, &printed, io.Discard)
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	siotest.Connect(t, p.url, &siotest.Options{Auth: map[string]string{"token": strings.TrimSpace(printed.String())}})
}
