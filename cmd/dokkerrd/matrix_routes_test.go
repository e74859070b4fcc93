package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// credential is what a request shows.
type credential struct {
	name string
	kind string // which routes it opens
	show func(m *matrix, p *member, r *http.Request, body string)
}

var credentials = []credential{
	{"nothing", byAnyone, func(*matrix, *member, *http.Request, string) {}},
	{"a user's token", byAnyone, bearerOf(func(p *member) string { return p.thing.Token })},
	{"an empty bearer", byAnyone, bearerOf(func(*member) string { return "" })},
	{"half a key", byAnyone, bearerOf(func(*member) string { return testKey[:len(testKey)/2] })},
	{"both keys as one", byAnyone, bearerOf(func(*member) string { return testKey + "," + rotatedKey })},
	{"the webhook's secret", byAnyone, bearerOf(func(*member) string { return stripeSecret })},
	{"a key as a password", byAnyone, func(_ *matrix, _ *member, r *http.Request, _ string) { r.SetBasicAuth("admin", testKey) }},
	{"a key in the URL", byAnyone, func(_ *matrix, _ *member, r *http.Request, _ string) {
		r.URL.RawQuery += "&key=" + url.QueryEscape(testKey) + "&token=" + url.QueryEscape(testKey)
	}},
	{"a key in a cookie", byAnyone, func(_ *matrix, _ *member, r *http.Request, _ string) {
		r.AddCookie(&http.Cookie{Name: "Authorization", Value: "Bearer-" + rotatedKey[:8]})
	}},
	{"a service key", byKey, bearerOf(func(*member) string { return testKey })},
	{"the next service key", byKey, bearerOf(func(*member) string { return rotatedKey })},
	{"a signature", bySignature, func(_ *matrix, _ *member, r *http.Request, body string) { signBody(r, stripeSecret, body) }},
	{"a forged signature", byAnyone, func(_ *matrix, _ *member, r *http.Request, body string) { signBody(r, testSecret, body) }},
}

func bearerOf(secret func(p *member) string) func(*matrix, *member, *http.Request, string) {
	return func(_ *matrix, p *member, r *http.Request, _ string) {
		r.Header.Set("Authorization", "Bearer "+secret(p))
	}
}

// signBody signs as the payment provider does.
func signBody(r *http.Request, secret, body string) {
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "." + body))
	r.Header.Set("Stripe-Signature", fmt.Sprintf("t=%s,v1=%x", at, mac.Sum(nil)))
}

// TestRouteMatrix walks all routes with all credentials. What is refused is tried first: it must change nothing.
func TestRouteMatrix(t *testing.T) {
	m := startMatrix(t)
	routes := m.routes()
	if missing := without(routes, routeRows, func(r routeRow) string { return r.route }); len(missing) > 0 {
		t.Fatalf("routes without a row in the authorization matrix: %q", missing)
	}
	for _, row := range routeRows {
		if !slices.Contains(routes, row.route) {
			t.Errorf("%s has a row and is no route", row.route)
		}
	}
	before := m.state()
	for _, opens := range []bool{false, true} {
		for _, row := range routeRows {
			for _, c := range credentials {
				if opens == (row.by == byAnyone || row.by == c.kind) {
					m.tryRoute(row, c, opens)
				}
			}
		}
		if !opens && m.state() != before {
			t.Error("something that was refused has changed something")
		}
	}
	t.Logf("%d cells", m.cells)
	if m.cells < 500 {
		t.Errorf("%d cells", m.cells)
	}
}

// tryRoute walks a row's cells for one credential, as it is shown by a boater, an owner, an admin and a guest.
func (m *matrix) tryRoute(row routeRow, c credential, opens bool) {
	m.t.Helper()
	refusals := map[string]bool{}
	for _, p := range []*member{m.members[0], m.members[1], m.members[4], m.members[5]} {
		for _, r := range relations {
			m.cells++
			status, text := m.request(row, c, p, r)
			want := http.StatusUnauthorized
			if opens {
				want = http.StatusOK
				if row.status[r] != 0 {
					want = row.status[r]
				}
			}
			if status != want {
				m.t.Errorf("%s with %s of %q, %s: %d %s, want %d", row.route, c.name, p.role, r, status, text, want)
			}
			if !opens {
				refusals[text] = true
				if pair := m.leaks(text, -1); pair >= 0 {
					m.t.Errorf("%s with %s tells of pair %d: %s", row.route, c.name, pair, text)
				}
			}
		}
	}
	if len(refusals) > 1 {
		m.t.Errorf("%s with %s is refused in several ways: %v", row.route, c.name, slices.Collect(maps.Keys(refusals)))
	}
}

func (m *matrix) request(row routeRow, c credential, p *member, rel relation) (int, string) {
	m.t.Helper()
	method, path, body := row.request(m.thingOf(p.pair, p.thing, rel))
	at := m.url
	if strings.HasPrefix(row.route, "private ") {
		at = m.private
	}
	r, err := http.NewRequestWithContext(m.t.Context(), method, at+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	if body == "" {
		r.Body = http.NoBody
	}
	c.show(m, p, r, body)
	return m.do(r)
}

// routes returns the patterns of both listeners, the operations of the document, and the part that the document is about.
func (m *matrix) routes() []string {
	all := patternsOf(m.server.mux)
	for _, pattern := range patternsOf(m.server.meters.handler().(*http.ServeMux)) {
		all = append(all, "private "+pattern)
	}
	var document struct {
		Paths map[string]map[string]any
	}
	_, text := m.get("/openapi.json")
	decodeInto(m.t, text, &document)
	for path, operations := range document.Paths {
		for method := range operations {
			if route := strings.ToUpper(method) + " " + path; !slices.Contains(all, route) {
				all = append(all, route)
			}
		}
	}
	return append(all, "/v1/")
}
