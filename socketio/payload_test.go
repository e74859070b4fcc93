package socketio

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/sioproto"
)

// encodePayload returns what an acknowledgement of that payload is on the wire.
func encodePayload(t *testing.T, payload any) (string, [][]byte) {
	t.Helper()
	o := Options{}.withDefaults()
	e := newEncoder(&o)
	defer e.free()
	if err := e.list(payload); err != nil {
		t.Fatal(err)
	}
	return string(e.text), e.attachments
}

type holder struct {
	Name  string            `json:"name"`
	Blob  Binary            `json:"blob,omitempty"`
	Deep  []map[string]any  `json:"deep,omitempty"`
	Other *holder           `json:"other,omitempty"`
	Map   map[string]Binary `json:"map,omitempty"`
	Plain []byte            `json:"plain,omitempty"`
}

func TestEncode(t *testing.T) {
	const one = `{"_placeholder":true,"num":0}`
	const two = `{"_placeholder":true,"num":1}`
	for _, test := range []struct {
		payload     any
		text        string
		attachments string // joined by a space
	}{
		{nil, `[]`, ""},
		{None{}, `[]`, ""},
		{Args{}, `[]`, ""},
		{Args{nil}, `[null]`, ""},
		{Args{1, "a", []int{2}}, `[1,"a",[2]]`, ""},
		{Raw{}, `[]`, ""},
		{Raw{JSON: []byte(`1, 2`)}, `[1, 2]`, ""},
		{Raw{JSON: []byte(one), Attachments: [][]byte{[]byte("x")}}, `[` + one + `]`, "x"},
		{json.RawMessage(` {"a" : 1}`), `[ {"a" : 1}]`, ""},
		{json.RawMessage(nil), `[null]`, ""},
		{"<&>", `["<&>"]`, ""},
		{Binary("x"), `[` + one + `]`, "x"},
		{Binary(nil), `[null]`, ""},
		{Args{Binary("x"), Binary("y")}, `[` + one + `,` + two + `]`, "x y"},
		{holder{Name: "n", Blob: Binary("x")}, `[{"name":"n","blob":` + one + `}]`, "x"},
		{&holder{Other: &holder{Blob: Binary("x")}}, `[{"name":"","other":{"name":"","blob":` + one + `}}]`, "x"},
		{holder{Deep: []map[string]any{{"a": Binary("x")}}}, `[{"name":"","deep":[{"a":` + one + `}]}]`, "x"},
		{map[string]Binary{"a": Binary("x"), "b": Binary("y")}, `[{"a":` + one + `,"b":` + two + `}]`, "x y"},
		{[]byte("x"), `["eA=="]`, ""},
		{time.Unix(0, 0).UTC(), `["1970-01-01T00:00:00Z"]`, ""},
	} {
		text, attachments := encodePayload(t, test.payload)
		var joined []string
		for _, b := range attachments {
			joined = append(joined, string(b))
		}
		if text != test.text || strings.Join(joined, " ") != test.attachments {
			t.Errorf("%#v: %s with %q", test.payload, text, joined)
		}
	}
}

// A value with binary comes back through the wire as it was.
func TestBinaryRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		blob := rapid.SliceOfN(rapid.Byte(), 1, 100)
		in := holder{
			Name: rapid.StringMatching(`[ -~é]{0,20}`).Draw(r, "name"),
			Blob: blob.Draw(r, "blob"),
			Map:  rapid.MapOfN(rapid.StringMatching(`[a-z"]{1,5}`), rapid.Map(blob, func(b []byte) Binary { return b }), 1, 3).Draw(r, "map"),
		}
		text, attachments := encodePayload(t, in)
		var out holder
		raw := Raw{JSON: []byte(text[1 : len(text)-1]), Attachments: attachments}
		if err := raw.Decode(0, &out); err != nil {
			r.Fatal(err)
		}
		if !reflect.DeepEqual(in, out) {
			r.Fatalf("%#v became %#v", in, out)
		}
	})
}

// What a client writes is never taken for a Binary.
func TestMarksCannotBeGuessed(t *testing.T) {
	text, attachments := encodePayload(t, `"binary:AAAA:eA==`)
	if len(attachments) > 0 || !strings.Contains(text, "binary:AAAA") {
		t.Errorf("%s", text)
	}
}

func TestRaw(t *testing.T) {
	r := Raw{
		JSON:        []byte(`1 , "a,b" ,{"_placeholder":true,"num":0},[{"num":1,"_placeholder":true}]`),
		Attachments: [][]byte{[]byte("x"), nil},
	}
	if r.Len() != 4 || string(r.At(1)) != `"a,b"` || r.At(4) != nil || r.At(-1) != nil {
		t.Errorf("%d arguments, %s", r.Len(), r.At(1))
	}
	var whole Binary
	if err := r.Decode(2, &whole); err != nil || string(whole) != "x" {
		t.Errorf("%q, %v", whole, err)
	}
	var inside []Binary
	if err := r.Decode(3, &inside); err != nil || len(inside) != 1 || inside[0] == nil {
		t.Errorf("%q, %v", inside, err)
	}
	var text any
	if err := r.Decode(2, &text); err != nil || text != "eA==" {
		t.Errorf("%q, %v", text, err)
	}
	if err := r.Decode(4, &text); err == nil {
		t.Error("a missing argument decodes")
	}
	if (Raw{}).Len() != 0 {
		t.Error("no arguments are some")
	}
}

func TestDecode(t *testing.T) {
	if v, err := decode[map[string]int](Raw{JSON: []byte(`{"a":1},2`)}); err != nil || v["a"] != 1 {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := decode[None](Raw{JSON: []byte(`1`)}); err != nil {
		t.Error(err)
	}
	if v, err := decode[json.RawMessage](Raw{JSON: []byte(`[ 1 ]`)}); err != nil || string(v) != `[ 1 ]` {
		t.Errorf("%s, %v", v, err)
	}
	if _, err := decode[Binary](Raw{JSON: []byte(`{"a":1}`)}); err == nil {
		t.Error("an object decodes as Binary")
	}
}

func TestReservedNamesAreTheParsers(t *testing.T) {
	for _, name := range []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "error", "message", "__proto__"} {
		_, err := sioproto.Parse([]byte(`2["`+name+`"]`), sioproto.Limits{})
		if reserved(name) != (err != nil) {
			t.Errorf("%s: reserved %v, but the parser says %v", name, reserved(name), err)
		}
	}
}
