package eioproto_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/dokkerr/realtime/eioproto"
)

// frames are text frames seen on the wire, and what they hold.
var frames = []struct {
	text string
	want eioproto.Packet
}{
	{`0{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`,
		eioproto.Packet{Type: eioproto.Open, Data: []byte(`{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)}},
	{"0{}", eioproto.Packet{Type: eioproto.Open, Data: []byte("{}")}},
	{"1", eioproto.Packet{Type: eioproto.Close}},
	{"2", eioproto.Packet{Type: eioproto.Ping}},
	{"2probe", eioproto.Packet{Type: eioproto.Ping, Data: []byte("probe")}},
	{"3", eioproto.Packet{Type: eioproto.Pong}},
	{"3probe", eioproto.Packet{Type: eioproto.Pong, Data: []byte("probe")}},
	{"4", eioproto.Packet{Type: eioproto.Message}},
	{"4hello", eioproto.Packet{Type: eioproto.Message, Data: []byte("hello")}},
	{"4€ \x1e", eioproto.Packet{Type: eioproto.Message, Data: []byte("€ \x1e")}},
	{`42["x"]`, eioproto.Packet{Type: eioproto.Message, Data: []byte(`2["x"]`)}},
	{"5", eioproto.Packet{Type: eioproto.Upgrade}},
	{"6", eioproto.Packet{Type: eioproto.Noop}},
}

// notFrames are text frames that hold no packet.
var notFrames = []string{"", "7", "9", "abc", "bAQID", " 4", "-1", "/", ":", "\x00", "\x04", "\xff", "٤hello", "{}"}

func TestParse(t *testing.T) {
	for _, f := range frames {
		got, err := eioproto.Parse([]byte(f.text))
		if err != nil {
			t.Errorf("Parse(%q): %v", f.text, err)
			continue
		}
		if !equal(got, f.want) {
			t.Errorf("Parse(%q) = %+v, want %+v", f.text, got, f.want)
		}
		if enc := eioproto.AppendText([]byte(">"), f.want); string(enc) != ">"+f.text {
			t.Errorf("AppendText(%+v) = %q, want %q", f.want, enc, ">"+f.text)
		}
	}
}

func TestParseMalformed(t *testing.T) {
	for _, text := range notFrames {
		if p, err := eioproto.Parse([]byte(text)); !errors.Is(err, eioproto.ErrMalformed) {
			t.Errorf("Parse(%q) = %+v, %v, want ErrMalformed", text, p, err)
		}
	}
}

func TestParseLendsItsInput(t *testing.T) {
	b := []byte("4hello")
	p, err := eioproto.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	b[1] = 'j'
	if string(p.Data) != "jello" {
		t.Errorf("data = %q, want the input's own bytes", p.Data)
	}
	if n := testing.AllocsPerRun(100, func() { _, err = eioproto.Parse(b) }); n != 0 {
		t.Errorf("Parse allocates %v times, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, fr := range frames {
		f.Add([]byte(fr.text))
	}
	for _, text := range notFrames {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := eioproto.Parse(b)
		if err != nil {
			if !errors.Is(err, eioproto.ErrMalformed) {
				t.Fatalf("error %v does not wrap ErrMalformed", err)
			}
			return
		}
		if enc := eioproto.AppendText(nil, p); !bytes.Equal(enc, b) {
			t.Fatalf("Parse(%q) is encoded as %q", b, enc)
		}
	})
}

func equal(a, b eioproto.Packet) bool {
	return a.Type == b.Type && a.Binary == b.Binary && bytes.Equal(a.Data, b.Data)
}
