package wsproto

import (
	"bufio"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 §1.3

// handshake is the request of RFC 6455 §1.3, with the changes of edit.
func handshake(edit func(r *http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/chat", nil)
	r.Header = http.Header{
		"Connection":            {"Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Key":     {sampleKey},
		"Sec-Websocket-Version": {"13"},
	}
	edit(r)
	return r
}

func TestCheckHandshake(t *testing.T) {
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	tests := []struct {
		name   string
		edit   func(r *http.Request)
		status int // 0: accepted
	}{
		{"as the RFC has it", func(*http.Request) {}, 0},
		{"HTTP/1.0", func(r *http.Request) { r.ProtoMinor = 0 }, 400},
		{"HTTP/2", func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 }, 400},
		{"POST", func(r *http.Request) { r.Method = "POST" }, 405},
		{"HEAD", func(r *http.Request) { r.Method = "HEAD" }, 405},
		{"method in lower case", func(r *http.Request) { r.Method = "get" }, 405},
		{"body", func(r *http.Request) { r.ContentLength = 1 }, 400},
		{"chunked body", func(r *http.Request) { r.ContentLength = -1 }, 400},
		{"Connection as Firefox sends it", set("Connection", "keep-alive, Upgrade"), 0},
		{"Connection in another case", set("Connection", "UPGRADE"), 0},
		{"Connection in two fields", set("Connection", "keep-alive", "upgrade"), 0},
		{"Connection with odd spaces", set("Connection", ",, keep-alive ,\t upgrade\t,"), 0},
		{"Connection missing", set("Connection"), 400},
		{"Connection empty", set("Connection", ""), 400},
		{"Connection of another word", set("Connection", "upgrades"), 400},
		{"Connection by parts of words", set("Connection", "up grade"), 400},
		{"Connection in quotes", set("Connection", `"upgrade"`), 400},
		{"Upgrade in another case", set("Upgrade", "WebSocket"), 0},
		{"Upgrade in a list", set("Upgrade", "h2c, websocket"), 0},
		{"Upgrade missing", set("Upgrade"), 400},
		{"Upgrade to h2c", set("Upgrade", "h2c"), 400},
		{"Upgrade with a version", set("Upgrade", "websocket/13"), 400},
		{"Version missing", set("Sec-Websocket-Version"), 426},
		{"Version 8", set("Sec-Websocket-Version", "8"), 426},
		{"Version 013", set("Sec-Websocket-Version", "013"), 426},
		{"Version twice", set("Sec-Websocket-Version", "13", "13"), 426},
		{"Version in a list", set("Sec-Websocket-Version", "13, 8"), 426},
		{"Key missing", set("Sec-Websocket-Key"), 400},
		{"Key empty", set("Sec-Websocket-Key", ""), 400},
		{"Key twice", set("Sec-Websocket-Key", sampleKey, sampleKey), 400},
		{"Key of 15 bytes", set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25j"), 400},
		{"Key of 17 bytes", set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZSE="), 400},
		{"Key without padding", set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), 400},
		{"Key not base64", set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25j!Q=="), 400},
		{"Key in URL letters", set("Sec-Websocket-Key", "_-hlIHNhbXBsZSBub25jZQ=="), 400},
		{"Key with line ends", set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25j\r\n=="), 400},
		{"extensions offered", set("Sec-Websocket-Extensions", "permessage-deflate; client_max_window_bits"), 0},
		{"extensions broken", set("Sec-Websocket-Extensions", `constructor; "__proto__`), 0},
		{"subprotocols offered", set("Sec-Websocket-Protocol", "chat, superchat"), 0},
	}
	for _, test := range tests {
		err := CheckHandshake(handshake(test.edit))
		status := 0
		if refused := (*HandshakeError)(nil); errors.As(err, &refused) {
			status = refused.Status
		}
		if status != test.status || (err == nil) != (status == 0) {
			t.Errorf("%s: got %v, want status %d", test.name, err, test.status)
		}
	}
}

// TestHandshakeIsLinear gives headers that have stopped other servers for
// seconds; here half a megabyte of each takes milliseconds.
func TestHandshakeIsLinear(t *testing.T) {
	const n = 1 << 19
	tests := map[string]func(h http.Header){
		"spaces":        func(h http.Header) { h["Connection"] = []string{"b" + strings.Repeat(" ", n) + "x, upgrade"} },
		"commas":        func(h http.Header) { h["Connection"] = []string{strings.Repeat(",", n) + "upgrade"} },
		"tabs, commas":  func(h http.Header) { h["Upgrade"] = []string{strings.Repeat("\t,", n/2) + "websocket"} },
		"many fields":   func(h http.Header) { h["Connection"] = append(make([]string, n), "upgrade") },
		"long key":      func(h http.Header) { h["Sec-Websocket-Key"] = []string{strings.Repeat("A", n)} },
		"quotes":        func(h http.Header) { h["Sec-Websocket-Extensions"] = []string{strings.Repeat(`"`, n)} },
		"subprotocols":  func(h http.Header) { h["Sec-Websocket-Protocol"] = []string{"b" + strings.Repeat(" ", n) + "x"} },
		"many versions": func(h http.Header) { h["Sec-Websocket-Version"] = make([]string, n) },
	}
	for name, edit := range tests {
		r := handshake(func(r *http.Request) { edit(r.Header) })
		start := time.Now()
		err := CheckHandshake(r)
		if d := time.Since(start); d > time.Second {
			t.Errorf("%s: %v (%v)", name, d, err)
		}
	}
}

func TestAppendSwitching(t *testing.T) {
	got := AppendSwitching([]byte("before"), sampleKey)
	answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(got[len("before"):]))), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Upgrade":              {"websocket"},
		"Connection":           {"Upgrade"},
		"Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, // RFC 6455 §1.3
	}
	if answer.StatusCode != 101 || len(answer.Header) != len(want) {
		t.Errorf("got %q", got)
	}
	for name := range want {
		if answer.Header.Get(name) != want.Get(name) {
			t.Errorf("%s: got %q, want %q", name, answer.Header.Get(name), want.Get(name))
		}
	}
}
