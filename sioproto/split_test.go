package sioproto_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/sioproto"
)

func TestSplitEvent(t *testing.T) {
	for _, c := range []struct{ data, name, args string }{
		{`["x"]`, "x", ""},
		{`["message.new",{"a":1},2]`, "message.new", `{"a":1},2`},
		{"[ \"x\" , 1 ,\n[ ] ]", "x", "1 ,\n[ ]"},
		{`["",null]`, "", "null"},
		{`[12,"a"]`, "12", `"a"`},
		{`[-1.5e3]`, "-1.5e3", ""},
		{`["a,]\"[",","]`, `a,]"[`, `","`},
		{`["\\",1]`, `\`, "1"},
		{`["\\\",1]",2]`, `\",1]`, "2"},
		{`["caf\u00e9\ud83d\ude00",1]`, "café😀", "1"},
		{`["\b\f\n\r\t\/\"\\\u00E9\u00e9"]`, "\b\f\n\r\t/\"\\éé", ""},
		{`["\ud800\u0041\udc00\ud800\ud83d\ude00\ud800x"]`, "\ufffdA\ufffd\ufffd😀\ufffdx", ""},
		{`["\ud800",1]`, "\ufffd", "1"},
		{`["€",1]`, "€", "1"},
	} {
		p, err := sioproto.Parse([]byte("2"+c.data), sioproto.Limits{})
		if err != nil {
			t.Errorf("Parse(2%s): %v", c.data, err)
			continue
		}
		name, args, err := sioproto.SplitEvent(p.Data)
		if err != nil || string(name) != c.name || string(args) != c.args {
			t.Errorf("SplitEvent(%s) = %q, %q, %v, want %q, %q", c.data, name, args, err, c.name, c.args)
		}
	}
}

func TestSplitEventOfNoEvent(t *testing.T) {
	for _, data := range []string{"", "[", "]", "{}", "null", "[]", "[ ]", "[true]", "[null]", "[{}]", "[[]]", "[,]", `["\x"]`} {
		if name, args, err := sioproto.SplitEvent([]byte(data)); !errors.Is(err, sioproto.ErrMalformed) {
			t.Errorf("SplitEvent(%q) = %q, %q, %v, want ErrMalformed", data, name, args, err)
		}
	}
}

func TestElements(t *testing.T) {
	for args, want := range map[string][]string{
		"":                        nil,
		" ":                       nil,
		"1":                       {"1"},
		" 1 ,\t2\n":               {"1", "2"},
		`{"a":[1,2]},[3,[4,5]],6`: {`{"a":[1,2]}`, `[3,[4,5]]`, "6"},
		`"a,b","c\",d","\\","]"`:  {`"a,b"`, `"c\",d"`, `"\\"`, `"]"`},
	} {
		if got := elements([]byte(args)); !slices.Equal(got, want) {
			t.Errorf("Elements(%q) = %q, want %q", args, got, want)
		}
	}
	for range sioproto.Elements([]byte("1,2,3")) {
		break
	}
}

func FuzzSplitEvent(f *testing.F) {
	for _, c := range wellFormed {
		f.Add(c.want.Data)
	}
	for _, texts := range malformed {
		for _, text := range texts {
			f.Add([]byte(strings.TrimPrefix(text, "2")))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.TrimSpace(data) // as Parse does
		name, args, err := sioproto.SplitEvent(data)
		got := elements(args)
		if !sioproto.Valid(data, 64) {
			return
		}
		var want []json.RawMessage
		if json.Unmarshal(bytes.Clone(data), &want) != nil || len(want) == 0 {
			if err == nil {
				t.Fatalf("SplitEvent(%q) = %q, %q", data, name, args)
			}
			return
		}
		if err != nil {
			if strings.Contains(`"-0123456789`, string(want[0][0])) {
				t.Fatalf("SplitEvent(%q): %v", data, err)
			}
			return
		}
		if want[0][0] == '"' {
			var s string
			if err := json.Unmarshal(want[0], &s); err != nil || s != string(name) {
				t.Fatalf("SplitEvent(%q): name %q, want %q", data, name, s)
			}
		}
		if !slices.EqualFunc(got, want[1:], func(a string, b json.RawMessage) bool { return a == string(b) }) {
			t.Fatalf("Elements of %q = %q, want %q", data, got, want[1:])
		}
	})
}

func elements(args []byte) []string {
	var list []string
	for e := range sioproto.Elements(args) {
		list = append(list, string(e))
	}
	return list
}
