package httpapi_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/httpapi"
)

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	w := f.ask("GET", "/v1/metrics", "")
	want(t, w, 200)
	if got := strings.TrimSpace(w.Body.String()); got != `{"connections":2,"rooms":3,"events":{"message.new":{"in":1,"out":2}}}` {
		t.Errorf("metrics %s", got)
	}
}

func TestHealth(t *testing.T) {
	ready := false
	h := httpapi.New(nil, nil, &httpapi.Options{Logger: slog.New(slog.DiscardHandler), Ready: func() bool { return ready }})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	for _, c := range []struct {
		ready  bool
		path   string
		status int
	}{{false, "/healthz", 200}, {false, "/readyz", 503}, {true, "/readyz", 200}, {true, "/healthz", 200}} {
		ready = c.ready
		if w := get(c.path); w.Code != c.status || w.Body.Len() != 0 {
			t.Errorf("%s when ready is %v: %d %q", c.path, c.ready, w.Code, w.Body)
		}
	}
	h = httpapi.New(nil, nil, &httpapi.Options{Logger: slog.New(slog.DiscardHandler), Degraded: func() bool { return true }})
	if w := get("/healthz"); w.Code != 200 || w.Body.String() != "degraded\n" {
		t.Errorf("degraded, /healthz answers %d %q", w.Code, w.Body)
	}
	if w := get("/readyz"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("degraded, /readyz answers %d %q", w.Code, w.Body)
	}
	if w := get("/v1/metrics"); w.Code != 401 {
		t.Errorf("without service keys the API answers %d", w.Code)
	}
}
