package wsproto

import (
	"bytes"
	"testing"
)

func TestAppendFrame(t *testing.T) {
	tests := []struct {
		op   Opcode
		n    int
		head string
	}{
		{Text, 0, "\x81\x00"},
		{Text, 125, "\x81\x7d"},
		{Text, 126, "\x81\x7e\x00\x7e"},
		{Binary, 65535, "\x82\x7e\xff\xff"},
		{Binary, 65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
		{Ping, 4, "\x89\x04"},
		{Pong, 4, "\x8a\x04"},
	}
	for _, test := range tests {
		payload := bytes.Repeat([]byte("x"), test.n)
		want := "before" + test.head + string(payload)
		if got := AppendFrame([]byte("before"), test.op, payload); string(got) != want {
			t.Errorf("opcode %d, %d bytes: got %.40q, want %.40q", test.op, test.n, got, want)
		}
	}
	if got := len(AppendHeader(nil, Binary, 1<<40)); got != MaxHeader {
		t.Errorf("the longest header has %d bytes, MaxHeader is %d", got, MaxHeader)
	}
}
