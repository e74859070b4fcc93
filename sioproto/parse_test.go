package sioproto_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/sioproto"
)

// wellFormed are packets of a client, and what they hold. enc is how Append
// writes them, if not as text has them.
var wellFormed = []struct {
	text string
	want sioproto.Packet
	enc  string
}{
	{text: "0", want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/"}},
	{text: `0{"token":"123"}`, want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/", Data: []byte(`{"token":"123"}`)}},
	{text: `0{"pid":"p","offset":"o"}`, want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/", Data: []byte(`{"pid":"p","offset":"o"}`)}},
	{text: "0/admin,", want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/admin"}},
	{text: "0/admin", want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/admin"}, enc: "0/admin,"},
	{text: "0/,{}", want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/", Data: []byte("{}")}, enc: "0{}"},
	{text: `0/admin?token=1,{"a":1}`, want: sioproto.Packet{Type: sioproto.Connect, Namespace: "/admin?token=1", Data: []byte(`{"a":1}`)}},
	{text: "1", want: sioproto.Packet{Type: sioproto.Disconnect, Namespace: "/"}},
	{text: "1/admin,", want: sioproto.Packet{Type: sioproto.Disconnect, Namespace: "/admin"}},
	{text: "1/admin", want: sioproto.Packet{Type: sioproto.Disconnect, Namespace: "/admin"}, enc: "1/admin,"},
	{text: "2", want: sioproto.Packet{Type: sioproto.Event, Namespace: "/"}},
	{text: `2["hello",1]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["hello",1]`)}},
	{text: "2 [ \"hello\" ,\n1 ]\r\n\t", want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte("[ \"hello\" ,\n1 ]")}, enc: "2[ \"hello\" ,\n1 ]"},
	{text: `2/admin,456["project:delete",123]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/admin", ID: 456, HasID: true, Data: []byte(`["project:delete",123]`)}},
	{text: `20["x"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", HasID: true, Data: []byte(`["x"]`)}},
	{text: `29007199254740991["x"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", ID: 1<<53 - 1, HasID: true, Data: []byte(`["x"]`)}},
	{text: `20000000000000012["x"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", ID: 12, HasID: true, Data: []byte(`["x"]`)}, enc: `212["x"]`},
	{text: `2/a["x"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: `/a["x"]`}, enc: `2/a["x"],`},
	{text: `2[1,"x"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`[1,"x"]`)}},
	{text: `2[-1.5e3]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`[-1.5e3]`)}},
	{text: `2[""]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`[""]`)}},
	{text: `2["error"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["error"]`)}},
	{text: `2["__proto__"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["__proto__"]`)}},
	{text: `2["Connect"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["Connect"]`)}},
	{text: `2["x",1e400,-0,1e-400]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["x",1e400,-0,1e-400]`)}},
	{text: `2["x","\ud800","\udc00\ud800","\u0000"]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["x","\ud800","\udc00\ud800","\u0000"]`)}},
	{text: `2["x",{"a":1,"a":2,"A":3}]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["x",{"a":1,"a":2,"A":3}]`)}},
	{text: `2["x",{"_placeholder":true,"num":7}]`, want: sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: []byte(`["x",{"_placeholder":true,"num":7}]`)}},
	{text: `312["ok"]`, want: sioproto.Packet{Type: sioproto.Ack, Namespace: "/", ID: 12, HasID: true, Data: []byte(`["ok"]`)}},
	{text: `3/admin,1[]`, want: sioproto.Packet{Type: sioproto.Ack, Namespace: "/admin", ID: 1, HasID: true, Data: []byte(`[]`)}},
	{text: `3["no id"]`, want: sioproto.Packet{Type: sioproto.Ack, Namespace: "/", Data: []byte(`["no id"]`)}},
	{text: `31`, want: sioproto.Packet{Type: sioproto.Ack, Namespace: "/", ID: 1, HasID: true}},
	{text: `51-["x",{"_placeholder":true,"num":0}]`, want: sioproto.Packet{Type: sioproto.BinaryEvent, Namespace: "/", Attachments: 1, Data: []byte(`["x",{"_placeholder":true,"num":0}]`)}},
	{text: `52-/admin,7["x",{"num":1,"_placeholder":true}]`, want: sioproto.Packet{Type: sioproto.BinaryEvent, Namespace: "/admin", ID: 7, HasID: true, Attachments: 2, Data: []byte(`["x",{"num":1,"_placeholder":true}]`)}},
	{text: `510-["x"]`, want: sioproto.Packet{Type: sioproto.BinaryEvent, Namespace: "/", Attachments: 10, Data: []byte(`["x"]`)}},
	{text: `501-["x"]`, want: sioproto.Packet{Type: sioproto.BinaryEvent, Namespace: "/", Attachments: 1, Data: []byte(`["x"]`)}, enc: `51-["x"]`},
	{text: `51-`, want: sioproto.Packet{Type: sioproto.BinaryEvent, Namespace: "/", Attachments: 1}},
	{text: `61-3[{"_placeholder":true,"num":0}]`, want: sioproto.Packet{Type: sioproto.BinaryAck, Namespace: "/", ID: 3, HasID: true, Attachments: 1, Data: []byte(`[{"_placeholder":true,"num":0}]`)}},
}

// malformed are texts that close the connection, by what is wrong with them.
var malformed = map[string][]string{
	"unknown type": {"", "7", `7["x"]`, "9", "a", `"x"`, "-", " ", "/", "\x00", "\xff", "٢[\"x\"]", "abc"},
	"broken JSON": {
		`2[`, `2["x"`, `2["x",`, `2["x",]`, `2["x" 1]`, `2["x",,1]`, `2['x']`, `2[x]`, `2["x",{]`, `2["x",{"a"}]`,
		`2["x",{"a":}]`, `2["x",{"a":1,}]`, `2["x",{a:1}]`, `2["x",{1:1}]`, `2["x",{"a" 1}]`, `2["x",{"a":1 "b":2}]`,
		`2["x",nul]`, `2["x",True]`, `2["x",NaN]`, `2["x",Infinity]`, `2["x",undefined]`,
		`2["x",01]`, `2["x",+1]`, `2["x",1.]`, `2["x",.5]`, `2["x",1e]`, `2["x",1e+]`, `2["x",-]`, `2["x",0x1]`, `2["x",1_0]`,
		`2["x]`, `2["\x"]`, `2["\u12"]`, `2["\u12g4"]`, `2["\`, `2["\u`, "2[\"a\nb\"]", "2[\"a\x00b\"]", "2[\"a\tb\"]",
		"2[\"\xff\"]", "2[\"\xed\xa0\x80\"]", "2[\"\xc0\x80\"]", "2[\"\xe2\x82\"]", "2[\"\xf4\x90\x80\x80\"]", "2[\"x\",\u00a01]", "2\ufeff[\"x\"]",
		`0{`, `0{"a":1`, `31[`, `2]`, `2}`, `2,`, `2:`,
	},
	"trailing text":      {`2["x"]x`, `2["x"]]`, `2["x"]["y"]`, `2["x"],`, `0{}{}`, `0{}x`, `31[]1`, "2[\"x\"]\x00", `2["x"]\u0020`},
	"CONNECT payload":    {`0[]`, `0"x"`, `01 1`, `0null`, `0true`, `0/admin,[]`, `0["x"]`},
	"DISCONNECT payload": {`1{}`, `1[]`, `1""`, `1null`, `1/admin,{}`, `1 `, `1["x"]`},
	"EVENT is no array":  {`2{}`, `2"x"`, `2null`, `2true`, `21 2`, `2{"0":"x"}`, `2/admin,{}`},
	"EVENT is empty":     {`2[]`, `2[ ]`, `21[]`},
	"EVENT name":         {`2[true]`, `2[false]`, `2[null]`, `2[{}]`, `2[[]]`, `2[["x"]]`, `2[{"toString":"foo"}]`, `2[{"x":"x"},"x"]`},
	"reserved name":      {`2["connect"]`, `2["connect_error"]`, `2["disconnect"]`, `2["disconnecting"]`, `2["newListener"]`, `2["removeListener"]`, `2["conn\u0065ct"]`, `2[ "connect" ]`, `21["connect",1]`, `51-["connect"]`, `2/admin,["connect"]`},
	"ACK is no array":    {`31{}`, `31"x"`, `31null`, `3{}`, `61-1{}`},
	"id is not digits":   {`2a["x"]`, `2-1["x"]`, `2+1["x"]`, `21.5["x"]`, `21e1["x"]`, `20x1["x"]`, `2٣["x"]`, `21 2["x"]`, `3a[]`},
	"id out of range":    {`29007199254740992["x"]`, `29999999999999999["x"]`, `200000000000000001["x"]`, `212345678901234567890["x"]`, `2` + strings.Repeat("9", 400) + `["x"]`, `3` + strings.Repeat("0", 20) + `[]`},
	"CONNECT_ERROR":      {`4`, `4{}`, `4{"message":"x"}`, `4"x"`, `4/admin,{"message":"x"}`},
	"no count":           {`5`, `6`, `5["x"]`, `5-["x"]`, `5-`, `5/admin,["x"]`, `6-1[]`},
	"no dash":            {`51`, `51["x"]`, `51/admin,["x"]`, `51a-["x"]`, `5a-["x"]`, `61[]`, `51 -["x"]`},
	"count not whole":    {`51.5-["x"]`, `51e1-["x"]`, `5-1-["x"]`, `5+1-["x"]`, `50x1-["x"]`, `51.0-["x"]`, `5 1-["x"]`, `61.5-1[]`},
	"count zero":         {`50-["x"]`, `500-["x"]`, `60-1[]`, `50-`},
	"count too large":    {`511-["x"]`, `51000000-["x"]`, `599999999999999999999-["x"]`, `511-`, `611-1[]`, `5` + strings.Repeat("2", 1000)},
	"placeholder out of range": {
		`51-["x",{"_placeholder":true,"num":1}]`, `51-["x",{"_placeholder":true,"num":5}]`, `51-["x",{"_placeholder":true,"num":-1}]`,
		`51-["x",{"num":1,"_placeholder":true}]`, `51-["x",[[{"a":{"_placeholder":true,"num":1}}]]]`, `61-1[{"_placeholder":true,"num":1}]`,
		`51-["x",{"_placeholder":true,"num":99999999999999999999}]`, `51-["x",{"_placeholder":true,"num":18446744073709551616}]`,
		`51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, `51-["x",{"_\u0070laceholder":true,"\u006eum":1}]`,
	},
	"placeholder without whole number": {
		`51-["x",{"_placeholder":true}]`, `51-["x",{"_placeholder":true,"num":"0"}]`, `51-["x",{"_placeholder":true,"num":"splice"}]`,
		`51-["x",{"_placeholder":true,"num":1.5}]`, `52-["x",{"_placeholder":true,"num":0.5}]`, `51-["x",{"_placeholder":true,"num":{}}]`,
		`51-["x",{"_placeholder":true,"num":[0]}]`, `51-["x",{"_placeholder":true,"num":null}]`, `51-["x",{"_placeholder":true,"num":true}]`,
		`51-["x",{"_placeholder":true,"num":0e0}]`, `51-["x",{"_placeholder":true,"num":-0}]`, `51-["x",{"_placeholder":true,"num":0.0}]`,
		`51-["x",{"_placeholder":true,"num":0,"num":"x"}]`,
	},
	"too many placeholders":  {`51-["x"` + strings.Repeat(onePlaceholder, 11) + `]`, `51-["x",{"in":[0` + strings.Repeat(onePlaceholder, 11) + `],"_placeholder":true,"num":0}]`},
	"namespace too long":     {`0/` + strings.Repeat("a", 255), `2/` + strings.Repeat("a", 1000) + `,["x"]`},
	"namespace is not UTF-8": {"0/\xff,", "0/a\xed\xa0\x80", "1/\xc0\x80,"},
	"too deep":               {`2["x",` + nested(64) + `]`, `0{"a":` + nested(64) + `}`, `2["x",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]`, `2` + strings.Repeat(`{"a":`, 100_000)},
}

const onePlaceholder = `,{"_placeholder":true,"num":0}`

// nested returns JSON of so many levels.
func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func TestParse(t *testing.T) {
	for _, c := range wellFormed {
		got, err := sioproto.Parse([]byte(c.text), sioproto.Limits{})
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		if !equal(got, c.want) {
			t.Errorf("Parse(%q) = %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestAppend(t *testing.T) {
	for _, c := range wellFormed {
		want := ">" + c.text
		if c.enc != "" {
			want = ">" + c.enc
		}
		if got := sioproto.Append([]byte(">"), c.want); string(got) != want {
			t.Errorf("Append(%+v) = %q, want %q", c.want, got, want)
		}
	}
	refusal := sioproto.Packet{Type: sioproto.ConnectError, Namespace: "/nope", Data: []byte(`{"message":"Invalid namespace"}`)}
	if got, want := string(sioproto.Append(nil, refusal)), `4/nope,{"message":"Invalid namespace"}`; got != want {
		t.Errorf("Append(%+v) = %q, want %q", refusal, got, want)
	}
	if got := string(sioproto.Append(nil, sioproto.Packet{Type: sioproto.Disconnect})); got != "1" {
		t.Errorf("without a namespace: %q, want the one of /", got)
	}
}

func TestParseMalformed(t *testing.T) {
	for why, texts := range malformed {
		t.Run(why, func(t *testing.T) {
			for _, text := range texts {
				if p, err := sioproto.Parse([]byte(text), sioproto.Limits{}); !errors.Is(err, sioproto.ErrMalformed) {
					t.Errorf("Parse(%.200q) = %+v, %v, want ErrMalformed", text, p, err)
				}
			}
		})
	}
}

// TestParseTruncated cuts every good packet everywhere: the JSON is whole or the packet is malformed.
func TestParseTruncated(t *testing.T) {
	for _, c := range wellFormed {
		for n := range len(c.text) {
			p, err := sioproto.Parse([]byte(c.text[:n]), sioproto.Limits{})
			if err == nil && p.Data != nil && !sioproto.Valid(p.Data, 64) {
				t.Errorf("Parse(%q) = %+v", c.text[:n], p)
			}
		}
	}
}

func TestParseKeepsLimits(t *testing.T) {
	limits := sioproto.Limits{MaxAttachments: 2, MaxDepth: 3, MaxNamespace: 4}
	for text, ok := range map[string]bool{
		`52-["x"]`: true,
		`51-["x"` + strings.Repeat(onePlaceholder, 2) + `]`: true,
		`51-["x"` + strings.Repeat(onePlaceholder, 3) + `]`: false,
		`2["x"` + strings.Repeat(onePlaceholder, 3) + `]`:   true,
		`53-["x"]`:             false,
		`2["x",[[]]]`:          true,
		`2["x",[{}]]`:          true,
		`2["x",[[[]]]]`:        false,
		`2["x",[{"a":{}}]]`:    false,
		`0/abc,`:               true,
		`0/abcd,`:              false,
		`2/abc,["x",[[1],[]]]`: true,
	} {
		if _, err := sioproto.Parse([]byte(text), limits); (err == nil) != ok {
			t.Errorf("Parse(%q) with %+v: %v, want accepted %t", text, limits, err, ok)
		}
	}
	for text, ok := range map[string]bool{
		`2["x",` + nested(63) + `]`:                          true,
		`2["x",` + nested(64) + `]`:                          false,
		`0/` + strings.Repeat("a", 254):                      true,
		`0/` + strings.Repeat("a", 255):                      false,
		`0{"a":` + nested(63) + `}`:                          true,
		`2["x",` + nested(63) + `,[[]]]`:                     true,
		`510-["x",` + nested(63) + `]`:                       true,
		`51-["x"` + strings.Repeat(onePlaceholder, 10) + `]`: true,
		`2["` + strings.Repeat("[", 100) + `"]`:              true,
	} {
		if _, err := sioproto.Parse([]byte(text), sioproto.Limits{}); (err == nil) != ok {
			t.Errorf("Parse(%.80q) without limits: %v, want accepted %t", text, err, ok)
		}
	}
}

func TestParseAndSplitEventDoNotAllocate(t *testing.T) {
	for _, in := range inputs {
		text := []byte(in.text)
		n := testing.AllocsPerRun(100, func() {
			p, err := sioproto.Parse(text, sioproto.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err = sioproto.SplitEvent(p.Data); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations, want 0", in.name, n)
		}
	}
}

func TestDecodeUndoesEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packetGen().Draw(t, "packet")
		text := sioproto.Append(nil, p)
		got, err := sioproto.Parse(text, sioproto.Limits{})
		if err != nil || !equal(got, p) {
			t.Fatalf("Parse(%q) = %+v, %v, want %+v", text, got, err, p)
		}
	})
}

func packetGen() *rapid.Generator[sioproto.Packet] {
	payloads := map[sioproto.Type][]string{
		sioproto.Connect:     {"", "{}", `{"token":"\ud83d\ude00"}`},
		sioproto.Disconnect:  {""},
		sioproto.Event:       {"", `["x"]`, `["x",1,{"a":[null]}]`, `[5,"€"]`},
		sioproto.Ack:         {"", "[]", `[{"error":{"code":"FORBIDDEN"}}]`},
		sioproto.BinaryEvent: {`["x",{"_placeholder":true,"num":0}]`, `["x"]`},
		sioproto.BinaryAck:   {`[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, "[]"},
	}
	return rapid.Custom(func(t *rapid.T) sioproto.Packet {
		p := sioproto.Packet{
			Type:      rapid.SampledFrom([]sioproto.Type{0, 1, 2, 3, 5, 6}).Draw(t, "type"),
			Namespace: "/" + rapid.StringMatching(`[a-z0-9\[\]"{}-]{0,20}`).Draw(t, "namespace"),
			HasID:     rapid.Bool().Draw(t, "has id"),
		}
		if p.HasID {
			p.ID = rapid.Uint64Range(0, 1<<53-1).Draw(t, "id")
		}
		if p.Type == sioproto.BinaryEvent || p.Type == sioproto.BinaryAck {
			p.Attachments = rapid.IntRange(1, 10).Draw(t, "attachments")
		}
		p.Data = []byte(rapid.SampledFrom(payloads[p.Type]).Draw(t, "data"))
		return p
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range wellFormed {
		f.Add([]byte(c.text))
	}
	for _, texts := range malformed {
		for _, text := range texts {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := sioproto.Parse(b, sioproto.Limits{})
		if err != nil {
			if !errors.Is(err, sioproto.ErrMalformed) {
				t.Fatalf("error %v does not wrap ErrMalformed", err)
			}
			return
		}
		text := sioproto.Append(nil, p)
		again, err := sioproto.Parse(text, sioproto.Limits{})
		if err != nil || !equal(again, p) {
			t.Fatalf("%q is %+v, written as %q, which is %+v, %v", b, p, text, again, err)
		}
	})
}

func equal(a, b sioproto.Packet) bool {
	return a.Type == b.Type && a.Namespace == b.Namespace && a.ID == b.ID && a.HasID == b.HasID &&
		a.Attachments == b.Attachments && bytes.Equal(a.Data, b.Data)
}
