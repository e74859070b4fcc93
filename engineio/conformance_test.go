package engineio_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

// The cases of an Engine.IO protocol 4 suite: what the protocol and the official server
// demand of handshake, heartbeat, messages, polling, WebSocket and closing.

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

func TestConformanceHeartbeatOnPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		for range 3 {
			p.want(p.get(), 200, "2")
			about(t, "a ping", start, 25*time.Second)
			time.Sleep(15 * time.Second)
			p.want(p.post("3"), 200, "ok")
			start = time.Now() // the next ping counts from the pong
		}
		h.wantOpen(1)
	})
}

func TestConformanceHeartbeatOnWebSocket(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		s := h.openSocket()
		for range 3 {
			s.want("2")
			about(t, "a ping", start, 25*time.Second)
			time.Sleep(15 * time.Second)
			s.send("3")
			start = time.Now()
		}
		h.wantOpen(1)
	})
}

func TestConformancePingTimeoutOnPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		p.want(p.get(), 200, "1")
		about(t, "the end", start, 45*time.Second)
		h.wantEnd(engineio.PingTimeout)
		p.wantUnknown()
	})
}

// TestConformanceSilentPollingClient: a client that never polls is gone after the same time.
func TestConformanceSilentPollingClient(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		h.wantEnd(engineio.PingTimeout)
		about(t, "the end", start, 45*time.Second)
		p.wantUnknown()
	})
}

func TestConformancePingTimeoutOnWebSocket(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		s := h.openSocket()
		s.want("2")
		s.wantCut()
		about(t, "the end", start, 45*time.Second)
		h.wantEnd(engineio.PingTimeout)
	})
}

// TestConformanceOtherPacketExtendsOnce: a packet in place of the pong puts the time-out off, once for a ping.
func TestConformanceOtherPacketExtendsOnce(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		time.Sleep(15 * time.Second)
		start := time.Now()
		p.want(p.post("4a"), 200, "ok")
		time.Sleep(15 * time.Second)
		p.want(p.post("4b"), 200, "ok")
		h.wantEnd(engineio.PingTimeout)
		about(t, "the end", start, 20*time.Second)
	})
}

func TestConformanceUnaskedPongs(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p, s := h.openPolling(), h.openSocket()
		time.Sleep(10 * time.Second)
		p.want(p.post("3"+strings.Repeat("\x1e3", 999)), 200, "ok")
		for range 1000 {
			s.send("3")
		}
		p.want(p.get(), 200, "2")
		about(t, "the ping on polling", start, 25*time.Second)
		s.want("2")
		about(t, "the ping on WebSocket", start, 25*time.Second)
		h.wantOpen(2)
	})
}

// Messages.

func TestConformanceMessagesOnPolling(t *testing.T) {
	large := strings.Repeat("x", 999_999)
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, payload := range []string{
			"4hello",
			"4",
			"4€ 😀 \u2028",
			"bAQIDBA==",
			"b",
			"4one\x1e4two\x1e4three",
			"4hello\x1ebAQID\x1e4" + "world\x1eb/+8=",
			"4" + large, // exactly maxPayload
		} {
			a := p.post(payload)
			p.want(a, 200, "ok")
			if a.header.Get("Content-Type") != "text/html" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("POST answered with %v", a.header)
			}
			a = p.get()
			p.want(a, 200, payload)
			if a.header.Get("Content-Type") != "text/plain; charset=UTF-8" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Length") != fmt.Sprint(len(payload)) {
				t.Errorf("GET answered with %v", a.header)
			}
		}
	})
}

// TestConformancePendingGet: what is sent while a GET waits is its answer.
func TestConformancePendingGet(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		session := h.opened()
		get := p.pending()
		session.Send(textFrame("a"), engineio.BinaryFrame([]byte{1, 2, 3}))
		p.want(<-get, 200, "4a\x1ebAQID")
		get = p.pending()
		p.want(p.post("4echo"), 200, "ok")
		p.want(<-get, 200, "4echo")
	})
}

func TestConformanceMessagesOnWebSocket(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		for _, payload := range []string{"4hello", "4", "4€ 😀 \u2028", "4bAQID", "4a\x1e4b", "4" + strings.Repeat("x", 70_000), "4" + strings.Repeat("x", 999_999)} {
			s.send(payload)
			s.want(payload)
		}
		for _, payload := range []string{"\x01\x02\x03", "", "4\xff", strings.Repeat("\x00", 1_000_000)} {
			s.write(masked(fin|opBinary, payload))
			if got := s.readFrame(opBinary); got != payload {
				t.Errorf("binary %.50q came back as %.50q", payload, got)
			}
		}
		s.write(slices.Concat(masked(opText, "4hel"), masked(0, ""), masked(fin|opPing, "now"), masked(fin, "lo")))
		if got := s.readFrame(opPong); got != "now" {
			t.Errorf("ping answered with %q", got)
		}
		s.want("4hello")
	})
}

func TestConformanceCompression(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, c := range []struct {
			size   int
			accept string
			want   string
		}{
			{2000, "", ""},
			{2000, "br", ""},
			{2000, "gzip;q=0", ""},
			{1000, "gzip, deflate, br", ""},
			{2000, "gzip, deflate, br", "gzip"},
		} {
			message := "4" + strings.Repeat("x", c.size)
			p.want(p.post(message), 200, "ok")
			a := p.do("GET", p.query(), "", "Accept-Encoding", c.accept)
			got := a.body
			if a.header.Get("Content-Encoding") == "gzip" {
				got = gunzip(t, a.body)
			}
			if got != message || a.header.Get("Content-Encoding") != c.want {
				t.Errorf("%d bytes, accepting %q: got %d as %q, want %q", c.size, c.accept, len(got), a.header.Get("Content-Encoding"), c.want)
			}
		}
	})
}

func gunzip(t *testing.T, body string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestConformanceIgnoredPackets: these mean nothing from a client on an established transport.
func TestConformanceIgnoredPackets(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p, s := h.openPolling(), h.openSocket()
		for _, packet := range []string{"0", "0{}", "5", "6", "3", "3probe"} {
			p.want(p.post(packet), 200, "ok")
			p.wantAlive()
			s.send(packet)
			s.wantAlive()
		}
		p.want(p.post("0{}\x1e4a\x1e6\x1e5\x1e3\x1e4b"), 200, "ok")
		p.want(p.get(), 200, "4a\x1e4b")
		h.wantOpen(2)
	})
}

// Malformed packets.

func TestConformanceMalformedOnPolling(t *testing.T) {
	for _, c := range []struct {
		body   string
		reason engineio.Reason
	}{
		{"", engineio.ParseError},
		{"abc", engineio.ParseError},
		{"7", engineio.ParseError},
		{"\x1e", engineio.ParseError},
		{"4a\x1e\x1e4b", engineio.ParseError},
		{"4a\x1e", engineio.ParseError},
		{"\x1e4a", engineio.ParseError},
		{"4a\x1eabc\x1e4b", engineio.ParseError},
		{"4\xff", engineio.ParseError},
		{"b!", engineio.ParseError},
		{"bAQ", engineio.ParseError},
		{"10:4hello", engineio.TransportClose}, // of protocol 3: reads as a close packet
		{"2", engineio.TransportError},
		{"2probe", engineio.TransportError},
	} {
		t.Run(fmt.Sprintf("%q", c.body), func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, h *host) {
				p := h.openPolling()
				get := p.pending()
				if a := p.post(c.body); a.status != 200 && a.status != 400 {
					t.Errorf("POST answered %d %q", a.status, a.body)
				}
				h.wantEnd(c.reason)
				if a := <-get; a.status != 200 || !slices.Contains([]string{"1", "6", "4a"}, a.body) {
					t.Errorf("pending GET answered %d %q", a.status, a.body)
				} else if a.body == "4a" { // and the next one is told of the end, or of no session
					p.get()
				}
				p.wantUnknown()
			})
		})
	}
}

// TestConformanceMalformedWithoutGet: without a pending GET nothing hangs either.
func TestConformanceMalformedWithoutGet(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.post("abc")
		h.wantEnd(engineio.ParseError)
		p.want(p.post("4a"), 400, unknownSession)
	})
}

func TestConformanceMalformedOnWebSocket(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames []byte
		code   int // 0: any, or none
		reason engineio.Reason
	}{
		{"empty", maskedText(""), 0, engineio.ParseError},
		{"no type", maskedText("abc"), 0, engineio.ParseError},
		{"type 7", maskedText("7"), 0, engineio.ParseError},
		{"type 9", maskedText("9"), 0, engineio.ParseError},
		{"base64", maskedText("bAQID"), 0, engineio.ParseError},
		{"separator", maskedText("\x1e4a"), 0, engineio.ParseError},
		{"ping", maskedText("2"), 0, engineio.TransportError},
		{"probe", maskedText("2probe"), 0, engineio.TransportError},
		{"no UTF-8", maskedText("4\xff"), 1007, engineio.TransportError},
		{"too large", maskedText("4" + strings.Repeat("x", 1_000_000)), 1009, engineio.TransportError},
		{"too large in fragments", slices.Concat(masked(opText, "4"+strings.Repeat("x", 500_000)), masked(fin, strings.Repeat("x", 500_000))), 1009, engineio.TransportError},
		{"2^63 bytes", []byte{fin | opBinary, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 0, engineio.TransportError},
		{"not masked", []byte{fin | opText, 2, '4', 'x'}, 1002, engineio.TransportError}, // not masked
		{"RSV1", masked(fin|0x40|opText, "4x"), 1002, engineio.TransportError},
		{"RSV2", masked(fin|0x20|opText, "4x"), 1002, engineio.TransportError},
		{"RSV3", masked(fin|0x10|opText, "4x"), 1002, engineio.TransportError},
		{"opcode 3", masked(fin|0x3, "4x"), 1002, engineio.TransportError},
		{"opcode b", masked(fin|0xb, ""), 1002, engineio.TransportError},
		{"nothing to continue", masked(fin, "4x"), 1002, engineio.TransportError},
		{"message inside a message", slices.Concat(masked(opText, "4x"), maskedText("4y")), 1002, engineio.TransportError},
		{"long ping", masked(fin|opPing, strings.Repeat("x", 126)), 1002, engineio.TransportError},
		{"ping in fragments", masked(opPing, "x"), 1002, engineio.TransportError},
		{"close code 1005", masked(fin|opClose, "\x03\xed"), 1002, engineio.TransportError},
		{"half a close code", masked(fin|opClose, "\x03"), 1002, engineio.TransportError},
		{"20,000 empty fragments", slices.Concat(masked(opText, "4"), []byte(strings.Repeat(string(masked(0, "")), 20_000))), 1008, engineio.TransportError},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothNetworks(t, nil, func(t *testing.T, h *host) {
				s := h.openSocket()
				go s.conn.Write(c.frames) // the server need not read all
				texts, code := s.rest()
				if len(texts) > 0 || c.code != 0 && code != c.code {
					t.Errorf("got %q, close code %d, want %d", texts, code, c.code)
				}
				h.wantEnd(c.reason)
			})
		})
	}
}

// TestConformanceMessagesBeforeMalformed: what came before is handled, what comes behind is not.
func TestConformanceMessagesBeforeMalformed(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		s.write(slices.Concat(maskedText("4a"), maskedText("abc"), maskedText("4b")))
		if texts, _ := s.rest(); slices.Contains(texts, "4b") {
			t.Errorf("got %q", texts)
		}
		h.wantEnd(engineio.ParseError)
	})
}

// Long-polling's rules.

func TestConformanceTwoGets(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		first := p.pending()
		if a := p.get(); a.status != 400 {
			t.Errorf("second GET answered %d %q", a.status, a.body)
		}
		p.want(<-first, 200, "1")
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
	})
}

func TestConformanceTwoPosts(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		first := p.unfinishedPost("4never")
		if a := p.post("4x"); a.status != 400 {
			t.Errorf("second POST answered %d %q", a.status, a.body)
		}
		p.want(<-get, 200, "1")
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
		if _, err := io.WriteString(first, "r"); err != nil {
			t.Fatal(err)
		}
		if a := p.answerOn(first); a.status != 400 {
			t.Errorf("first POST answered %d %q", a.status, a.body)
		}
	})
}

func TestConformanceGetCut(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		ctx, cut := context.WithCancel(t.Context())
		p.getLater(ctx)
		synctest.Wait()
		cut()
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
	})
}

func TestConformancePostCut(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		if err := p.unfinishedPost("4hello").Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportError)
		p.want(<-get, 200, "1")
		p.wantUnknown()
	})
}

// TestConformanceSlowPost: a body that does not come whole in time ends the session.
func TestConformanceSlowPost(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		start := time.Now()
		p.unfinishedPost("4hello")
		h.wantEnd(engineio.TransportError)
		about(t, "the end", start, 10*time.Second)
		p.wantUnknown()
	})
}

func TestConformanceBodyTooLarge(t *testing.T) {
	body := "4" + strings.Repeat("x", 1_000_000)
	for _, c := range []struct {
		name string
		body func() io.Reader
	}{
		{"declared", func() io.Reader { return strings.NewReader(body) }},
		{"chunked", func() io.Reader { return bufio.NewReader(strings.NewReader(body)) }}, // of a length that is not known
		{"multi-byte", func() io.Reader { return strings.NewReader("4" + strings.Repeat("€", 333_334)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, h *host) {
				p := h.openPolling()
				get := p.pending()
				a, err := p.fetch(t.Context(), "POST", p.query(), c.body())
				if err != nil {
					t.Fatal(err)
				}
				if a.status != 413 {
					t.Errorf("answered %d %q", a.status, a.body)
				}
				p.want(<-get, 200, "1") // and no echo
				h.wantEnd(engineio.TransportError)
				p.wantUnknown()
			})
		})
	}
}

func TestConformanceOctetStream(t *testing.T) {
	for _, kind := range []string{"application/octet-stream", "Application/Octet-Stream; x=y"} {
		inMemory(t, nil, func(t *testing.T, h *host) {
			p := h.openPolling()
			get := p.pending()
			if a := p.do("POST", p.query(), "4x", "Content-Type", kind); a.status != 400 {
				t.Errorf("answered %d %q", a.status, a.body)
			}
			p.want(<-get, 200, "1")
			h.wantEnd(engineio.TransportError)
			p.wantUnknown()
		})
	}
}

func TestConformanceOtherMethods(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"} {
			if a := h.do(method, p.query(), "4x"); a.status != 405 || a.header.Get("Allow") != "GET, POST" {
				t.Errorf("%s answered %d with %v", method, a.status, a.header)
			}
		}
		p.wantAlive()
		h.wantOpen(1)
	})
}

func TestConformanceTooManyPackets(t *testing.T) {
	inMemory(t, &engineio.Options{MaxPackets: 3}, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.post("4a\x1e4b\x1e4c"), 200, "ok")
		p.want(p.get(), 200, "4a\x1e4b\x1e4c")
		p.post("3\x1e3\x1e3\x1e3")
		h.wantEnd(engineio.ParseError)
	})
}

// Closing.

func TestConformanceClientClosesPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		p.want(p.post("1"), 200, "ok")
		p.want(<-get, 200, "6")
		h.wantEnd(engineio.TransportClose)
		p.wantUnknown()
	})
}

func TestConformanceClientClosesPollingWithoutGet(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.post("4a\x1e1\x1e4b"), 200, "ok")
		h.wantEnd(engineio.TransportClose)
		p.want(p.post("4a"), 400, unknownSession)
	})
}

func TestConformanceServerClosesPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		h.opened().Close(engineio.ForcedClose)
		p.want(<-get, 200, "1")
		h.wantEnd(engineio.ForcedClose)
		p.wantUnknown()
	})
}

// TestConformanceServerClosesPollingWithoutGet: the close packet waits for the next GET, 30 s at most.
func TestConformanceServerClosesPollingWithoutGet(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		soon, late := h.openPolling(), h.openPolling()
		for range 2 {
			h.opened().Close(engineio.ForcedClose)
			h.wantEnd(engineio.ForcedClose)
		}
		soon.want(soon.post("4a"), 400, unknownSession)
		time.Sleep(29 * time.Second)
		soon.want(soon.get(), 200, "1")
		soon.wantUnknown()
		time.Sleep(2 * time.Second)
		late.wantUnknown()
	})
}

// TestConformanceServerFlushesBeforeClose: what was sent before Close arrives, and the close packet comes alone.
func TestConformanceServerFlushesBeforeClose(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		session := h.opened()
		session.Send(textFrame("last"))
		session.Close(engineio.ForcedClose)
		session.Send(textFrame("too late"))
		p.want(p.get(), 200, "4last")
		p.want(p.get(), 200, "1")
		p.wantUnknown()

		s := h.openSocket()
		session = h.opened()
		session.Send(textFrame("last"))
		session.Close(engineio.ForcedClose)
		session.Send(textFrame("too late"))
		if texts, code := s.rest(); !slices.Equal(texts, []string{"4last"}) || code == noCloseFrame {
			t.Errorf("got %q, close code %d", texts, code)
		}
		h.wantEnd(engineio.ForcedClose)
		h.wantEnd(engineio.ForcedClose)
	})
}

func TestConformanceClientClosesWebSocket(t *testing.T) {
	for name, c := range map[string]struct {
		last []byte
		code int
	}{
		"close packet":    {maskedText("1"), noCode},
		"empty close":     {masked(fin|opClose, ""), noCode},
		"normal close":    {masked(fin|opClose, "\x03\xe8bye"), 1000},
		"going away":      {masked(fin|opClose, "\x03\xe9"), 1001},
		"own close":       {masked(fin|opClose, "\x0f\xa0"), 4000},
		"message, packet": {slices.Concat(maskedText("1"), maskedText("4late")), noCode},
	} {
		t.Run(name, func(t *testing.T) {
			onBothNetworks(t, nil, func(t *testing.T, h *host) {
				s := h.openSocket()
				s.write(c.last)
				s.wantClosed(c.code)
				h.wantEnd(engineio.TransportClose)
			})
		})
	}
}

func TestConformanceConnectionLost(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		s.wantAlive()
		if err := s.conn.Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportClose)
		s = h.openSocket()
		s.write(maskedText("4never")[:5])
		if err := s.conn.Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportClose)
	})
}

func TestConformanceServerClosesWebSocket(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		h.opened().Close(engineio.ForcedClose)
		s.wantClosed(noCode)
		h.wantEnd(engineio.ForcedClose)
	})
}

// TestConformanceServerDoesNotWaitForTheClientsClose: a client that keeps its end open is cut.
func TestConformanceServerDoesNotWaitForTheClientsClose(t *testing.T) {
	options := &engineio.Options{PingInterval: time.Hour}
	inMemory(t, options, func(t *testing.T, h *host) {
		s := h.openSocket()
		h.opened().Close(engineio.ForcedClose)
		if s.readFrame(opClose) != "" {
			t.Error("the Close frame has a payload")
		}
		h.wantEnd(engineio.ForcedClose)
		time.Sleep(3 * time.Second)
		h.wantOpen(0)
	})
}

func TestConformanceShutdown(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		ended := h.openPolling()
		h.opened().Close(engineio.ForcedClose) // its client would have 30 s to come for the close packet
		h.wantEnd(engineio.ForcedClose)
		polling, idle, s := h.openPolling(), h.openPolling(), h.openSocket()
		get := polling.pending()
		start := time.Now()
		done := make(chan error, 1)
		go func() { done <- h.srv.Shutdown(t.Context()) }()
		polling.want(<-get, 200, "1")
		s.wantCut()
		for range 3 {
			h.wantEnd(engineio.ServerShutdown)
		}
		_, onWebSocket := h.handshake("EIO=4&transport=websocket", nil)
		for _, a := range []answer{h.do("GET", "EIO=4&transport=polling", ""), onWebSocket} {
			if a.status != 503 || a.header.Get("Retry-After") == "" {
				t.Errorf("handshake while shutting down answered %d with %v", a.status, a.header)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		idle.wantUnknown()
		ended.wantUnknown()
	})
}
