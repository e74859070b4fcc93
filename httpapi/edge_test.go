package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/httpapi"
	"github.com/dokkerr/realtime/netpoll/memnet"
)

// gate is a store whose commits wait.
type gate struct {
	broken
	open chan struct{}
}

func (g gate) Update(ctx context.Context, _ func(dokkerr.Tx) error) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAnswerWaitsForTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := gate{open: make(chan struct{})}
		f := over(store)
		answered := make(chan *httptest.ResponseRecorder, 1)
		go func() { answered <- f.ask("POST", "/v1/notifications", notification) }()
		synctest.Wait()
		time.Sleep(14 * time.Second)
		select {
		case w := <-answered:
			t.Fatalf("answered before the commit: %d %s", w.Code, w.Body)
		default:
		}
		close(store.open)
		want(t, <-answered, 200)
	})
}

func TestHandlerDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := over(gate{open: make(chan struct{})})
		start := time.Now()
		w := f.ask("POST", "/v1/notifications", notification, once, "late")
		refused(t, w, 503, dokkerr.StorageUnavailable, "")
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("took %v, want 15s", took)
		}
	})
}

// pipe serves one connection of a real server in fake time.
type pipe struct {
	net.Conn
	*bufio.Reader
}

func serve(t *testing.T, h http.Handler) pipe {
	t.Helper()
	listener := memnet.Listen()
	srv := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	client, err := listener.DialContext(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != http.ErrServerClosed {
			t.Error(err)
		}
		time.Sleep(time.Second) // net/http lingers half a second on a connection it cuts
	})
	return pipe{client, bufio.NewReader(client)}
}

func (p pipe) answer(t *testing.T) (int, string) {
	t.Helper()
	answer, err := http.ReadResponse(p.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestSlowBodyIsCut(t *testing.T) {
	for name, header := range map[string]string{"with a key": "Authorization: Bearer " + key + "\r\n", "without": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := serve(t, over(broken{}))
				start := time.Now()
				fmt.Fprintf(p, "POST /v1/events HTTP/1.1\r\nHost: x\r\n%sContent-Length: 100\r\n\r\n{", header)
				if status, body := p.answer(t); status != 400 && status != 401 {
					t.Fatalf("%d %s", status, body)
				}
				if _, err := p.ReadByte(); err != io.EOF {
					t.Fatalf("the connection lives: %v", err)
				}
				if took := time.Since(start); took > 11*time.Second {
					t.Errorf("cut after %v", took)
				}
			})
		})
	}
}

// The deadline of the body must not end a request that the store keeps waiting.
func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := gate{open: make(chan struct{})}
		p := serve(t, over(store))
		fmt.Fprintf(p, "POST /v1/notifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", key, len(notification), notification)
		time.AfterFunc(14*time.Second, func() { close(store.open) })
		if status, body := p.answer(t); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestBodyWithoutEndIsCutAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, over(broken{}))
		fmt.Fprintf(p, "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n", key)
		go func() {
			for {
				if _, err := fmt.Fprintf(p, "1000\r\n%s\r\n", strings.Repeat(" ", 0x1000)); err != nil {
					return
				}
			}
		}()
		if status, body := p.answer(t); status != 413 {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestNoSuchRoute(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/", "/v1/", "/v1/nothing", "/v1/bookings", "/v1/bookings/", "/v1/users/", "/demo", "/metrics", "/docs", "/schemas/x.json", "/openapi.yaml"} {
		refused(t, f.ask("GET", path, ""), 404, dokkerr.NotFound, "")
	}
}

func TestMethodNotAllowed(t *testing.T) {
	f := newFixture(t)
	for _, c := range [][3]string{
		{"GET", "/v1/bookings/" + booking, "PUT"},
		{"DELETE", "/v1/payments/" + payment, "PUT"},
		{"PATCH", "/v1/notifications", "POST"},
		{"OPTIONS", "/v1/events", "POST"},
		{"POST", "/v1/metrics", "GET, HEAD"},
		{"PUT", "/v1/users/" + asha + "/presence", "GET, HEAD"},
		{"POST", "/readyz", "GET, HEAD"},
		{"DELETE", "/openapi.json", "GET, HEAD"},
	} {
		w := f.ask(c[0], c[1], "")
		refused(t, w, 405, dokkerr.NotFound, "")
		if allow := w.Header().Get("Allow"); allow != c[2] {
			t.Errorf("%s %s: Allow %q, want %q", c[0], c[1], allow, c[2])
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	f := newFixture(t)
	for _, w := range []*httptest.ResponseRecorder{f.ask("GET", "/v1/metrics", ""), f.ask("GET", "/nothing", ""), f.ask("GET", "/healthz", "")} {
		for name, value := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Access-Control-Allow-Origin": "",
		} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		if len(w.Header().Get("X-Request-Id")) < 20 {
			t.Error("no request id")
		}
	}
}

// Keys, tokens and bodies are nobody's business but the store's.
func TestLogHoldsNoSecret(t *testing.T) {
	f := newFixture(t)
	const canary = "canary-7d1f"
	f.ask("PUT", "/v1/bookings/"+booking, bookingPending)
	f.ask("POST", "/v1/notifications?token="+canary, strings.Replace(notification, "Five stars", canary, 1), "Idempotency-Key", canary)
	f.ask("POST", "/v1/notifications", `{"`+canary+`":`, "Authorization", "Bearer "+canary)
	f.ask("POST", "/v1/notifications", `{"`+canary+`":`)
	f.sockets.counts = func() httpapi.Counts { panic("lost") }
	f.ask("GET", "/v1/metrics", "", "Cookie", canary)
	f.ask("GET", "/v1/"+strings.Repeat("x", 10_000), "")
	log := f.log.String()
	if strings.Contains(log, canary) || strings.Contains(log, key) {
		t.Errorf("a secret in the log:\n%s", log)
	}
	if strings.Count(log, `"msg":"request"`) != 6 {
		t.Errorf("not one line for each request:\n%s", log)
	}
	if strings.Contains(log, strings.Repeat("x", 1000)) {
		t.Error("a path of 10,000 bytes is in the log")
	}
}

func TestPanicEndsOneRequest(t *testing.T) {
	f := newFixture(t)
	f.sockets.counts = func() httpapi.Counts { panic("the counts are gone") }
	w := f.ask("GET", "/v1/metrics", "")
	message := refused(t, w, 500, dokkerr.InternalError, "")
	if id := w.Header().Get("X-Request-Id"); !strings.Contains(message, id) || !strings.Contains(f.log.String(), id) {
		t.Errorf("request id %q is not in the answer %q and the log", id, message)
	}
	if strings.Contains(w.Body.String(), "counts") {
		t.Errorf("the panic is told: %s", w.Body)
	}
	if !strings.Contains(f.log.String(), "the counts are gone") || !strings.Contains(f.log.String(), "TestPanicEndsOneRequest") {
		t.Errorf("the log has no panic with its stack: %s", f.log)
	}
	if n := strings.Count(f.log.String(), "the counts are gone"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
}
