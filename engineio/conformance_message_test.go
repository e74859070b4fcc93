package engineio_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/engineio"
)

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
