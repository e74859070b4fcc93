package engineio_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

func TestConformanceHandshakeOnPolling(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		a := h.do("GET", "EIO=4&transport=polling&t=abc&b64=1", "")
		if a.status != 200 || a.header.Get("Content-Type") != "text/plain; charset=UTF-8" || a.header.Get("Cache-Control") != "no-store" ||
			a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
			t.Errorf("answered %d with %v", a.status, a.header)
		}
		o := h.parseOpening(a.body)
		t.Cleanup((&poller{h, o.SID}).goodbye)
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{20}$`).MatchString(o.SID) {
			t.Errorf("sid %q", o.SID)
		}
		want := opening{o.SID, []string{"websocket"}, 25000, 20000, 1000000}
		if fmt.Sprint(o) != fmt.Sprint(want) {
			t.Errorf("opened with %+v, want %+v", o, want)
		}
		s := h.opened()
		if s.ID() != o.SID || s.Transport() != "polling" {
			t.Errorf("session %q on %s, the client got %q", s.ID(), s.Transport(), o.SID)
		}
		if other := h.openPolling().sid; other == o.SID {
			t.Errorf("two sessions have the sid %q", other)
		}
	})
}

func TestConformanceHandshakeOnWebSocket(t *testing.T) {
	options := &engineio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond, MaxPayload: 5000}
	onBothNetworks(t, options, func(t *testing.T, h *host) {
		s, a := h.handshake("EIO=4&transport=websocket", nil, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
		if a.status != 101 || a.header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || a.header.Get("Sec-WebSocket-Extensions") != "" {
			t.Fatalf("answered %d with %v", a.status, a.header)
		}
		o := h.parseOpening(s.text())
		want := opening{o.SID, []string{}, 300, 200, 5000}
		if fmt.Sprint(o) != fmt.Sprint(want) {
			t.Errorf("opened with %+v, want %+v", o, want)
		}
		if s := h.opened(); s.ID() != o.SID || s.Transport() != "websocket" {
			t.Errorf("session %q on %s, the client got %q", s.ID(), s.Transport(), o.SID)
		}
	})
}

// refusals are requests that get no session, in a server with the session SID on polling.
var refusals = []struct {
	method, query string
	header        []string
	status        int
	body          string
}{
	{method: "GET", query: "", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=foo", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=Polling", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=webtransport", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=__proto__", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=constructor", status: 400, body: unknownTransport},
	{method: "GET", query: "EIO=4&transport=polling&transport=websocket", status: 400, body: unknownTransport},
	{method: "POST", query: "EIO=3&transport=foo&sid=nope", status: 400, body: unknownTransport}, // checked first
	{method: "GET", query: "EIO=4&transport=foo&sid=SID", status: 400, body: unknownTransport},

	{method: "GET", query: "EIO=4&transport=polling&sid=nope", status: 400, body: unknownSession},
	{method: "POST", query: "EIO=4&transport=polling&sid=nope", status: 400, body: unknownSession},
	{method: "PUT", query: "EIO=4&transport=polling&sid=nope", status: 400, body: unknownSession},
	{method: "GET", query: "EIO=4&transport=polling&sid=__proto__", status: 400, body: unknownSession},
	{method: "GET", query: "EIO=4&transport=polling&sid=SIDx", status: 400, body: unknownSession},
	{method: "GET", query: "EIO=4&transport=polling&sid=SID&sid=SID", status: 400, body: unknownSession},
	{method: "GET", query: "EIO=3&transport=polling&sid=nope", status: 400, body: unknownSession},
	{method: "GET", query: "EIO=4&transport=websocket&sid=nope", status: 400, body: unknownSession},

	{method: "POST", query: "EIO=4&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "PUT", query: "EIO=4&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "PATCH", query: "EIO=4&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "DELETE", query: "EIO=4&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "OPTIONS", query: "EIO=4&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "HEAD", query: "EIO=4&transport=polling", status: 400, body: ""},
	{method: "POST", query: "EIO=3&transport=polling", status: 400, body: badHandshakeMethod},
	{method: "POST", query: "EIO=4&transport=websocket", status: 400, body: badHandshakeMethod},

	{method: "GET", query: "EIO=4&transport=websocket", status: 400, body: badRequest}, // no upgrade
	{method: "GET", query: "EIO=4&transport=websocket&sid=SID", status: 400, body: badRequest},
	{method: "POST", query: "EIO=4&transport=websocket&sid=SID", status: 400, body: badRequest},
	{method: "GET", query: "EIO=3&transport=polling&sid=SID", status: 400, body: badRequest},
	{method: "GET", query: "transport=polling&sid=SID", status: 400, body: badRequest},
	{method: "POST", query: "EIO=5&transport=polling&sid=SID", status: 400, body: badRequest},
	{method: "GET", query: "EIO=4&transport=polling", header: []string{"Origin", "http://a\tb"}, status: 400, body: badRequest},
	{method: "GET", query: "EIO=4&transport=polling&sid=SID", header: []string{"Origin", "http://a\tb"}, status: 400, body: badRequest},

	{method: "GET", query: "EIO=4&transport=polling", header: []string{"Origin", "http://evil.test"}, status: 403, body: forbidden},
	{method: "GET", query: "EIO=4&transport=polling", header: []string{"Origin", "null"}, status: 403, body: forbidden},
	{method: "GET", query: "EIO=4&transport=polling", header: []string{"Origin", "http://" + hostName + ".evil.test"}, status: 403, body: forbidden},
	{method: "POST", query: "EIO=4&transport=polling&sid=SID", header: []string{"Origin", "http://evil.test"}, status: 403, body: forbidden},

	{method: "GET", query: "transport=polling", status: 400, body: unsupportedVersion},
	{method: "GET", query: "EIO=&transport=polling", status: 400, body: unsupportedVersion},
	{method: "GET", query: "EIO=3&transport=polling", status: 400, body: unsupportedVersion},
	{method: "GET", query: "EIO=5&transport=polling", status: 400, body: unsupportedVersion},
	{method: "GET", query: "EIO=abc&transport=polling", status: 400, body: unsupportedVersion},
	{method: "GET", query: "EIO=4&EIO=4&transport=polling", status: 400, body: unsupportedVersion},
}

func TestConformanceRefusals(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, c := range refusals {
			query := strings.ReplaceAll(c.query, "SID", p.sid)
			a := h.do(c.method, query, "", c.header...)
			if a.status != c.status || a.body != c.body || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s ?%s %q: answered %d %s %q, want %d %q", c.method, c.query, c.header, a.status, a.header.Get("Content-Type"), a.body, c.status, c.body)
			}
		}
		h.wantOpen(1)
		p.wantAlive()
	})
}

// TestConformanceRefusalsOfUpgrade sends upgrade requests that get no session: an HTTP status and no open packet.
func TestConformanceRefusalsOfUpgrade(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, c := range []struct {
			query  string
			header []string
			status int
			body   string
		}{
			{"EIO=4", nil, 400, unknownTransport},
			{"EIO=4&transport=foo", nil, 400, unknownTransport},
			{"EIO=4&transport=__proto__", nil, 400, unknownTransport},
			{"EIO=4&transport=websocket&sid=nope", nil, 400, unknownSession},
			{"EIO=4&transport=websocket&sid=__proto__", nil, 400, unknownSession},
			{"EIO=4&transport=polling", nil, 400, badRequest},
			{"EIO=3&transport=websocket&sid=SID", nil, 400, badRequest},
			{"transport=websocket&sid=SID", nil, 400, badRequest},
			{"transport=websocket", nil, 400, unsupportedVersion},
			{"EIO=3&transport=websocket", nil, 400, unsupportedVersion},
			{"EIO=abc&transport=websocket", nil, 400, unsupportedVersion},
			{"EIO=4&transport=websocket", []string{"Origin", "http://evil.test"}, 403, forbidden},
			{"EIO=4&transport=websocket&sid=SID", []string{"Origin", "http://evil.test"}, 403, forbidden},
			{"EIO=4&transport=websocket", []string{"Sec-WebSocket-Version", "8"}, 426, badRequest},
			{"EIO=4&transport=websocket&sid=SID", []string{"Sec-WebSocket-Version", "8"}, 426, badRequest},
			{"EIO=4&transport=websocket", []string{"Sec-WebSocket-Key", ""}, 400, badRequest},
			{"EIO=4&transport=websocket", []string{"Sec-WebSocket-Key", "short"}, 400, badRequest},
			{"EIO=4&transport=websocket", []string{"Upgrade", "h2c"}, 400, badRequest},
		} {
			_, a := h.handshake(strings.ReplaceAll(c.query, "SID", p.sid), nil, c.header...)
			if a.status != c.status || a.body != c.body {
				t.Errorf("?%s %q: answered %d %q, want %d %q", c.query, c.header, a.status, a.body, c.status, c.body)
			}
			if a.status == 426 && a.header.Get("Sec-WebSocket-Version") != "13" {
				t.Errorf("426 with %v", a.header)
			}
		}
		h.wantOpen(1)
		p.wantAlive()
	})
}

func TestConformanceOwnOriginIsServed(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		a := h.do("GET", "EIO=4&transport=polling", "", "Origin", "http://"+hostName)
		t.Cleanup((&poller{h, h.parseOpening(a.body).SID}).goodbye)
		if _, a := h.handshake("EIO=4&transport=websocket", nil, "Origin", "http://"+hostName); a.status != 101 {
			t.Errorf("WebSocket answered %d %q", a.status, a.body)
		}
	})
}

// TestConformanceAdmission: one policy for every transport, asked once for a session.
func TestConformanceAdmission(t *testing.T) {
	var refuse error
	asked := 0
	options := &engineio.Options{Admit: func(*http.Request) (engineio.Visit, error) { asked++; return nil, refuse }}
	inMemory(t, options, func(t *testing.T, h *host) {
		for _, c := range []struct {
			refuse error
			status int
			body   string
			after  string
		}{
			{errors.New("a secret detail"), 403, forbidden, ""},
			{&engineio.AdmitError{}, 403, forbidden, ""},
			{&engineio.AdmitError{Message: "Go \"away\""}, 403, `{"code":4,"message":"Go \"away\""}`, ""},
			{&engineio.AdmitError{Status: 503, Message: "Busy", RetryAfter: 1500 * time.Millisecond}, 503, `{"code":4,"message":"Busy"}`, "2"},
		} {
			refuse = c.refuse
			_, onWebSocket := h.handshake("EIO=4&transport=websocket", nil)
			for _, a := range []answer{h.do("GET", "EIO=4&transport=polling", ""), onWebSocket} {
				if a.status != c.status || a.body != c.body || a.header.Get("Retry-After") != c.after {
					t.Errorf("%v: answered %d %q, retry after %q", c.refuse, a.status, a.body, a.header.Get("Retry-After"))
				}
			}
		}
		h.wantOpen(0)
		refuse, asked = nil, 0
		p := h.openPolling()
		p.wantAlive()
		p.probe().send("5")
		h.openSocket().wantAlive()
		if asked != 2 {
			t.Errorf("asked %d times for two sessions", asked)
		}
	})
}

// TestConformanceAbsoluteTarget: a request in the form that is meant for proxies is not served.
func TestConformanceAbsoluteTarget(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		c, err := h.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET http://elsewhere.test/engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n")
		h.want(h.answerOn(c), 400, badRequest)
		h.wantOpen(0)
	})
}

// Heartbeat.
