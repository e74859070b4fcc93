package sioproto_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/dokkerr/realtime/sioproto"
)

// jsonDepth is where encoding/json stops.
const jsonDepth = 10_000

var jsonTexts = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `1e400`, `1E-5`, `-1.25e+10`, `true`, `false`, `null`, ` null `, "\t\r\n[ ]\n",
	`{"a":[1,2,{"b":null}],"a":"x"}`, `"\u0000\ud800\/\b\f\n\r\t\"\\"`, `"€😀` + "\u2028\x7f" + `"`,
	`[[[[]]]]`, `{"":{"":{}}}`, "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : 2 }",
	``, ` `, `[`, `]`, `{`, `}`, `[]]`, `[1,]`, `{"a":1,}`, `{,}`, `[,]`, `01`, `1.`, `.1`, `1e`, `+1`, `- 1`, `--1`, `tru`, `nulll`, `True`,
	`"`, `"\`, `"\u`, `"\u123`, `"\u123g"`, `"\a"`, `'a'`, "\"\n\"", "\"\x00\"", "\x00", "\ufeff{}", "\u00a0{}", "\v1", "1 2", "1\x00", `{"a" "b"}`, `{"a":1 "b":2}`, `{a:1}`, `{1:2}`,
	"\"\xff\"", "\"\xc3\x28\"", "\"\xed\xbf\xbf\"", "\"\xf8\x88\x80\x80\x80\"", "[\"a\",\xff]", "\"\xe2\x82",
}

// TestValid compares with encoding/json, which lets invalid UTF-8 stand in strings; nothing else differs.
func TestValid(t *testing.T) {
	for _, text := range jsonTexts {
		compareValid(t, []byte(text))
	}
}

func TestValidDepth(t *testing.T) {
	for _, c := range []struct {
		text  string
		depth int
		want  bool
	}{
		{`1`, 0, true},
		{`[]`, 0, false},
		{`{}`, 0, false},
		{`[]`, 1, true},
		{`{}`, 1, true},
		{`[{}]`, 1, false},
		{`[{},[]]`, 2, true},
		{`{"a":[{}]}`, 2, false},
		{nested(64), 64, true},
		{nested(65), 64, false},
		{nested(jsonDepth), jsonDepth, true},
		{nested(jsonDepth + 1), jsonDepth, false},
		{`[]`, -1, false},
	} {
		if got := sioproto.Valid([]byte(c.text), c.depth); got != c.want {
			t.Errorf("Valid(%.40q, %d) = %t", c.text, c.depth, got)
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add([]byte(text))
	}
	for _, in := range inputs {
		f.Add([]byte(in.text[1:]))
	}
	f.Fuzz(compareValid)
}

func compareValid(t *testing.T, b []byte) {
	want := json.Valid(b) && utf8.Valid(b)
	if got := sioproto.Valid(b, jsonDepth); got != want {
		t.Errorf("Valid(%q) = %t, want %t", b, got, want)
	}
}
