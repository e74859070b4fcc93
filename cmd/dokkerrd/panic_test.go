package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// boom is what panics say, and what nobody but the log may hear.
const boom = "boom-7d1f"

// hasCounted checks the metric.
func (s *server) hasCounted(t *testing.T, panics int) {
	t.Helper()
	answer := httptest.NewRecorder()
	s.meters.handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if line := fmt.Sprintf("\ndokkerr_handler_panics_total %d\n", panics); !strings.Contains(answer.Body.String(), line) {
		t.Errorf("%d panics were not counted", panics)
	}
}

// startBroken runs the program with handlers that panic.
func startBroken(t *testing.T) (p *program, s *server) {
	t.Helper()
	conf := configured(t, nil, "SERVICE_KEYS="+testKey, "HOST=127.0.0.1", "PORT=0", "LOG_LEVEL=debug", "DATABASE_URL="+filepath.Join(t.TempDir(), "test.db"))
	ctx, cancel := context.WithCancel(t.Context())
	p = &program{t: t, key: testKey, log: new(siotest.Log), stop: cancel, stopped: make(chan struct{})}
	listening := make(chan *server, 1)
	go func() {
		defer close(p.stopped)
		err := start(ctx, conf, newLogger(conf, p.log), func(s *server, port int) error {
			s.breakHandlers()
			p.url = "http://127.0.0.1:" + strconv.Itoa(port)
			listening <- s
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { p.end() })
	select {
	case s = <-listening:
	case <-p.stopped:
		t.Fatal("does not start")
	}
	return p, s
}

func (s *server) breakHandlers() {
	lobby := s.io.Of("/")
	lobby.Use(func(_ context.Context, s *socketio.Socket) error {
		if strings.Contains(string(s.Handshake().Auth), `"deviceId":"broken"`) {
			panic(boom)
		}
		return nil
	})
	socketio.On(lobby, "test.panic", func(context.Context, *socketio.Socket, socketio.None) (socketio.None, error) { panic(boom) })
	q := requests{log: s.log, panicked: s.meters.panics.Inc}
	s.mux.Handle("/test/panic", q.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(boom) })))
	s.mux.Handle("/test/late", q.watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the beginning")
		panic(boom)
	})))
	s.mux.Handle("/test/abort", q.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
}

// panicsLogged returns the lines of panics, each of which must have its stack.
func (p *program) panicsLogged() (lines []map[string]any) {
	p.t.Helper()
	for line := range strings.Lines(p.log.String()) {
		var fields map[string]any
		decodeInto(p.t, line, &fields)
		if !strings.Contains(line, boom) {
			continue
		}
		stack, _ := fields["stack"].(string)
		if fields["level"] != "ERROR" || !strings.Contains(stack, "panic_test.go") {
			p.t.Errorf("no stack in %s", line)
		}
		lines = append(lines, fields)
	}
	return lines
}

// A panic in an event's handler is that event's alone: the answer says nothing of it, the log all, once.
func TestPanicInAnEvent(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			p, s := startBroken(t)
			a, b := p.connect(asha, transport), p.connect(ben, transport)
			if answer := string(a.Ask("test.panic").Data); answer != `[{"error":{"code":"INTERNAL_ERROR","message":"internal error"}}]` {
				t.Errorf("answered %s", answer)
			}
			a.Emit("test.panic")
			if told := string(a.Expect("error").Data); told != `["error",{"code":"INTERNAL_ERROR","message":"internal error"}]` {
				t.Errorf("told %s", told)
			}
			for _, c := range []*siotest.Client{a, b} {
				if answer := c.Ask("booking.list", map[string]any{}).Text; !strings.Contains(answer, "bookings") {
					t.Errorf("afterwards answered %s", answer)
				}
			}
			lines := p.panicsLogged()
			if len(lines) != 2 || lines[0]["event"] != "test.panic" || lines[0]["socket"] != a.ID() {
				t.Errorf("logged %v", lines)
			}
			s.hasCounted(t, 2)
		})
	}
}

// A panic in a middleware refuses that login.
func TestPanicInAMiddleware(t *testing.T) {
	t.Parallel()
	p, s := startBroken(t)
	c := siotest.Dial(t, p.url, nil)
	_, err := c.Join("/", map[string]string{"token": p.sign(token.Identity{User: asha}), "deviceId": "broken"})
	if refusal, ok := err.(*siotest.Refusal); !ok || refusal.Message != "internal error" || refusal.Data != nil {
		t.Errorf("answered %v", err)
	}
	p.connect(asha, "websocket").Ask("booking.list", map[string]any{})
	if lines := p.panicsLogged(); len(lines) != 1 || lines[0]["event"] != "connect" {
		t.Errorf("logged %v", lines)
	}
	s.hasCounted(t, 1)
}

// A panic in a request is answered with the request's name, which the log has beside the stack. An answer that has begun is cut off.
func TestPanicInARequest(t *testing.T) {
	t.Parallel()
	p, s := startBroken(t)
	answer, err := http.Get(p.url + "/test/panic")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var told struct {
		Error struct{ Code, Message string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		t.Fatal(err)
	}
	id := answer.Header.Get("X-Request-Id")
	if answer.StatusCode != 500 || told.Error.Code != "INTERNAL_ERROR" || id == "" || told.Error.Message != "internal error; the log says more under request "+id {
		t.Errorf("answered %s, %+v, request %q", answer.Status, told, id)
	}
	for _, path := range []string{"/test/late", "/test/abort"} {
		got, err := http.Post(p.url+path, "text/plain", nil) // a GET would be sent again
		if err == nil {
			_, err = io.ReadAll(got.Body)
			got.Body.Close()
		}
		if err == nil {
			t.Errorf("%s was answered to the end", path)
		}
	}
	if status, _ := p.get("/healthz"); status != 200 {
		t.Errorf("afterwards /healthz is %d", status)
	}
	lines := p.panicsLogged()
	if len(lines) != 2 || lines[0]["request"] != id || strings.Contains(p.log.String(), "abort Handler") {
		t.Errorf("%d lines, of the request %v", len(lines), lines[0]["request"])
	}
	s.hasCounted(t, 2)
}
