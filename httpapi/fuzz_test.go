package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// FuzzBody: no body makes the check panic; what passes has one form, which is its own form, and means what was sent.
func FuzzBody(f *testing.F) {
	for _, body := range []string{`{}`, ` { "b" : 1 , "a" : [ 1e400, -0, "\u00e9" ] } `, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[[[[]]]]`, `null`, `"\ud800"`, `{"a":1}{}`, "\xff", strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		f.Add([]byte(body), "application/json")
	}
	f.Add([]byte(`{}`), "application/json; charset=utf-7")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		one, refused := checkBody(http.Header{"Content-Type": {kind}}, body)
		if refused != nil {
			if refused.status != http.StatusBadRequest && refused.status != http.StatusRequestEntityTooLarge {
				t.Fatalf("refused with %d", refused.status)
			}
			return
		}
		if len(body) == 0 {
			return
		}
		again, err := canonical(one)
		if err != nil || !bytes.Equal(again, one) {
			t.Fatalf("%q has the form %q, which has the form %q, %v", body, one, again, err)
		}
		if meaning(t, body) != meaning(t, one) {
			t.Fatalf("%q means something else than %q", body, one)
		}
	})
}

// meaning is a value as encoding/json writes it, numbers as they were written.
func meaning(t *testing.T, data []byte) string {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
