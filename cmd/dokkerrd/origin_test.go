package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var testOrigins = newOrigins(config{
	frontends: []string{"https://app.example.com", "http://app.example.com:8080", "capacitor://localhost"},
	publicURL: "https://live.example.com",
}, 5174)

// originRow is one row of S-03.
type originRow struct {
	name     string
	origin   []string
	accepted bool
}

// The rows of S-03: exact, or refused.
func originRows() []originRow {
	return []originRow{
		{"missing", nil, true},
		{"own by name", []string{"http://localhost:5174"}, true},
		{"own by address", []string{"http://127.0.0.1:5174"}, true},
		{"public", []string{"https://live.example.com"}, true},
		{"listed", []string{"https://app.example.com"}, true},
		{"listed with a port", []string{"http://app.example.com:8080"}, true},
		{"an app's scheme", []string{"capacitor://localhost"}, true},
		{"http for https", []string{"http://app.example.com"}, false},
		{"https for http", []string{"https://localhost:5174"}, false},
		{"another scheme", []string{"ionic://localhost"}, false},
		{"another port", []string{"https://app.example.com:8443"}, false},
		{"the default port written", []string{"https://app.example.com:443"}, false},
		{"own without a port", []string{"http://localhost"}, false},
		{"own at another port", []string{"http://localhost:5175"}, false},
		{"a sub-domain", []string{"https://x.app.example.com"}, false},
		{"a parent domain", []string{"https://example.com"}, false},
		{"a suffix", []string{"https://app.example.com.evil"}, false},
		{"a prefix", []string{"https://evilapp.example.com"}, false},
		{"upper case", []string{"HTTPS://APP.EXAMPLE.COM"}, false},
		{"a dot at the end", []string{"https://app.example.com."}, false},
		{"null", []string{"null"}, false},
		{"empty", []string{""}, false},
		{"two", []string{"https://app.example.com", "https://evil.example"}, false},
		{"the same twice", []string{"https://app.example.com", "https://app.example.com"}, false},
		{"two in one", []string{"https://app.example.com, https://evil.example"}, false},
		{"user information", []string{"https://app.example.com@evil.example"}, false},
		{"a path", []string{"https://app.example.com/"}, false},
		{"a look-alike", []string{"https://app.ex\u0430mple.com"}, false},
		{"its punycode", []string{"https://app.xn--exmple-4nf.com"}, false},
		{"a megabyte", []string{"https://" + strings.Repeat("a", 1<<20)}, false},
		{"a wildcard", []string{"*"}, false},
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range originRows() {
		t.Run(c.name, func(t *testing.T) {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				checkCORS(t, method, c.origin, c.accepted)
			}
		})
	}
}

// Every row holds on every transport and route of the running program: one that is refused makes no session, and hears nothing of CORS.
func TestOriginsAtEveryEntryPoint(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "FRONTEND_URL=https://app.example.com,http://app.example.com:8080,capacitor://localhost", "PUBLIC_URL=https://live.example.com")
	own := p.url[strings.LastIndex(p.url, ":"):]
	_, opening := p.get(polling)
	sid := strings.Split(opening, `"`)[3]
	for _, c := range originRows() {
		for i, origin := range c.origin {
			c.origin[i] = strings.Replace(origin, ":5174", own, 1)
		}
		for _, entry := range []struct{ name, method, path, upgrade string }{
			{"polling", "GET", polling, ""},
			{"a poll's post", "POST", polling + "&sid=" + sid, ""},
			{"WebSocket", "GET", "/socket.io/?EIO=4&transport=websocket", "websocket"},
			{"the upgrade", "GET", "/socket.io/?EIO=4&transport=websocket&sid=" + sid, "websocket"},
			{"preflight", "OPTIONS", polling, ""},
			{"the API", "GET", "/v1/metrics", ""},
		} {
			if c.accepted && (entry.method == "POST" || entry.name == "the upgrade") {
				continue // they would use the session up
			}
			checkEntryPoint(p, c, entry.name, entry.method, entry.path, entry.upgrade)
		}
	}
	if status, answer := p.put("POST", polling+"&sid="+sid, "3"); status != 200 {
		t.Errorf("the session was ended by a page that it is not for: %d %s", status, answer)
	}
}

func checkEntryPoint(p *program, c originRow, name, method, path, upgrade string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header["Origin"] = c.origin
	if upgrade != "" {
		for key, value := range map[string]string{"Connection": "Upgrade", "Upgrade": upgrade, "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
			r.Header.Set(key, value)
		}
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil { // a megabyte of header is cut off while it is sent
		if c.accepted || len(c.origin[0]) < 1<<20 {
			p.t.Errorf("%s at %s: %v", c.name, name, err)
		}
		return
	}
	answer.Body.Close()
	served := answer.StatusCode < 300 // 101 too
	if served != c.accepted || !served && answer.StatusCode != 403 && answer.StatusCode != 431 {
		p.t.Errorf("%s at %s: %s", c.name, name, answer.Status)
	}
	if allowed := answer.Header.Get("Access-Control-Allow-Origin") + answer.Header.Get("Access-Control-Allow-Credentials"); !c.accepted && allowed != "" {
		p.t.Errorf("%s at %s: allowed %q", c.name, name, allowed)
	}
}

func checkCORS(t *testing.T, method string, origin []string, accepted bool) {
	t.Helper()
	served := false
	h := testOrigins.cors(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served = true
		if !testOrigins.accept(r) {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	r := httptest.NewRequest(method, "/socket.io/?EIO=4&transport=polling", nil)
	if origin != nil {
		r.Header["Origin"] = origin
	}
	r.Header.Set("Access-Control-Request-Headers", "x-custom,content-type")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	status := map[bool]int{true: 200, false: 403}[accepted]
	if accepted && method == "OPTIONS" {
		status = 204
	}
	if w.Code != status {
		t.Errorf("%s: status %d, want %d", method, w.Code, status)
	}
	if served != (method != "OPTIONS") {
		t.Errorf("%s: served %v", method, served)
	}
	var echoed, credentials string
	if accepted && origin != nil {
		echoed, credentials = origin[0], "true"
	}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": echoed, "Access-Control-Allow-Credentials": credentials,
	} {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %s %q, want %q", method, name, got, value)
		}
	}
	if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
		t.Errorf("%s: Vary %q", method, w.Header().Values("Vary"))
	}
	if headers := w.Header().Get("Access-Control-Allow-Headers"); status == 204 && headers != "x-custom,content-type" {
		t.Errorf("%s: Allow-Headers %q", method, headers)
	}
}

func TestOriginOf(t *testing.T) {
	for text, want := range map[string]string{
		"https://App.Example.com":      "https://app.example.com",
		"https://app.example.com/":     "https://app.example.com",
		"https://app.example.com:443":  "https://app.example.com",
		"http://app.example.com:80/":   "http://app.example.com",
		"http://app.example.com:443":   "http://app.example.com:443",
		"http://[::1]:3000":            "http://[::1]:3000",
		"http://[::1]":                 "http://[::1]",
		"capacitor://localhost":        "capacitor://localhost",
		"":                             "",
		"*":                            "",
		"null":                         "",
		"app.example.com":              "",
		"localhost:3000":               "",
		"//app.example.com":            "",
		"https://":                     "",
		"https://user@app.example.com": "",
		"https://app.example.com/path": "",
		"https://app.example.com?x":    "",
		"https://app.example.com#x":    "",
		"https://app example.com":      "",
		"https://bücher.example":       "", // a browser writes xn--bcher-kva.example
		"a://%80":                      "",
		"http://*.example.com":         "",
	} {
		got, err := originOf(text)
		if got != want || (err == nil) == (want == "") {
			t.Errorf("originOf(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}
