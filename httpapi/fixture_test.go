package httpapi_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/httpapi"
	"github.com/dokkerr/realtime/sqlite/sqlitetest"
)

const (
	key      = "a service key of the back end, long"
	rotated  = "the service key that comes after it"
	asha     = "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e5f"
	ben      = "0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d"
	dock     = "5a1e0c77-9b3d-4e2f-a6c8-d7e9f0a1b2c3"
	booking  = "c0ffee00-0000-4000-8000-000000000001"
	payment  = "fade0000-0000-4000-8000-000000000001"
	stranger = "99999999-9999-4999-8999-999999999999"
)

const (
	bookingPending  = `{"listingId":"` + dock + `","boaterId":"` + asha + `","ownerId":"` + ben + `","status":"pending"}`
	paymentPending  = `{"bookingId":"` + booking + `","amount":12500,"currency":"usd","status":"pending"}`
	notification    = `{"userId":"` + asha + `","type":"review_received","title":"A review","body":"Five stars","data":{"stars":5}}`
	applicationNews = `{"event":"dock.weather","data":{"wind":7},"userId":"` + asha + `"}`
)

// sockets is a live side that says what it is told to.
type sockets struct {
	online   bool
	lastSeen time.Time
	counts   func() httpapi.Counts

	mu    sync.Mutex
	ended []dokkerr.Revocation // under mu
}

func (s *sockets) Presence(dokkerr.ID) (bool, time.Time) { return s.online, s.lastSeen }
func (s *sockets) Counts() httpapi.Counts                { return s.counts() }

func (s *sockets) Disconnect(r dokkerr.Revocation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, r)
	return 1
}

// fixture is the API over a real store.
type fixture struct {
	http.Handler
	service *dokkerr.Service
	sockets *sockets
	log     *bytes.Buffer
	events  []dokkerr.Event
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return over(sqlitetest.Open(t))
}

func over(store dokkerr.Store) *fixture {
	f := &fixture{log: new(bytes.Buffer), sockets: &sockets{counts: func() httpapi.Counts {
		return httpapi.Counts{Connections: 2, Rooms: 3, Events: map[string]httpapi.EventCount{"message.new": {In: 1, Out: 2}}}
	}}}
	f.service = dokkerr.NewService(store, &dokkerr.Options{Publish: func(e []dokkerr.Event) { f.events = append(f.events, e...) }})
	f.Handler = httpapi.New(f.service, f.sockets, &httpapi.Options{
		ServiceKeys: []string{key, rotated},
		Version:     "1.2.3",
		Logger:      slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return f
}

// ask sends a request with the service key; header is names and values in turn, and an empty value takes one away.
func (f *fixture) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// seed makes a booking and a payment.
func (f *fixture) seed(t *testing.T) {
	t.Helper()
	want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending), 200)
	want(t, f.ask("PUT", "/v1/payments/"+payment, paymentPending), 200)
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int) map[string]any {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %q", err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	return body
}

// refused checks the one form of an error.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, code dokkerr.Code, path string) string {
	t.Helper()
	body := want(t, w, status)
	detail, ok := body["error"].(map[string]any)
	if !ok || len(body) != 1 {
		t.Fatalf("not the form of an error: %s", w.Body)
	}
	if detail["code"] != string(code) {
		t.Errorf("code %v, want %s: %s", detail["code"], code, w.Body)
	}
	if got, _ := detail["path"].(string); got != path {
		t.Errorf("path %q, want %q: %s", got, path, w.Body)
	}
	message, _ := detail["message"].(string)
	if message == "" {
		t.Error("no message")
	}
	return message
}
