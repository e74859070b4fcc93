package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/httpapi"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
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
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return over(store)
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

func TestBookingIsCreatedAndMoved(t *testing.T) {
	f := newFixture(t)
	created := want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending), 200)
	for name, value := range map[string]any{
		"bookingId": booking, "listingId": dock, "boaterId": asha, "ownerId": ben, "status": "pending", "version": 1.0,
	} {
		if created[name] != value {
			t.Errorf("%s is %v, want %v", name, created[name], value)
		}
	}
	if payments, ok := created["payments"].([]any); !ok || len(payments) != 0 {
		t.Errorf("payments %v", created["payments"])
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", created["timestamp"].(string)); err != nil {
		t.Error(err)
	}
	confirmed := strings.Replace(bookingPending, `"pending"`, `"confirmed","version":1`, 1)
	if moved := want(t, f.ask("PUT", "/v1/bookings/"+booking, confirmed), 200); moved["version"] != 2.0 {
		t.Errorf("moved to %v", moved)
	}
	if len(f.events) == 0 || f.events[0].Name != "booking.created" {
		t.Errorf("events told: %v", f.events)
	}
}

func TestExpectedVersionGuardsAChange(t *testing.T) {
	f := newFixture(t)
	at := func(status, version string) string {
		return strings.Replace(bookingPending, `"pending"`, `"`+status+`","version":`+version, 1)
	}
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, at("pending", "1")), 409, dokkerr.Conflict, "")
	want(t, f.ask("PUT", "/v1/bookings/"+booking, at("pending", "0")), 200)
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, at("confirmed", "0")), 409, dokkerr.Conflict, "")
	want(t, f.ask("PUT", "/v1/bookings/"+booking, at("confirmed", "1")), 200)
}

func TestPaymentIsCreatedAndMoved(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	completed := strings.Replace(paymentPending, `"pending"`, `"completed"`, 1)
	moved := want(t, f.ask("PUT", "/v1/payments/"+payment, completed), 200)
	for name, value := range map[string]any{
		"paymentId": payment, "bookingId": booking, "amount": 12500.0, "currency": "usd", "status": "completed", "version": 2.0,
	} {
		if moved[name] != value {
			t.Errorf("%s is %v, want %v", name, moved[name], value)
		}
	}
	failed := strings.Replace(paymentPending, `"pending"`, `"failed","error":"card_declined"`, 1)
	refused(t, f.ask("PUT", "/v1/payments/"+payment, failed), 409, dokkerr.Conflict, "")
}

func TestNotificationIsCommitted(t *testing.T) {
	f := newFixture(t)
	answer := want(t, f.ask("POST", "/v1/notifications", notification), 200)
	page, err := f.service.Notifications(t.Context(), dokkerr.Actor{User: uuid.MustParse(asha)}, dokkerr.PageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Notifications) != 1 || page.Notifications[0].NotificationID.String() != answer["notificationId"] {
		t.Errorf("answered %v, stored %v", answer, page.Notifications)
	}
	if data := string(page.Notifications[0].Data); data != `{"stars":5}` {
		t.Errorf("data %s", data)
	}
}

func TestApplicationEventReachesItsUsers(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	for body, receivers := range map[string]int{
		applicationNews: 1,
		`{"event":"dock.ready","data":{"at":[1,{"x":null}]},"bookingId":"` + booking + `"}`:                       2,
		`{"event":"dock.blink","data":{},"bookingId":"` + booking + `","durable":false}`:                          2,
		`{"event":"dock.short","data":{"a":1.5e300},"userId":"` + asha[:8] + `","durable":true}`:                  1,
		`{"event":"dock.null","data":{},"userId":"` + strings.ToUpper(asha) + `","bookingId":null}`:               1,
		`{"event":"dock.spaces", "data":{ "b" : 1 , "a":2 }, "bookingId":"` + strings.ToUpper(booking[:8]) + `"}`: 2,
	} {
		f.events = nil
		if answer := want(t, f.ask("POST", "/v1/events", body), 200); len(answer) != 0 {
			t.Errorf("answer %v", answer)
		}
		if len(f.events) != 1 || len(f.events[0].To) != receivers {
			t.Fatalf("%s: told %+v", body, f.events)
		}
		if durable := !strings.Contains(body, "false"); f.events[0].Durable != durable {
			t.Errorf("%s: durable %v", body, f.events[0].Durable)
		}
	}
}

func TestPresence(t *testing.T) {
	f := newFixture(t)
	f.sockets.lastSeen = time.Date(2026, 11, 22, 18, 0, 0, 5e6, time.UTC)
	offline := want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
	if offline["online"] != false || offline["userId"] != asha || offline["lastSeen"] != "2026-11-22T18:00:00.005Z" {
		t.Errorf("offline: %v", offline)
	}
	f.sockets.online = true
	online := want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
	if _, told := online["lastSeen"]; online["online"] != true || told {
		t.Errorf("online: %v", online)
	}
}

func TestDisconnect(t *testing.T) {
	f := newFixture(t)
	user := uuid.MustParse(asha)
	issued := time.Now().Truncate(time.Second)
	for body, hit := range map[string]dokkerr.Credential{
		"":                    {User: user, SessionID: "s-2", TokenID: "t-2", IssuedAt: issued},
		"{}":                  {User: user},
		`{"sessionId":"s-1"}`: {User: user, SessionID: "s-1", IssuedAt: issued},
		`{"jti":"t-1"}`:       {User: user, TokenID: "t-1", IssuedAt: issued.Add(time.Hour)},
	} {
		f.sockets.ended = nil
		want(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", body), 200)
		if len(f.sockets.ended) != 1 || !f.sockets.ended[0].Hits(hit) || f.sockets.ended[0].Hits(dokkerr.Credential{User: uuid.MustParse(ben)}) {
			t.Errorf("%s ended %+v", body, f.sockets.ended)
		}
		if revoked, err := f.service.Revoked(t.Context(), hit); err != nil || !revoked {
			t.Errorf("%s revoked %+v: %v, %v", body, hit, revoked, err)
		}
	}
	// What names nothing must not end everything.
	f.sockets.ended = nil
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"sessionId":""}`), 400, dokkerr.ValidationError, "sessionId")
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"jti":"a","sessionId":"b"}`), 400, dokkerr.ValidationError, "jti")
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"session":"b"}`), 400, dokkerr.ValidationError, "session")
	if len(f.sockets.ended) != 0 {
		t.Errorf("ended %v", f.sockets.ended)
	}
}

// A repetition revokes nothing that was issued since.
func TestRepeatedDisconnect(t *testing.T) {
	f := newFixture(t)
	path := "/v1/users/" + asha + "/disconnect"
	want(t, f.ask("POST", path, `{"sessionId":"s-1"}`, once, "end-1"), 200)
	time.Sleep(2 * time.Millisecond) // so that a second revocation would have another time
	want(t, f.ask("POST", path, `{"sessionId":"s-1"}`, once, "end-1"), 200)
	if ended := f.sockets.ended; len(ended) != 2 || ended[0] != ended[1] {
		t.Errorf("ended %+v", ended)
	}
	refused(t, f.ask("POST", path, `{"sessionId":"s-2"}`, once, "end-1"), 409, dokkerr.IdempotencyConflict, "")
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	w := f.ask("GET", "/v1/metrics", "")
	want(t, w, 200)
	if got := strings.TrimSpace(w.Body.String()); got != `{"connections":2,"rooms":3,"events":{"message.new":{"in":1,"out":2}}}` {
		t.Errorf("metrics %s", got)
	}
}

func TestShortIDs(t *testing.T) {
	f := newFixture(t)
	short := strings.NewReplacer(asha, asha[:8], ben, ben[:8], dock, dock[:8]).Replace(bookingPending)
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, short), 404, dokkerr.NotFound, "")
	f.seed(t)
	for _, r := range [][3]string{
		{"PUT", "/v1/bookings/" + booking, short},
		{"PUT", "/v1/bookings/" + booking[:8], short},
		{"PUT", "/v1/payments/" + payment, strings.Replace(paymentPending, booking, booking[:8], 1)},
		{"POST", "/v1/notifications", strings.Replace(notification, asha, asha[:8], 1)},
		{"GET", "/v1/users/" + asha[:8] + "/presence", ""},
		{"POST", "/v1/users/" + asha[:8] + "/disconnect", ""},
	} {
		want(t, f.ask(r[0], r[1], r[2]), 200)
	}
	refused(t, f.ask("PUT", "/v1/payments/"+payment[:8], paymentPending), 400, dokkerr.ValidationError, "id")
	refused(t, f.ask("GET", "/v1/users/"+stranger[:8]+"/presence", ""), 404, dokkerr.NotFound, "")
}

func TestInvalidInputNamesTheField(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	put := func(name, value string) string { // a booking with one field replaced, or added
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(bookingPending), &fields); err != nil {
			t.Fatal(err)
		}
		fields[name] = json.RawMessage(value)
		if value == "" {
			delete(fields, name)
		}
		body, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	pay := func(old, replaced string) string { return strings.Replace(paymentPending, old, replaced, 1) }
	note := func(old, replaced string) string { return strings.Replace(notification, old, replaced, 1) }
	event := func(old, replaced string) string { return strings.Replace(applicationNews, old, replaced, 1) }
	long := strings.Repeat("x", 5000)

	for _, c := range []struct{ method, route, body, path string }{
		{"PUT", "/v1/bookings/7", bookingPending, "id"},
		{"PUT", "/v1/bookings/" + booking + "0", bookingPending, "id"},
		{"PUT", "/v1/bookings/%7B" + booking + "%7D", bookingPending, "id"},
		{"PUT", "/v1/bookings/" + booking, "", ""},
		{"PUT", "/v1/bookings/" + booking, "null", ""},
		{"PUT", "/v1/bookings/" + booking, "[]", ""},
		{"PUT", "/v1/bookings/" + booking, `"x"`, ""},
		{"PUT", "/v1/bookings/" + booking, "{}", "boaterId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", ""), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", "null"), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", "7"), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", `"dock"`), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("boaterId", `"`+asha+` "`), "boaterId"},
		{"PUT", "/v1/bookings/" + booking, put("ownerId", `["`+ben+`"]`), "ownerId"},
		{"PUT", "/v1/bookings/" + booking, put("ownerId", `"`+asha+`"`), "ownerId"},
		{"PUT", "/v1/bookings/" + booking, put("status", `"paid"`), "status"},
		{"PUT", "/v1/bookings/" + booking, put("status", `"Pending"`), "status"},
		{"PUT", "/v1/bookings/" + booking, put("status", "true"), "status"},
		{"PUT", "/v1/bookings/" + booking, put("reason", `"`+long+`"`), "reason"},
		{"PUT", "/v1/bookings/" + booking, put("reason", `{}`), "reason"},
		{"PUT", "/v1/bookings/" + booking, put("version", "-1"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", `"1"`), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "1.5"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "1.0"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "9223372036854775808"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("id", `"x"`), "id"},
		{"PUT", "/v1/bookings/" + booking, put("role", `"admin"`), "role"},
		{"PUT", "/v1/bookings/" + booking, put("seq", "1"), "seq"},
		{"PUT", "/v1/bookings/" + booking, put("Status", `"confirmed"`), "Status"},

		{"PUT", "/v1/payments/" + payment, pay(`"amount":12500,`, ""), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", `"12500"`), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "125.5"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "12500.0"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "1e3"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "-1"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "9007199254740993"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "1"+strings.Repeat("0", 300)), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "null"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("usd", "USD"), "currency"},
		{"PUT", "/v1/payments/" + payment, pay("usd", "euro"), "currency"},
		{"PUT", "/v1/payments/" + payment, pay(`"pending"`, `"paid"`), "status"},
		{"PUT", "/v1/payments/" + payment, pay(`"pending"`, `"failed","error":"4242 4242 4242 4242"`), "error"},
		{"PUT", "/v1/payments/" + payment, pay(booking, "x"), "bookingId"},

		{"POST", "/v1/notifications", note(asha, "x"), "userId"},
		{"POST", "/v1/notifications", note("review_received", ""), "type"},
		{"POST", "/v1/notifications", note("A review", long), "title"},
		{"POST", "/v1/notifications", note("Five stars", long), "body"},
		{"POST", "/v1/notifications", note(`{"stars":5}`, `[5]`), "data"},
		{"POST", "/v1/notifications", note(`{"stars":5}`, `"5"`), "data"},
		{"POST", "/v1/notifications", note(`"type"`, `"senderId":"x","type"`), "senderId"},

		{"POST", "/v1/events", event(`"dock.weather"`, `""`), "event"},
		{"POST", "/v1/events", event("dock.weather", "booking.updated"), "event"},
		{"POST", "/v1/events", event("dock.weather", "message.new"), "event"},
		{"POST", "/v1/events", event("dock.weather", "connect_error"), "event"},
		{"POST", "/v1/events", event(`{"wind":7}`, "7"), "data"},
		{"POST", "/v1/events", event(`{"wind":7}`, "null"), "data"},
		{"POST", "/v1/events", event(`"data":{"wind":7},`, ""), "data"},
		{"POST", "/v1/events", event(`,"userId":"`+asha+`"`, ""), "userId"},
		{"POST", "/v1/events", event(`"userId"`, `"bookingId":"`+booking+`","userId"`), "userId"},
		{"POST", "/v1/events", event(`"userId"`, `"durable":"no","userId"`), "durable"},

		{"GET", "/v1/users/me/presence", "", "id"},
		{"POST", "/v1/users/me/disconnect", "", "id"},
	} {
		t.Run(c.method+" "+c.route+" "+c.body[:min(len(c.body), 200)], func(t *testing.T) {
			refused(t, f.ask(c.method, c.route, c.body), 400, dokkerr.ValidationError, c.path)
		})
	}
}

func TestBodyThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	const route = "/v1/events"
	for name, body := range map[string]string{
		"no JSON":           `{`,
		"two values":        applicationNews + `{}`,
		"a comma too much":  `{"event":"x",}`,
		"a name twice":      strings.Replace(applicationNews, `"event"`, `"event":"y","event"`, 1),
		"a name twice deep": strings.Replace(applicationNews, `"wind":7`, `"a":[{"b":1,"b":2}]`, 1),
		"too deep":          strings.Replace(applicationNews, `7`, strings.Repeat("[", 64)+strings.Repeat("]", 64), 1),
		"not UTF-8":         strings.Replace(applicationNews, "dock", "do\xff", 1),
		"a byte order mark": "\xef\xbb\xbf" + applicationNews,
		"a huge number":     strings.Replace(applicationNews, `7`, "1e400", 1),
	} {
		t.Run(name, func(t *testing.T) { refused(t, f.ask("POST", route, body), 400, dokkerr.ValidationError, "") })
	}
	for _, header := range [][2]string{
		{"Content-Type", "text/plain;charset=UTF-8"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "multipart/form-data; boundary=x"},
		{"Content-Type", "application/json; charset=latin1"},
		{"Content-Type", "application/cbor"},
		{"Content-Type", ";"},
		{"Content-Encoding", "gzip"},
	} {
		refused(t, f.ask("POST", route, applicationNews, header[:]...), 400, dokkerr.ValidationError, "")
	}
	for _, header := range [][2]string{
		{"Content-Type", ""}, {"Content-Type", "Application/JSON; charset=UTF-8"}, {"Content-Encoding", "identity"},
	} {
		want(t, f.ask("POST", route, applicationNews, header[:]...), 200)
	}
}

func TestLargestBody(t *testing.T) {
	f := newFixture(t)
	const route = "/v1/notifications"
	fits := notification + strings.Repeat(" ", 256<<10-len(notification))
	want(t, f.ask("POST", route, fits), 200)
	refused(t, f.ask("POST", route, fits+" "), 413, dokkerr.PayloadTooLarge, "")
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
	if !strings.Contains(f.log.String(), "the counts are gone") || !strings.Contains(f.log.String(), "api_test.go") {
		t.Errorf("the log has no panic with its stack: %s", f.log)
	}
	want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
}

// broken is a store that has one answer.
type broken struct{ err error }

func (b broken) Update(context.Context, func(dokkerr.Tx) error) error   { return b.err }
func (b broken) View(context.Context, func(dokkerr.Reader) error) error { return b.err }
func (b broken) Subscribe(func([]dokkerr.Event))                        {}

func TestErrorsOfTheStore(t *testing.T) {
	for _, c := range []struct {
		err        error
		status     int
		code       dokkerr.Code
		retryAfter string
	}{
		{&dokkerr.Error{Code: dokkerr.StorageUnavailable, Message: "later", RetryAfter: 1500 * time.Millisecond}, 503, dokkerr.StorageUnavailable, "2"},
		{&dokkerr.Error{Code: dokkerr.StorageFull, Message: "full", RetryAfter: 5 * time.Second}, 507, dokkerr.StorageFull, "5"},
		{&dokkerr.Error{Code: dokkerr.RateLimited, Message: "slowly", RetryAfter: time.Second}, 429, dokkerr.RateLimited, "1"},
		{&dokkerr.Error{Code: dokkerr.Conflict, Message: "no"}, 409, dokkerr.Conflict, ""},
		{context.DeadlineExceeded, 503, dokkerr.StorageUnavailable, "1"},
		{errors.New("disk I/O error at /var/lib/secret"), 500, dokkerr.InternalError, ""},
	} {
		f := over(broken{c.err})
		w := f.ask("POST", "/v1/notifications", notification)
		message := refused(t, w, c.status, c.code, "")
		if got := w.Header().Get("Retry-After"); got != c.retryAfter {
			t.Errorf("%v: Retry-After %q, want %q", c.err, got, c.retryAfter)
		}
		if strings.Contains(message, "disk") {
			t.Errorf("told: %s", message)
		}
		if c.status == 500 && !strings.Contains(f.log.String(), "disk I/O error") {
			t.Errorf("not in the log: %s", f.log)
		}
	}
}

func userToken(t *testing.T) string {
	t.Helper()
	compact, err := token.Sign([]byte(key), token.Identity{User: asha, Role: "admin", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestExport(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("POST", "/v1/events", applicationNews), 200)
	var events []string
	for cursor := any(""); cursor != nil; {
		page := want(t, f.ask("GET", "/v1/users/"+asha+"/export?limit=2&cursor="+cursor.(string), ""), 200)
		if page["userId"] != asha {
			t.Errorf("the export of %v", page["userId"])
		}
		for _, e := range page["events"].([]any) {
			events = append(events, e.(object)["event"].(string))
		}
		cursor = page["cursor"]
	}
	if got := strings.Join(events, " "); got != "booking.created notification.new dock.weather" {
		t.Errorf("exported %s", got)
	}
	nobody := want(t, f.ask("GET", "/v1/users/"+stranger+"/export", ""), 200)
	if len(nobody["events"].([]any)) != 0 {
		t.Errorf("a stranger's export is %v", nobody)
	}
	refused(t, f.ask("GET", "/v1/users/"+asha+"/export?limit=0", ""), 400, dokkerr.ValidationError, "limit")
	refused(t, f.ask("GET", "/v1/users/"+asha+"/export?cursor=x", ""), 400, dokkerr.ValidationError, "cursor")
}

func TestErase(t *testing.T) {
	f := newFixture(t)
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("DELETE", "/v1/users/"+asha, "", "Idempotency-Key", "the-erasure"), 200)
	if len(f.sockets.ended) != 1 || !f.sockets.ended[0].Hits(dokkerr.Credential{User: uuid.MustParse(asha), SessionID: "s"}) {
		t.Errorf("ended %v", f.sockets.ended)
	}
	count := func() int {
		return len(want(t, f.ask("GET", "/v1/users/"+asha+"/export", ""), 200)["events"].([]any))
	}
	if n := count(); n != 0 {
		t.Errorf("%d events are left", n)
	}
	// A repetition does not erase who came after.
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("DELETE", "/v1/users/"+asha, "", "Idempotency-Key", "the-erasure"), 200)
	if n := count(); n != 1 {
		t.Errorf("%d events, want the one that came later", n)
	}
}

// TestEraseAgainByShortID: the erasure makes the short id unknown, and its repetition gets the first answer all the same.
func TestEraseAgainByShortID(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	first := f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "the-erasure")
	want(t, first, 200)
	again := f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "the-erasure")
	if again.Code != 200 || again.Body.String() != first.Body.String() {
		t.Errorf("first %s, again %d %s", first.Body, again.Code, again.Body)
	}
	if len(f.sockets.ended) != 2 || f.sockets.ended[0] != f.sockets.ended[1] {
		t.Errorf("ended %v", f.sockets.ended)
	}
	refused(t, f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "another"), 404, dokkerr.NotFound, "")
	refused(t, f.ask("DELETE", "/v1/users/"+asha[:8], ""), 404, dokkerr.NotFound, "")
}
