package console

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"dist/demo/index.html":             {Data: []byte("<!doctype html>")},
	"dist/demo/icon.svg":               {Data: []byte("<svg/>")},
	"dist/demo/assets/main-1.js":       {Data: []byte("run()")},
	"dist/client/socket.io.min.js":     {Data: []byte("io()")},
	"dist/client/socket.io.min.js.map": {Data: []byte("{}")},
}

func get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBuiltFiles(t *testing.T) {
	pages := demo(load(built, "dist/demo"), nil, nil)
	builds := client(load(built, "dist/client"))
	for _, c := range []struct {
		handler                    http.Handler
		path                       string
		status                     int
		body, contentType, caching string
	}{
		{pages, "/demo", 200, "<!doctype html>", "text/html; charset=utf-8", revalidate},
		{pages, "/demo?as=owner", 200, "<!doctype html>", "text/html; charset=utf-8", revalidate},
		{pages, "/demo/icon.svg", 200, "<svg/>", "image/svg+xml", revalidate},
		{pages, "/demo/assets/main-1.js", 200, "run()", "text/javascript; charset=utf-8", immutable},
		{pages, "/demo/assets/other.js", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		{builds, "/socket.io/socket.io.min.js", 200, "io()", "text/javascript; charset=utf-8", revalidate},
		{builds, "/socket.io/socket.io.min.js.map", 200, "{}", "application/json", revalidate},
		{builds, "/socket.io/index.html", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
	} {
		w := get(t, c.handler, c.path)
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.path, w.Code, w.Body, c.status, c.body)
		}
		if got := w.Header().Get("Content-Type"); got != c.contentType {
			t.Errorf("%s: Content-Type %q, want %q", c.path, got, c.contentType)
		}
		if got := w.Header().Get("Cache-Control"); got != c.caching {
			t.Errorf("%s: Cache-Control %q, want %q", c.path, got, c.caching)
		}
	}
}

func TestUnchangedFileIsNotSentAgain(t *testing.T) {
	builds := client(load(built, "dist/client"))
	etag := get(t, builds, "/socket.io/socket.io.min.js").Header().Get("ETag")
	w := get(t, builds, "/socket.io/socket.io.min.js", "If-None-Match", etag)
	if etag == "" || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("etag %q: status %d with %d bytes, want 304 with none", etag, w.Code, w.Body.Len())
	}
}

func TestWithoutABuildTheAnswerSaysWhatToDo(t *testing.T) {
	empty := load(fstest.MapFS{"dist/README.md": {}}, "dist/demo")
	for path, h := range map[string]http.Handler{"/demo": demo(empty, nil, nil), "/socket.io/socket.io.min.js": client(empty)} {
		w := get(t, h, path)
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
			t.Errorf("%s: %d %q, want 503 that names make build", path, w.Code, w.Body)
		}
	}
}

func TestSession(t *testing.T) {
	h := Demo(map[string]string{"serviceKey": "k"}, nil)
	w := get(t, h, "http://localhost:5174/demo/session.json")
	var session map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &session); err != nil || session["serviceKey"] != "k" {
		t.Errorf("session %q: %v", w.Body, err)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	if w.Header().Get("Content-Security-Policy") != policy {
		t.Error("no Content-Security-Policy")
	}
}

func TestSessionOfAForeignHost(t *testing.T) {
	h := Demo(map[string]string{"serviceKey": "k"}, nil)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:5174": 200, "127.0.0.1:5174": 200, "[::1]:5174": 200, "[::1]": 200,
		"evil.example": 403, "evil.example:5174": 403, "localhost.evil.example:5174": 403, "10.0.0.1:5174": 403,
	} {
		if w := get(t, h, "http://"+host+"/demo/session.json"); w.Code != want {
			t.Errorf("Host %s: %d, want %d", host, w.Code, want)
		}
	}
}

func TestRestart(t *testing.T) {
	restarts := 0
	h := Demo(nil, func() { restarts++ })
	post := func(host, origin string) int {
		r := httptest.NewRequest(http.MethodPost, "http://"+host+"/demo/restart", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range []struct {
		host, origin     string
		status, restarts int
	}{
		{"localhost:5174", "http://evil.example", 403, 0},
		{"evil.example", "http://evil.example", 403, 0},
		{"localhost:5174", "http://localhost:5174", 202, 1},
	} {
		if got := post(c.host, c.origin); got != c.status || restarts != c.restarts {
			t.Errorf("from %s to %s: %d, %d restarts; want %d, %d", c.origin, c.host, got, restarts, c.status, c.restarts)
		}
	}
}
