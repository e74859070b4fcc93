package socketio

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/dokkerr/realtime/sioproto"
)

var msgpackLimits = sioproto.Limits{MaxAttachments: 10, MaxDepth: 64}

// object is a map in the order written: keys and values in turn.
type object []any

// packed writes what a client's encoder writes.
func packed(v any) []byte {
	switch v := v.(type) {
	case object:
		b := msgp.AppendMapHeader(nil, uint32(len(v)/2))
		for _, each := range v {
			b = append(b, packed(each)...)
		}
		return b
	case []any:
		b := msgp.AppendArrayHeader(nil, uint32(len(v)))
		for _, each := range v {
			b = append(b, packed(each)...)
		}
		return b
	case json.RawMessage: // bytes of msgpack
		return v
	}
	b, err := msgp.AppendIntf(nil, v)
	if err != nil {
		panic(err)
	}
	return b
}

func TestUnpack(t *testing.T) {
	undefinedField, date := json.RawMessage("\xd4\x00\x00"), json.RawMessage("\xd7\x00\x00\x00\x01\x99\x2b\x3f\x40\x01")
	for _, row := range []struct {
		in          any
		want        string
		attachments string
	}{
		{object{"type", 0, "nsp", "/"}, `0`, ""},
		{object{"type", 0, "nsp", "/", "data", undefinedField, "options", object{"compress", true}}, `0`, ""},
		{object{"nsp", "/a", "data", object{"token", "é\n"}, "type", 0}, `0/a,{"token":"é\n"}`, ""},
		{object{"type", 1, "nsp", "/a"}, `1/a,`, ""},
		{object{"type", 2, "nsp", "/", "data", []any{"x", 1, -1, uint64(1) << 63, 1.5, float32(0.5), nil, true, false}},
			`2["x",1,-1,9223372036854775808,1.5,0.5,null,true,false]`, ""},
		{object{"type", 2, "nsp", "/", "id", 7, "data", []any{"x", undefinedField, object{"a", undefinedField, "b", 1}, []any{}, object{}}},
			`27["x",null,{"b":1},[],{}]`, ""},
		{object{"type", 2, "nsp", "/", "data", []any{"x", date}}, `2["x","2025-09-08T21:33:09.505Z"]`, ""},
		{object{"type", 3, "nsp", "/", "id", 7, "data", []any{}}, `37[]`, ""},
		{object{"type", 2, "nsp", "/", "data", []any{"x", []byte("ab"), object{"in", []byte{}}}},
			`52-["x",{"_placeholder":true,"num":0},{"in":{"_placeholder":true,"num":1}}]`, "ab|"},
		{object{"type", 3, "nsp", "/", "id", 1, "data", []any{[]byte("z")}}, `61-1[{"_placeholder":true,"num":0}]`, "z"},
	} {
		p, attachments, err := unpack(packed(row.in), msgpackLimits)
		if err != nil {
			t.Errorf("%s: %v", row.want, err)
			continue
		}
		if got := string(sioproto.Append(nil, p)); got != row.want || string(bytes.Join(attachments, []byte("|"))) != row.attachments {
			t.Errorf("got %s with %q, want %s with %q", got, attachments, row.want, row.attachments)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	deep := json.RawMessage(strings.Repeat("\x91", 100) + "\xc0")
	for name, in := range map[string]any{
		"no map":               []any{2},
		"no type":              object{"nsp", "/"},
		"type out of range":    object{"type", 5, "nsp", "/", "data", []any{"x"}},
		"type negative":        object{"type", -1, "nsp", "/"},
		"type text":            object{"type", "2", "nsp", "/", "data", []any{"x"}},
		"no nsp":               object{"type", 2, "data", []any{"x"}},
		"nsp number":           object{"type", 2, "nsp", 1, "data", []any{"x"}},
		"nsp with a comma":     object{"type", 2, "nsp", `/,1["y"]`, "data", []any{"x"}},
		"nsp without slash":    object{"type", 2, "nsp", "x", "data", []any{"x"}},
		"CONNECT of array":     object{"type", 0, "nsp", "/", "data", []any{}},
		"CONNECT with binary":  object{"type", 0, "nsp", "/", "data", object{"a", []byte{1}}},
		"CONNECT as an ack":    object{"type", 0, "nsp", "/", "id", 1, "data", []any{[]byte{1}}},
		"DISCONNECT with data": object{"type", 1, "nsp", "/", "data", object{}},
		"event without data":   object{"type", 2, "nsp", "/"},
		"event of object":      object{"type", 2, "nsp", "/", "data", object{}},
		"event empty":          object{"type", 2, "nsp", "/", "data", []any{}},
		"event named true":     object{"type", 2, "nsp", "/", "data", []any{true}},
		"event reserved":       object{"type", 2, "nsp", "/", "data", []any{"connect"}},
		"ack without data":     object{"type", 3, "nsp", "/", "id", 1},
		"CONNECT_ERROR":        object{"type", 4, "nsp", "/", "data", "x"},
		"id negative":          object{"type", 2, "nsp", "/", "id", -1, "data", []any{"x"}},
		"id text":              object{"type", 2, "nsp", "/", "id", "1", "data", []any{"x"}},
		"id too large":         object{"type", 2, "nsp", "/", "id", uint64(1) << 60, "data", []any{"x"}},
		"key no text":          object{"type", 2, "nsp", "/", "data", []any{"x", object{1, 1}}},
		"unknown extension":    object{"type", 2, "nsp", "/", "data", []any{"x", json.RawMessage("\xd4\x07\x00")}},
		"11 attachments":       object{"type", 2, "nsp", "/", "data", append([]any{"x"}, make11()...)},
		"too deep":             object{"type", 2, "nsp", "/", "data", []any{"x", deep}},
		"array longer than it": object{"type", 2, "nsp", "/", "data", json.RawMessage("\xdd\xff\xff\xff\xff\xa1x")},
		"what follows":         json.RawMessage(string(packed(object{"type", 0, "nsp", "/"})) + "\xc0"),
		"text":                 json.RawMessage(`2["x"]`),
		"empty":                json.RawMessage(""),
	} {
		if p, _, err := unpack(packed(in), msgpackLimits); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func make11() []any {
	all := make([]any, 11)
	for i := range all {
		all[i] = []byte{}
	}
	return all
}

func TestPack(t *testing.T) {
	options := Options{Parser: MsgPack}.withDefaults()
	for _, row := range []struct {
		payload any
		want    []any
	}{
		{nil, []any{"x"}},
		{Args{1, -200, 1.5, "é", nil, true, []int{}}, []any{"x", 1, -200, 1.5, "é", nil, true, []any{}}},
		{uint64(1) << 63, []any{"x", uint64(1) << 63}},
		{map[string]any{"b": Binary("z"), "a": []Binary{{}, nil}}, []any{"x", object{"a", []any{[]byte{}, nil}, "b", []byte("z")}}},
		{map[string]any{"_placeholder": true, "num": 0}, []any{"x", object{"_placeholder", true, "num", 0}}},
	} {
		e := newEncoder(&options)
		if err := e.event("x", row.payload); err != nil {
			t.Fatal(err)
		}
		got := e.options.frame(e.packet(sioproto.Event, "/a", ackID{7, true})).Content()
		want := packed(object{"type", 2, "nsp", "/a", "id", 7, "data", row.want})
		if !bytes.Equal(got, want) {
			t.Errorf("%v:\ngot  %x\nwant %x", row.payload, got, want)
		}
		longer := packed(object{"type", 2, "nsp", "/a", "id", 7, "data", append(row.want, "offset")})
		if got = appendPacked(got, "offset").Content(); !bytes.Equal(got, longer) {
			t.Errorf("with an offset:\ngot  %x\nwant %x", got, longer)
		}
		e.free()
	}
	e := newEncoder(&options)
	defer e.free()
	if err := e.event("x", Raw{JSON: []byte("{")}); err == nil {
		t.Error("invalid JSON is packed")
	}
}

// FuzzUnpack has what is accepted packed and unpacked again.
func FuzzUnpack(f *testing.F) {
	f.Add(packed(object{"type", 0, "nsp", "/", "data", object{"token", "x"}}))
	f.Add(packed(object{"type", 2, "nsp", "/a", "id", 7, "data", []any{"x", 1, 1.5, []byte("ab"), nil, object{"a", []any{}}}}))
	f.Add([]byte("\x82\xa4type\x02\xa3nsp\xa1/"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, attachments, err := unpack(in, msgpackLimits)
		if err != nil {
			return
		}
		if p.Data == nil {
			return
		}
		data, err := pack(p.Data, attachments)
		if err != nil {
			t.Fatalf("%q is accepted and does not pack: %v", p.Data, err)
		}
		again := p
		if again.Type >= sioproto.BinaryEvent {
			again.Type -= sioproto.BinaryEvent - sioproto.Event
		}
		again.Data = data
		second, _, err := unpack(packedFrame(again).Content(), msgpackLimits)
		if err != nil || second.Type != p.Type || second.ID != p.ID || second.Namespace != p.Namespace {
			t.Fatalf("%+v becomes %+v, %v", p, second, err)
		}
	})
}
