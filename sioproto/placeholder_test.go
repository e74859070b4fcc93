package sioproto_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/sioproto"
)

// replaced are the data of packets with two attachments, and what they are with
// the attachments "<0>" and "<1>" in their places.
var replaced = map[string]string{
	`["x"]`:                               `["x"]`,
	`["x",{"_placeholder":true,"num":0}]`: `["x","<0>"]`,
	`["x",{"num":1,"_placeholder":true}]`: `["x","<1>"]`,
	"[\"x\", { \"_placeholder\" : true ,\n\"num\" : 1 } ]":                                                           `["x", "<1>" ]`,
	`["x",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`:                                              `["x","<1>","<0>"]`,
	`["x",{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}]`:                                              `["x","<1>","<1>"]`,
	`["x",{"a":[{"b":{"_placeholder":true,"num":0}},2]}]`:                                                            `["x",{"a":[{"b":"<0>"},2]}]`,
	`["x",{"_placeholder":true,"num":0,"more":[1]}]`:                                                                 `["x","<0>"]`,
	`["x",{"_placeholder":true,"num":01}]`:                                                                           "",
	`["x",{"_placeholder":false,"num":0}]`:                                                                           `["x",{"_placeholder":false,"num":0}]`,
	`["x",{"_placeholder":"true","num":0}]`:                                                                          `["x",{"_placeholder":"true","num":0}]`,
	`["x",{"_placeholder":1,"num":0}]`:                                                                               `["x",{"_placeholder":1,"num":0}]`,
	`["x",{"_Placeholder":true,"num":0}]`:                                                                            `["x",{"_Placeholder":true,"num":0}]`,
	`["x",{"num":9}]`:                                                                                                `["x",{"num":9}]`,
	`["x",{"_placeholder":true,"_placeholder":false,"num":9}]`:                                                       `["x",{"_placeholder":true,"_placeholder":false,"num":9}]`,
	`["x",{"_placeholder":null,"_placeholder":true,"num":9,"num":1}]`:                                                `["x","<1>"]`,
	`["x",{"\u005fplaceholder":true,"n\u0075m":1}]`:                                                                  `["x","<1>"]`,
	`["x",{"\u005f\u0070\u006c\u0061\u0063\u0065\u0068\u006f\u006c\u0064\u0065\u0072":true,"\u006e\u0075\u006d":0}]`: `["x","<0>"]`,
	`["x",{"\u005f\u0070\u006c\u0061\u0063\u0065\u0068\u006f\u006c\u0064\u0065\u0072\u0000":true,"num":9}]`:          `["x",{"\u005f\u0070\u006c\u0061\u0063\u0065\u0068\u006f\u006c\u0064\u0065\u0072\u0000":true,"num":9}]`,
	`["x","{\"_placeholder\":true,\"num\":0}"]`:                                                                      `["x","{\"_placeholder\":true,\"num\":0}"]`,
	`["x",{"_placeholder":true,"num":0,"in":{"_placeholder":true,"num":1}}]`:                                         `["x","<0>"]`,
	`["x",{"_placeholder":true,"num":0,"in":{"_placeholder":true,"num":9}}]`:                                         `["x","<0>"]`,
	`["x",{"in":[{"_placeholder":true,"num":9},{"_placeholder":true}],"_placeholder":true,"num":1},{"a":{}}]`:        `["x","<1>",{"a":{}}]`,
	`["x",{"_placeholder":true,"num":0},{"in":{"_placeholder":true,"num":1},"_placeholder":false,"num":"no"}]`:       `["x","<0>",{"in":"<1>","_placeholder":false,"num":"no"}]`,
}

func TestReplacePlaceholders(t *testing.T) {
	for data, want := range replaced {
		p, err := sioproto.Parse([]byte("52-"+data), sioproto.Limits{})
		if want == "" {
			if err == nil {
				t.Errorf("Parse(52-%s) = %+v, want an error", data, p)
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(52-%s): %v", data, err)
			continue
		}
		if got := sioproto.ReplacePlaceholders([]byte(">"), p.Data, putMark); string(got) != ">"+want {
			t.Errorf("ReplacePlaceholders(%s) = %s, want >%s", data, got, want)
		}
	}
	if got := sioproto.ReplacePlaceholders(nil, nil, putMark); len(got) != 0 {
		t.Errorf("of no data: %q", got)
	}
}

func putMark(dst []byte, n int) []byte { return fmt.Appendf(dst, `"<%d>"`, n) }

// FuzzPlaceholders compares with a walk over decoded values, as the official parser does it.
func FuzzPlaceholders(f *testing.F) {
	for data := range replaced {
		f.Add([]byte(data))
	}
	for _, text := range append(malformed["placeholder out of range"], malformed["placeholder without whole number"]...) {
		f.Add([]byte(text[3:]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := sioproto.Parse(append([]byte("62-"), data...), sioproto.Limits{})
		if err != nil || p.Data == nil || p.HasID || p.Namespace != "/" {
			return
		}
		want, ok := replaceDecoded(decode(t, p.Data))
		if !ok {
			t.Fatalf("%q was accepted", data)
		}
		text := sioproto.ReplacePlaceholders(nil, p.Data, putMark)
		if got := decode(t, text); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q, want %v", data, text, want)
		}
	})
}

func decode(t *testing.T, b []byte) any {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return v
}

// replaceDecoded puts marks for two attachments in a decoded value; ok is false for a bad placeholder.
func replaceDecoded(v any) (_ any, ok bool) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			if v[i], ok = replaceDecoded(v[i]); !ok {
				return nil, false
			}
		}
	case map[string]any:
		if v["_placeholder"] == true {
			num, _ := v["num"].(json.Number)
			n, err := strconv.ParseUint(num.String(), 10, 53)
			return fmt.Sprintf("<%d>", n), err == nil && n < 2
		}
		for k := range v {
			if v[k], ok = replaceDecoded(v[k]); !ok {
				return nil, false
			}
		}
	}
	return v, true
}
