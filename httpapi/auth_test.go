package httpapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/httpapi"
)

// Every documented route that is not open, and one that does not exist, is closed to everything but a key.
func TestEveryRouteNeedsAServiceKey(t *testing.T) {
	f := newFixture(t)
	routes := operations(document(t, f))
	closed := map[string]string{
		"none":              "",
		"another":           "Bearer " + strings.Repeat("x", len(key)),
		"a prefix":          "Bearer " + key[:len(key)-1],
		"longer":            "Bearer " + key + "x",
		"a space behind":    "Bearer " + key + " ",
		"two spaces":        "Bearer  " + key,
		"empty":             "Bearer ",
		"the scheme alone":  "Bearer",
		"another scheme":    "Basic " + key,
		"no scheme":         key,
		"both keys":         "Bearer " + key + "," + rotated,
		"a user's token":    "Bearer " + userToken(t),
		"the hash of a key": "Bearer \x9c\x56",
	}
	for _, route := range append(routes, operation{"GET", "/v1/nothing", true}) {
		if !route.closed {
			continue
		}
		for name, header := range closed {
			w := f.ask(route.method, example(route.path), "", "Authorization", header)
			refused(t, w, 401, dokkerr.AuthError, "")
			if w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s with %s: no WWW-Authenticate", route.method, route.path, name)
			}
		}
		for _, header := range []string{"Bearer " + key, "Bearer " + rotated, "bearer " + key} {
			if w := f.ask(route.method, example(route.path), "", "Authorization", header); w.Code == 401 {
				t.Errorf("%s %s refuses a good key", route.method, route.path)
			}
		}
	}
}

func TestTwoCredentialsAreNone(t *testing.T) {
	f := newFixture(t)
	r := httptest.NewRequest("GET", "/v1/metrics", nil)
	r.Header.Add("Authorization", "Bearer "+key)
	r.Header.Add("Authorization", "Bearer "+userToken(t))
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	refused(t, w, 401, dokkerr.AuthError, "")
}

func TestWithoutKeysTheAPIIsClosed(t *testing.T) {
	for _, keys := range [][]string{nil, {}} {
		h := httpapi.New(nil, nil, &httpapi.Options{Logger: slog.New(slog.DiscardHandler), ServiceKeys: keys})
		for _, header := range []string{"", "Bearer ", "Bearer " + key} {
			r := httptest.NewRequest("GET", "/v1/metrics", nil)
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			refused(t, w, 401, dokkerr.AuthError, "")
		}
	}
}

// Nobody learns what is wrong with a body, or that a route exists, without a key.
func TestTheKeyIsAskedForFirst(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/v1/notifications", "/v1/nothing"} {
		refused(t, f.ask("POST", path, "{", "Authorization", ""), 401, dokkerr.AuthError, "")
	}
}

func TestOpenRoutesNeedNoKey(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
		if w := f.ask("GET", path, "", "Authorization", ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestOriginIsChecked(t *testing.T) {
	h := httpapi.New(nil, nil, &httpapi.Options{
		Logger:      slog.New(slog.DiscardHandler),
		CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
	})
	for origin, status := range map[string]int{"": 200, "https://evil.example": 403} {
		for _, path := range []string{"/healthz", "/openapi.json"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Origin", origin)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != status || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %q: %d %v", path, origin, w.Code, w.Header())
			}
		}
	}
}
