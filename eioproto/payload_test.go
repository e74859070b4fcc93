package eioproto_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/eioproto"
)

// payloads are polling bodies seen on the wire, and what they hold.
var payloads = []struct {
	body string
	want []eioproto.Packet
}{
	{"3", []eioproto.Packet{{Type: eioproto.Pong}}},
	{"4hello\x1e2\x1e4world", []eioproto.Packet{
		{Type: eioproto.Message, Data: []byte("hello")},
		{Type: eioproto.Ping},
		{Type: eioproto.Message, Data: []byte("world")},
	}},
	{"4hello\x1ebAQIDBA==", []eioproto.Packet{
		{Type: eioproto.Message, Data: []byte("hello")},
		{Type: eioproto.Message, Binary: true, Data: []byte{1, 2, 3, 4}},
	}},
	{"b", []eioproto.Packet{{Type: eioproto.Message, Binary: true}}},
	{"b+/+/", []eioproto.Packet{{Type: eioproto.Message, Binary: true, Data: []byte{0xfb, 0xff, 0xbf}}}},
	{"4\x1e4\u2028€😀\x1e1", []eioproto.Packet{
		{Type: eioproto.Message},
		{Type: eioproto.Message, Data: []byte("\u2028€😀")},
		{Type: eioproto.Close},
	}},
	{"451-[\"x\",{\"_placeholder\":true,\"num\":0}]\x1ebAA==", []eioproto.Packet{
		{Type: eioproto.Message, Data: []byte(`51-["x",{"_placeholder":true,"num":0}]`)},
		{Type: eioproto.Message, Binary: true, Data: []byte{0}},
	}},
}

// notPayloads are bodies with a malformed packet, and how many good ones stand before it.
var notPayloads = []struct {
	body string
	good int
}{
	{"", 0},
	{"\x1e", 0},
	{"\x1e4a", 0},
	{"4a\x1e", 1},
	{"4a\x1e\x1e4b", 1},
	{"abc", 0},
	{"4a\x1eabc\x1e4b", 1},
	{"7", 0},
	{"4\xff", 0},               // no UTF-8
	{"4a\x1e4\xed\xa0\x80", 1}, // a surrogate half
	{"4\xe2\x82", 0},           // cut inside a character
	{"bAQID\nBA==", 0},
	{"bAQIDBA==\n", 0},
	{"bAQIDBA==\r", 0},
	{"bAQIDBA", 0},   // not padded
	{"bAQIDBA=", 0},  // not padded enough
	{"bAQIDBB==", 0}, // padding bits set
	{"b-_-_", 0},     // the URL-safe alphabet
	{"bAQID BA==", 0},
	{"bAQ=DBA==", 0},
	{"bAQIDBA==4a", 0},
	{"b\xff", 0},
	{"b====", 0},
}

func TestPayload(t *testing.T) {
	for _, p := range payloads {
		got, err := read([]byte(p.body))
		if err != nil || !slices.EqualFunc(got, p.want, equal) {
			t.Errorf("Payload(%q) = %+v, %v, want %+v", p.body, got, err, p.want)
		}
		if enc := write(p.want); string(enc) != p.body {
			t.Errorf("%+v is written as %q, want %q", p.want, enc, p.body)
		}
	}
}

func TestPayloadStopsAtTheFirstMalformedPacket(t *testing.T) {
	for _, p := range notPayloads {
		got, err := read([]byte(p.body))
		if !errors.Is(err, eioproto.ErrMalformed) || len(got) != p.good {
			t.Errorf("Payload(%q) = %+v, %v, want %d packets and ErrMalformed", p.body, got, err, p.good)
		}
	}
}

func TestPayloadStopsWithItsReader(t *testing.T) {
	n := 0
	for range eioproto.Payload([]byte("4a\x1e4b\x1e4c")) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d packets after break, want 1", n)
	}
}

func TestBinaryOfPayloadIsNotLent(t *testing.T) {
	body := []byte("bAQIDBA==")
	got, err := read(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if !bytes.Equal(got[0].Data, []byte{1, 2, 3, 4}) {
		t.Errorf("data = %v after the body was overwritten", got[0].Data)
	}
}

// TestPayloadCost reads a megabyte of each kind: time and memory stay in proportion to the body.
func TestPayloadCost(t *testing.T) {
	const size = 1 << 20
	for name, body := range map[string]string{
		"separators":    strings.Repeat("4\x1e", size/2) + "4",
		"empty binary":  strings.Repeat("b\x1e", size/2) + "b",
		"short binary":  strings.Repeat("bAA==\x1e", size/6) + "b",
		"one binary":    "b" + strings.Repeat("AAAA", size/4),
		"one text":      "4" + strings.Repeat("€", size/3),
		"not one":       strings.Repeat("\x1e", size),
		"broken base64": "b" + strings.Repeat("A", size-1) + "!",
	} {
		t.Run(name, func(t *testing.T) {
			b := []byte(body)
			best := time.Hour
			var allocated uint64
			for range 5 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				for range eioproto.Payload(b) {
				}
				best = min(best, time.Since(start))
				runtime.ReadMemStats(&after)
				allocated = after.TotalAlloc - before.TotalAlloc
			}
			if most := slowdown * 50 * time.Millisecond; best > most {
				t.Errorf("took %v for 1 MiB, want at most %v", best, most)
			}
			if limit := uint64(4*len(b) + 4<<10); allocated > limit {
				t.Errorf("allocated %d bytes, want at most %d", allocated, limit)
			}
		})
	}
}

func FuzzPayload(f *testing.F) {
	for _, p := range payloads {
		f.Add([]byte(p.body))
	}
	for _, p := range notPayloads {
		f.Add([]byte(p.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := read(body)
		held := 0
		for _, p := range got {
			held += 1 + len(p.Data)
		}
		if held > len(body) {
			t.Fatalf("Payload(%q) holds %d bytes, more than the body", body, held)
		}
		if err != nil {
			if !errors.Is(err, eioproto.ErrMalformed) {
				t.Fatalf("error %v does not wrap ErrMalformed", err)
			}
			return
		}
		if enc := write(got); !bytes.Equal(enc, body) {
			t.Fatalf("Payload(%q) is written as %q", body, enc)
		}
	})
}

func BenchmarkPayload(b *testing.B) {
	body := []byte("3\x1e42[\"message\",{\"text\":\"hello\"}]\x1e42[\"message\",{\"text\":\"world\"}]")
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		for _, err := range eioproto.Payload(body) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func read(body []byte) ([]eioproto.Packet, error) {
	var packets []eioproto.Packet
	for p, err := range eioproto.Payload(body) {
		if err != nil {
			return packets, err
		}
		packets = append(packets, p)
	}
	return packets, nil
}

func write(packets []eioproto.Packet) []byte {
	var body []byte
	for i, p := range packets {
		if i > 0 {
			body = append(body, eioproto.Separator)
		}
		if p.Binary {
			body = eioproto.AppendBinary(body, p.Data)
		} else {
			body = eioproto.AppendText(body, p)
		}
	}
	return body
}
