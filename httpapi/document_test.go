package httpapi_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/httpapi"
)

// sample is a request to an operation. The short id is of nobody, so that the store is asked.
type sample struct{ path, body, nobody, nobodysBody, conflict, other string }

const noID = "00000000"

// samples has one for each documented operation behind the key.
var samples = map[string]sample{
	"PUT /v1/bookings/{id}": {
		path: "/v1/bookings/" + booking, body: bookingPending, nobody: "/v1/bookings/" + noID, nobodysBody: bookingPending,
		conflict: strings.Replace(bookingPending, "pending", "completed", 1), other: strings.Replace(bookingPending, "pending", "confirmed", 1),
	},
	"PUT /v1/payments/{id}": {
		path: "/v1/payments/" + payment, body: paymentPending, nobody: "/v1/payments/" + payment,
		nobodysBody: strings.Replace(paymentPending, booking, noID, 1), conflict: strings.Replace(paymentPending, "pending", "refunded", 1),
		other: strings.Replace(paymentPending, "pending", "completed", 1),
	},
	"POST /v1/notifications": {
		path: "/v1/notifications", body: notification, nobody: "/v1/notifications", nobodysBody: strings.Replace(notification, asha, noID, 1),
		other: strings.Replace(notification, "Five", "Four", 1),
	},
	"POST /v1/events": {
		path: "/v1/events", body: applicationNews, nobody: "/v1/events", nobodysBody: strings.Replace(applicationNews, asha, noID, 1),
		other: strings.Replace(applicationNews, "7", "8", 1),
	},
	"GET /v1/users/{id}/presence":    {path: "/v1/users/" + asha[:8] + "/presence", nobody: "/v1/users/" + noID + "/presence"},
	"POST /v1/users/{id}/disconnect": {path: "/v1/users/" + asha[:8] + "/disconnect", nobody: "/v1/users/" + noID + "/disconnect", other: `{"jti":"t-1"}`},
	"GET /v1/users/{id}/export":      {path: "/v1/users/" + asha[:8] + "/export", nobody: "/v1/users/" + noID + "/export"},
	"DELETE /v1/users/{id}":          {path: "/v1/users/" + asha, nobody: "/v1/users/" + noID, other: "{}"},
	"GET /v1/metrics":                {path: "/v1/metrics"},
}

// causes has for each code a request that gets it, in a service that has what seed makes.
var causes = map[dokkerr.Code]func(t *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder{
	dokkerr.ValidationError: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		return f.ask(method, s.path, "{")
	},
	dokkerr.AuthError: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		return f.ask(method, s.path, s.body, "Authorization", "")
	},
	dokkerr.Forbidden: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		f.Handler = httpapi.New(f.service, f.sockets, &httpapi.Options{
			ServiceKeys: []string{key}, Logger: slog.New(slog.DiscardHandler),
			CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
		})
		return f.ask(method, s.path, s.body, "Origin", "https://evil.example")
	},
	dokkerr.NotFound: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		return f.ask(method, s.nobody, s.nobodysBody)
	},
	dokkerr.Conflict: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		return f.ask(method, s.path, s.conflict)
	},
	dokkerr.IdempotencyConflict: func(t *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		want(t, f.ask(method, s.path, s.body, "Idempotency-Key", "k"), 200)
		return f.ask(method, s.path, s.other, "Idempotency-Key", "k")
	},
	dokkerr.PayloadTooLarge: func(_ *testing.T, f *fixture, method string, s sample) *httptest.ResponseRecorder {
		return f.ask(method, s.path, `{"x":"`+strings.Repeat("x", 256<<10)+`"}`)
	},
	dokkerr.InternalError:      ofStore(errors.New("broken")),
	dokkerr.StorageUnavailable: ofStore(&dokkerr.Error{Code: dokkerr.StorageUnavailable, Message: "later"}),
	dokkerr.StorageFull:        ofStore(&dokkerr.Error{Code: dokkerr.StorageFull, Message: "full"}),
}

// ofStore asks a service whose store has one answer, and whose live side panics.
func ofStore(err error) func(*testing.T, *fixture, string, sample) *httptest.ResponseRecorder {
	return func(_ *testing.T, _ *fixture, method string, s sample) *httptest.ResponseRecorder {
		f := over(broken{err})
		f.sockets.counts = func() httpapi.Counts { panic("broken") }
		return f.ask(method, s.path, s.body)
	}
}

var codeForm = regexp.MustCompile(`[A-Z_]+`)

// TestEveryDocumentedErrorIsAnswered brings about every error that the document says a route may answer; and what a route answers
// to any of the causes must be in the document.
func TestEveryDocumentedErrorIsAnswered(t *testing.T) {
	doc := document(t, newFixture(t))
	cells := 0
	for _, op := range operations(doc) {
		if !op.closed {
			continue
		}
		s, ok := samples[op.method+" "+op.path]
		if !ok {
			t.Errorf("%s %s has no sample", op.method, op.path)
			continue
		}
		statuses := documentedErrors(doc, op)
		for code := range statuses {
			if causes[code] == nil {
				t.Errorf("%s %s: nothing brings about %s", op.method, op.path, code)
			}
		}
		for code, cause := range causes {
			if reads := statuses[dokkerr.StorageFull] == ""; reads && code == dokkerr.StorageFull || code == dokkerr.Conflict && s.conflict == "" ||
				code == dokkerr.IdempotencyConflict && s.other == "" || code == dokkerr.NotFound && s.nobody == "" {
				if statuses[code] != "" {
					t.Errorf("%s %s documents %s, and the sample cannot bring it about", op.method, op.path, code)
				}
				continue
			}
			cells++
			f := newFixture(t)
			f.seed(t)
			w := cause(t, f, op.method, s)
			var answer struct{ Error struct{ Code dokkerr.Code } }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			got := answer.Error.Code
			if statuses[code] != "" && got != code || statuses[got] != strconv.Itoa(w.Code) {
				t.Errorf("%s %s: for %s answers %d %s; documented are %v", op.method, op.path, code, w.Code, w.Body, statuses)
			}
		}
	}
	t.Logf("%d cells", cells)
}

// documentedErrors returns the status of each code that an operation may answer.
func documentedErrors(doc object, op operation) map[dokkerr.Code]string {
	statuses := map[dokkerr.Code]string{}
	responses := doc["paths"].(object)[op.path].(object)[strings.ToLower(op.method)].(object)["responses"].(object)
	for status, response := range responses {
		if status == "200" {
			continue
		}
		for _, code := range codeForm.FindAllString(response.(object)["description"].(string), -1) {
			statuses[dokkerr.Code(code)] = status
		}
	}
	return statuses
}

// TestDocumentBoundsEveryField wants each field of a request, and each parameter, to be described, bounded, and shown by an example.
func TestDocumentBoundsEveryField(t *testing.T) {
	doc := document(t, newFixture(t))
	fields := map[string]object{}
	for name, schema := range doc["components"].(object)["schemas"].(object) {
		if strings.HasSuffix(name, "Body") {
			for field, v := range schema.(object)["properties"].(object) {
				fields[name+"."+field] = v.(object)
			}
		}
	}
	for _, op := range operations(doc) {
		params, _ := doc["paths"].(object)[op.path].(object)[strings.ToLower(op.method)].(object)["parameters"].([]any)
		for _, v := range params {
			parameter := v.(object)
			field := parameter["schema"].(object)
			field["description"] = parameter["description"]
			fields[op.method+" "+op.path+" "+parameter["name"].(string)] = field
		}
	}
	if len(fields) < 20 {
		t.Fatalf("%d fields", len(fields))
	}
	has := func(field object, any ...string) bool {
		return slices.ContainsFunc(any, func(key string) bool { return field[key] != nil })
	}
	for name, field := range fields {
		kind, _ := field["type"].(string)
		bounded := map[string]bool{
			"string": has(field, "enum", "pattern", "maxLength"), "integer": has(field, "minimum") && has(field, "maximum"), "boolean": true, "object": true,
		}[kind]
		if !bounded || !has(field, "description") || (kind == "string" || kind == "integer") && !has(field, "enum", "examples", "default") {
			t.Errorf("%s is not described, bounded or shown: %v", name, field)
		}
	}
}
