package attacks

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// What lies below: HTTP, TLS, and who is believed.

const host = " HTTP/1.1\r\nHost: HOST\r\n"

func chunked(body string) string {
	return "POST /v1/events" + host + "Authorization: Bearer " + serviceKey + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}

func lengthOf(value string) string {
	return "POST /v1/events" + host + "Authorization: Bearer " + serviceKey + "\r\nContent-Length: " + value + "\r\n\r\n{}"
}

func stack() []attack {
	withKey := header{"Authorization", "Bearer " + serviceKey}
	return []attack{
		{"A-61", "HTTP/2 on the clear port", streams{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + strings.Repeat("\x00\x00\x08\x06\x00\x00\x00\x00\x00pingping", 1000)}, status(400)},
		{"A-61", "h2c by an upgrade", requests{{query: handshake, headers: []header{{"Connection", "Upgrade, HTTP2-Settings"}, {"Upgrade", "h2c"}, {"HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"}}}}, badRequest},
		{"A-62", "chunks that two readers read in two ways", streams{
			chunked("2\n{}\r\n0\r\n\r\n"), chunked("zz\r\n{}\r\n0\r\n\r\n"), chunked("FFFFFFFFFFFFFFFFF\r\n{}\r\n"), chunked("-2\r\n{}\r\n0\r\n\r\n"),
			chunked(strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\n{\r\n", 50) + "0\r\n\r\n"),
			strings.Replace(chunked("2\r\n{}\r\n0\r\n\r\n"), "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 1),
			strings.Replace(chunked("2\r\n{}\r\n0\r\n\r\n"), "chunked", "xchunked", 1),
		}, status(400, 501)},
		{"A-62", "a length and chunks", script(lengthAndChunks), nil},
		{"A-62", "lengths that are none", streams{lengthOf("-1"), lengthOf("+2"), lengthOf("2,3"), lengthOf("0x2"), lengthOf("99999999999999999999"), lengthOf("2\r\nContent-Length: 3")}, status(400)},
		{"A-63", "10,000 cookies, and a million parameters", streams{
			"GET /healthz" + host + "Cookie: " + strings.Repeat("a=b; ", 10_000) + "\r\n\r\n", "GET /socket.io/?" + strings.Repeat("a&", 1_000_000) + host + "\r\n",
		}, status(400, 431)},
		{"A-64", "hosts that are none", streams{"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n"}, status(400)},
		{"A-64", "a host of somebody else", requests{{query: handshake, headers: []header{{"Host", "evil.test"}}}, {path: "/openapi.json", headers: []header{{"Host", "evil.test"}}}, {path: "/", headers: []header{{"Host", "evil.test"}}}}, silentAbout("evil.test")},
		{"A-66", "headers that would forge the log", requests{
			{path: "/v1/none%0d%0a{%22level%22:%22ERROR%22}", headers: []header{{"User-Agent", "x\"\\u001b[2J{\"level\":\"ERROR\"}"}}}, {path: "/v1/%1b[2J%e2%80%a8", headers: []header{withKey}},
		}, status(401, 404)},
		{"A-66", "headers with line breaks", streams{"GET /healthz" + host + "X-A: a\rforged\r\n\r\n", "GET /healthz" + host + "X-A: a\x00b\r\n\r\n"}, status(400)},
		{"A-70", "QUIC", script(noUDP), nil},
		{"A-71", "preflights of pages that are not the front end", requests{
			preflight("null"), preflight("https://app.example.com.evil.test"), preflight("https://*.example.com"), preflight("https://xapp.example.com"),
		}, both(status(403), without("Access-Control-Allow-Origin"))},
		{"A-71", "a preflight that asks for 1 MB of commas", streams{"OPTIONS /socket.io/?" + handshake + host + "Origin: " + frontend + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: " + strings.Repeat(",", 1<<20) + "\r\n\r\n"}, status(431)},
		{"A-72", "what the metrics' listener tells", script(noSecrets), nil},
		{"A-72", "metrics for everybody", requests{{path: "/metrics"}, {path: "/debug/pprof/"}, {path: "/debug/vars"}}, status(404)},
		{"A-73", "headers that say who one is", script(claimedIdentity), nil},
		{"A-73", "the back end's routes without its key", requests{
			{path: "/v1/metrics"}, {path: "/v1/metrics", headers: []header{{"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}, {"X-User-Role", "admin"}}},
			{path: "/v1/metrics", headers: []header{{"Authorization", "Bearer " + serviceKey[1:]}}}, {path: "/v1/metrics", headers: []header{withKey, withKey}}, {path: "/v1/metrics?key=" + serviceKey},
			{method: "POST", path: "/v1/events", body: "{}"},
		}, status(401)},
	}
}

// encrypted are the rows of a listener that speaks TLS.
func encrypted() []attack {
	return []attack{
		{"A-60", "HTTP/2 by TLS", script(noHTTP2), nil},
		{"A-60", "HTTP/2's preface and floods by TLS", streams{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + strings.Repeat("\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08", 1000)}, status(400)},
		{"A-65", "TLS records that are none", script(brokenRecords), nil},
	}
}

func preflight(origin string) request {
	return request{method: "OPTIONS", query: handshake, headers: []header{{"Origin", origin}, {"Access-Control-Request-Method", "POST"}}}
}

// silentAbout is an answer that does not contain a text.
func silentAbout(text string) check {
	return func(o outcome) error {
		if all := fmt.Sprint(o.header, o.body); strings.Contains(all, text) {
			return fmt.Errorf("the answer has %q: %.200s", text, all)
		}
		return nil
	}
}

// lengthAndChunks sends a request with both: whatever is made of it, what follows is no request of its own.
func lengthAndChunks(s *server) error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	smuggled := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	text := strings.Replace(chunked("0\r\n\r\n"+smuggled), "Transfer-Encoding", "Content-Length: 5\r\nTransfer-Encoding", 1)
	if err := w.write(strings.ReplaceAll(text, "HOST", s.address)); err != nil {
		return err
	}
	if got, err := w.answer(); err != nil || got.status/100 != 4 {
		return fmt.Errorf("answered %d, %v", got.status, err)
	}
	if second, err := w.answer(); err == nil {
		return fmt.Errorf("what follows was answered %d", second.status)
	}
	return nil
}

// noUDP is that the port is free for QUIC's protocol.
func noUDP(s *server) error {
	c, err := net.ListenPacket("udp", s.address)
	if err != nil {
		return err
	}
	return c.Close()
}

func noSecrets(s *server) error {
	for _, path := range []string{"/metrics", "/", "/debug/pprof/cmdline", "/debug/vars"} {
		text, err := s.get(path)
		if err != nil {
			return err
		}
		for _, told := range []string{secret, serviceKey, webhookKey, "eyJ"} {
			if strings.Contains(text, told) {
				return fmt.Errorf("%s has %q", path, told)
			}
		}
	}
	return nil
}

// claimedIdentity sends headers of a proxy that authenticates: nobody is let in by them.
func claimedIdentity(s *server) error {
	who := s.person()
	headers := []header{{"X-User-Id", who.id}, {"X-User-Role", "admin"}, {"X-Forwarded-User", who.id}, {"X-Forwarded-For", "127.0.0.1"}, {"Forwarded", "for=127.0.0.1"}}
	got, err := s.try(request{query: handshake, headers: headers})
	if err != nil {
		return err
	}
	o := &polling{server: s, sid: s.sidOf(got.body)}
	defer o.close()
	if answer, err := connect(o, map[string]any{}); err != nil || answer != `44{"message":"Authentication error"}` {
		return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
	}
	return nil
}

func noHTTP2(s *server) error {
	for _, offer := range [][]string{{"h2", "http/1.1"}, {"h2"}} {
		c, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, NextProtos: offer}) // the certificate is the test's own
		if err != nil {
			continue // nothing in common
		}
		agreed := c.ConnectionState().NegotiatedProtocol
		if err := c.Close(); err != nil {
			return err
		}
		if agreed == "h2" || len(offer) == 1 {
			return fmt.Errorf("of %v %q was agreed on", offer, agreed)
		}
	}
	return nil
}

// brokenRecords sends what is no TLS, and records longer than records are.
func brokenRecords(s *server) error {
	var all errgroup.Group
	for _, text := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000), strings.Repeat("\x16\x03\x01\x00\x00", 2000), "\x17\x03\x03\x00\x01x"} {
		all.Go(func() error {
			c, err := net.Dial("tcp", s.address)
			if err != nil {
				return err
			}
			w := &wire{c, bufio.NewReader(c)}
			defer w.Close()
			if err := w.write(text); err != nil {
				return err
			}

			return w.closed(6 * time.Second)
		})
	}
	return all.Wait()
}

// checkLog is that each line of the log is one JSON object, that shows nothing that a terminal obeys and no secret.
func (s *server) checkLog() error {
	text := s.output.String()
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return fmt.Errorf("no line of the log: %q", line)
		}
		if bytes.ContainsFunc([]byte(strings.TrimSuffix(line, "\n")), func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }) {
			return fmt.Errorf("a line that a terminal obeys: %q", line)
		}
	}
	for _, told := range []string{secret, serviceKey, webhookKey, "eyJ", "goroutine ", "panic", forged} {
		if at := strings.Index(text, told); at >= 0 {
			return fmt.Errorf("the log has %q: %.200q", told, text[max(0, at-100):])
		}
	}
	var err error
	s.sids.Range(func(sid, _ any) bool {
		if strings.Contains(text, sid.(string)) {
			err = fmt.Errorf("the log has the session id %s", sid)
		}
		return err == nil
	})
	return err
}
