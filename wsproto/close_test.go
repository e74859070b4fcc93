package wsproto

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseClose(t *testing.T) {
	tests := []struct {
		payload string
		code    Code
		reason  string
		err     Code
	}{
		{payload: "", code: NoStatus},
		{payload: "\x03\xe8", code: NormalClosure},
		{payload: "\x03\xe9going", code: GoingAway, reason: "going"},
		{payload: "\x0f\xa0κόσμε", code: 4000, reason: "κόσμε"},
		{payload: "\x03", err: ProtocolError},
		{payload: "\x03\xed", err: ProtocolError},
		{payload: "\x03\xee", err: ProtocolError},
		{payload: "\x03\xe7", err: ProtocolError},
		{payload: "\x13\x88", err: ProtocolError},
		{payload: "\x03\xe8\xff", err: InvalidPayload},
		{payload: "\x03\xe8\xe2\x82", err: InvalidPayload},
	}
	for _, test := range tests {
		code, reason, err := ParseClose([]byte(test.payload))
		var violation *Error
		if errors.As(err, &violation) != (test.err != 0) || violation != nil && violation.Code != test.err {
			t.Errorf("%x: error %v, want code %d", test.payload, err, test.err)
		}
		if code != test.code || reason != test.reason {
			t.Errorf("%x: got %d %q, want %d %q", test.payload, code, reason, test.code, test.reason)
		}
	}
}

func TestAppendClose(t *testing.T) {
	tests := []struct {
		code   Code
		reason string
		want   string
	}{
		{NormalClosure, "", "\x88\x02\x03\xe8"},
		{GoingAway, "bye", "\x88\x05\x03\xe9bye"},
		{NoStatus, "not sent", "\x88\x00"},
		{4000, "a\xffb", "\x88\x07\x0f\xa0a\uFFFDb"},
		{NormalClosure, strings.Repeat("x", 200), "\x88\x7d\x03\xe8" + strings.Repeat("x", 123)},
		{NormalClosure, strings.Repeat("x", 122) + "ä", "\x88\x7c\x03\xe8" + strings.Repeat("x", 122)},
		{NormalClosure, strings.Repeat("x", 120) + "😀", "\x88\x7a\x03\xe8" + strings.Repeat("x", 120)},
		{NormalClosure, strings.Repeat("x", 119) + "😀", "\x88\x7d\x03\xe8" + strings.Repeat("x", 119) + "😀"},
	}
	for _, test := range tests {
		if got := string(AppendClose([]byte("-"), test.code, test.reason)); got != "-"+test.want {
			t.Errorf("%d %q: got %q, want %q", test.code, test.reason, got, test.want)
		}
	}
}

// TestCloseRoundTrip: whatever reason is given, what is sent can be read, and
// the reason read begins the one given.
func TestCloseRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := Code(rapid.IntRange(3000, 4999).Draw(t, "code"))
		reason := rapid.String().Draw(t, "reason")
		frame := AppendClose(nil, code, reason)
		got, text, err := ParseClose(frame[2:])
		if err != nil || got != code || !utf8.ValidString(text) || !strings.HasPrefix(reason, text) {
			t.Fatalf("%d %q became %d %q, %v", code, reason, got, text, err)
		}
		if len(text) < len(reason) && len(text) < 120 {
			t.Fatalf("cut to %d bytes", len(text))
		}
	})
}
