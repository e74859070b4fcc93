package sioproto_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/sioproto"
)

var stringsAsJSON = map[string]string{
	"":                 `""`,
	"hello":            `"hello"`,
	`a"b\c/d`:          `"a\"b\\c/d"`,
	"\n\r\t\b\f\x00":   `"\n\r\t\u0008\u000c\u0000"`,
	"\x1f\x7f":         "\"\\u001f\x7f\"",
	"€😀":               `"€😀"`,
	"a\u2028b\u2029":   `"a\u2028b\u2029"`,
	"\xff":             "\"\ufffd\"",
	"a\xe2\x82b":       "\"a\ufffd\ufffdb\"",
	"\xed\xa0\x80":     "\"\ufffd\ufffd\ufffd\"",
	"\ufffd":           "\"\ufffd\"",
	"<script>&'":       `"<script>&'"`,
	"message.new":      `"message.new"`,
	"\u202eleft\u0301": "\"\u202eleft\u0301\"",
}

func TestAppendString(t *testing.T) {
	for s, want := range stringsAsJSON {
		if got := sioproto.AppendString([]byte(">"), s); string(got) != ">"+want {
			t.Errorf("AppendString(%q) = %s, want >%s", s, got, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for s := range stringsAsJSON {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := sioproto.AppendString(nil, s)
		if !sioproto.Valid(b, 0) {
			t.Fatalf("AppendString(%q) = %q is no JSON", s, b)
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(s)); got != want { // invalid bytes become U+FFFD one by one
			t.Fatalf("AppendString(%q) = %q, which is %q", s, b, got)
		}
		if strings.ContainsAny(string(b), "\u2028\u2029") {
			t.Fatalf("AppendString(%q) = %q has a line separator", s, b)
		}
	})
}
