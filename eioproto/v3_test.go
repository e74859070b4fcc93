package eioproto_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/dokkerr/realtime/eioproto"
)

func message(s string) eioproto.Packet {
	return eioproto.Packet{Type: eioproto.Message, Data: []byte(s)}
}

func binaryMessage(s string) eioproto.Packet {
	return eioproto.Packet{Type: eioproto.Message, Binary: true, Data: []byte(s)}
}

var v3Payloads = []struct {
	packets []eioproto.Packet
	text    string
	bytes   string
}{
	{[]eioproto.Packet{message("hello")}, "6:4hello", "\x00\x06\xff4hello"},
	{[]eioproto.Packet{message("€"), {Type: eioproto.Ping, Data: []byte("probe")}}, "2:4€6:2probe", "\x00\x04\xff4€\x00\x06\xff2probe"},
	{[]eioproto.Packet{message("a😀")}, "4:4a😀", "\x00\x06\xff4a😀"},
	{[]eioproto.Packet{binaryMessage("\x01\x02\x03"), message("")}, "6:b4AQID1:4", "\x01\x04\xff\x04\x01\x02\x03\x00\x01\xff4"},
	{[]eioproto.Packet{message("twelve chars")}, "13:4twelve chars", "\x00\x01\x03\xff4twelve chars"},
}

func TestV3PayloadsBothWays(t *testing.T) {
	for _, row := range v3Payloads {
		var text, bytes []byte
		for _, p := range row.packets {
			text = eioproto.AppendV3(text, p)
			bytes = eioproto.AppendV3Bytes(bytes, p)
		}
		if string(text) != row.text || string(bytes) != row.bytes {
			t.Errorf("wrote %q and %q, want %q and %q", text, bytes, row.text, row.bytes)
		}
		var fromText, fromBytes []eioproto.Packet
		for p, err := range eioproto.PayloadV3([]byte(row.text)) {
			if err != nil {
				t.Fatalf("%q: %v", row.text, err)
			}
			fromText = append(fromText, p)
		}
		for p, err := range eioproto.PayloadV3Bytes([]byte(row.bytes)) {
			if err != nil {
				t.Fatalf("%q: %v", row.bytes, err)
			}
			fromBytes = append(fromBytes, p)
		}
		if !reflect.DeepEqual(fromText, row.packets) || !reflect.DeepEqual(fromBytes, row.packets) {
			t.Errorf("read %v and %v, want %v", fromText, fromBytes, row.packets)
		}
	}
}

func TestV3MalformedPayloads(t *testing.T) {
	for _, body := range []string{"", ":", "0:", "1:", "2:4", "3:4a", "-1:4", "x:4", "1:9", "1:44", "99999999999:4", "2:4\xff", "2:4\xf0\x9f\x98\x80", "7:b4AQ=I", "1:b"} {
		if err := lastError(eioproto.PayloadV3([]byte(body))); !errors.Is(err, eioproto.ErrMalformed) {
			t.Errorf("text %q: %v", body, err)
		}
	}
	for _, body := range []string{"", "\x00", "\x00\xff4", "\x00\x00\xff", "\x00\x02\xff4", "\x02\x01\xff4", "\x01\x01\xff4", "\x00\x0a\xff4", "\x00\x02\xff4\xff", "\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xff4"} {
		if err := lastError(eioproto.PayloadV3Bytes([]byte(body))); !errors.Is(err, eioproto.ErrMalformed) {
			t.Errorf("bytes %q: %v", body, err)
		}
	}
}

func lastError(packets func(func(eioproto.Packet, error) bool)) (last error) {
	for _, err := range packets {
		last = err
	}
	return last
}

func FuzzPayloadV3(f *testing.F) {
	for _, row := range v3Payloads {
		f.Add([]byte(row.text))
		f.Add([]byte(row.bytes))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for p, err := range eioproto.PayloadV3(body) {
			if err != nil {
				break
			}
			again := eioproto.AppendV3(nil, p)
			if got := lastError(eioproto.PayloadV3(again)); got != nil {
				t.Fatalf("%v written as %q: %v", p, again, got)
			}
		}
		for p, err := range eioproto.PayloadV3Bytes(body) {
			if err != nil {
				break
			}
			again := eioproto.AppendV3Bytes(nil, p)
			if got := lastError(eioproto.PayloadV3Bytes(again)); got != nil {
				t.Fatalf("%v written as %q: %v", p, again, got)
			}
		}
	})
}
