package gateway

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

const someID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

// with writes a JSON object of a base and further members.
func with(base string, more ...string) string {
	return "{" + strings.Join(append([]string{base}, more...), ",") + "}"
}

func TestPayloadsAreRefusedWithTheirPath(t *testing.T) {
	message := `"recipientId":"` + someID + `","content":"ahoy","type":"text"`
	conversation := `"conversationId":"` + someID + `"`
	for _, row := range []struct{ event, payload, path string }{
		{"message.new", `"text"`, ""},
		{"message.new", `[1]`, ""},
		{"message.new", `null`, ""},
		{"message.new", `{},{}`, ""},
		{"message.new", ``, "recipientId"},
		{"message.new", `{}`, "recipientId"},
		{"message.new", `{"recipientId":"` + someID + `","type":"text"}`, "content"},
		{"message.new", `{"recipientId":"` + someID + `","content":"ahoy"}`, "type"},
		{"message.new", `{"recipientId":7,"content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"bob","content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"7c9e667","content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"7c9e667g","content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"{` + someID + `}","content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"` + strings.ReplaceAll(someID, "-", "") + `","content":"ahoy","type":"text"}`, "recipientId"},
		{"message.new", `{"recipientId":"` + someID + `","content":"","type":"text"}`, "content"},
		{"message.new", `{"recipientId":"` + someID + `","content":["ahoy"],"type":"text"}`, "content"},
		{"message.new", `{"recipientId":"` + someID + `","content":{"_placeholder":true,"num":0},"type":"text"}`, "content"},
		{"message.new", `{"recipientId":"` + someID + `","content":"ahoy","type":"image"}`, "type"},
		{"message.new", `{"recipientId":"` + someID + `","content":"ahoy","type":"Text"}`, "type"},
		{"message.new", `{"recipientId":"` + someID + `","content":"ahoy","type":null}`, "type"},
		{"message.new", with(message, `"clientMessageId":"fifteen letters"`), "clientMessageId"},
		{"message.new", with(message, `"clientMessageId":"`+strings.Repeat("k", 65)+`"`), "clientMessageId"},
		{"message.new", with(message, `"clientMessageId":null`), "clientMessageId"},
		{"message.new", with(message, `"senderId":"`+someID+`"`), "senderId"},
		{"message.new", with(message, `"SenderId":"`+someID+`"`), "senderId"},
		{"message.new", with(message, `"\u0073enderId":"`+someID+`"`), "senderId"},
		{"message.new", with(message, `"\u017fenderId":"`+someID+`"`), "senderId"},
		{"message.new", with(message, `"role":"admin"`), "role"},
		{"message.new", with(message, `"id":1`), "id"},
		{"message.new", with(message, `"ID":1`), "id"},
		{"message.new", with(message, `"seq":1`), "seq"},
		{"message.new", with(message, `"userId":"`+someID+`"`), "userId"},
		{"message.new", with(message, `"createdAt":"now"`), "createdAt"},
		{"message.new", with(message, `"version":2`), "version"},
		{"message.new", with(message, `"content":"again"`), "content"},
		{"message.new", with(message, `"c\u006fntent":"again"`), "content"},
		{"message.new", with(message, `"Content":"again"`), "content"},
		{"message.read", `{}`, "messageId"},
		{"message.read", `{"messageId":"7c9e6679"}`, "messageId"},
		{"message.typing", `{}`, "conversationId"},
		{"message.typing", with(conversation, `"recipientId":"7c9e6679"`), "conversationId"},
		{"message.typing", `{"conversationId":"7c9e6679"}`, "conversationId"},
		{"message.history", `{}`, "conversationId"},
		{"message.history", with(conversation, `"limit":0`), "limit"},
		{"message.history", with(conversation, `"limit":101`), "limit"},
		{"message.history", with(conversation, `"limit":5.0`), "limit"},
		{"message.history", with(conversation, `"limit":5e0`), "limit"},
		{"message.history", with(conversation, `"limit":"5"`), "limit"},
		{"message.history", with(conversation, `"limit":true`), "limit"},
		{"message.history", with(conversation, `"limit":99999999999999999999`), "limit"},
		{"message.history", with(conversation, `"before":-1`), "before"},
		{"message.history", with(conversation, `"after":9007199254740992`), "after"},
		{"message.history", with(conversation, `"after":null`), "after"},
		{"conversation.list", `{"cursor":""}`, "cursor"},
		{"conversation.list", `{"cursor":5}`, "cursor"},
		{"conversation.list", `{"cursor":"` + strings.Repeat("c", 257) + `"}`, "cursor"},
		{"conversation.list", `{"Limit":5}`, "limit"},
		{"booking.list", `{"userId":"` + someID + `"}`, "userId"},
		{"booking.list", `5`, ""},
		{"notification.list", `{"limit":101}`, "limit"},
		{"notification.read", `{"notificationId":""}`, "notificationId"},
	} {
		t.Run(row.event+" "+row.payload[:min(len(row.payload), 120)], func(t *testing.T) {
			s := schemas[row.event]
			_, err := s.decode(socketio.Raw{JSON: []byte(row.payload)})
			refused, ok := errors.AsType[*dokkerr.Error](err)
			if !ok || refused.Code != dokkerr.ValidationError || refused.Path != row.path || refused.Message == "" {
				t.Errorf("error %+v, want VALIDATION_ERROR with path %q", err, row.path)
			}
		})
	}
}

func TestPayloadsAreDecoded(t *testing.T) {
	decode := func(event, text string) payload {
		s := schemas[event]
		p, err := s.decode(socketio.Raw{JSON: []byte(text)})
		if err != nil {
			t.Errorf("%s %s: %v", event, text, err)
		}
		return p
	}
	p := decode("message.new", ` { "note" : {"id":[1,"}"]} , "recipientId" : "7C9e6679" , "content":"say \"}\" \ud83d\ude00\u00e9, ok?" ,"type":"text","clientMessageId":"0123456789abcdef" } `)
	for name, want := range map[string]string{
		"recipientId": "7C9e6679", "content": `say "}" 😀é, ok?`, "type": "text", "clientMessageId": "0123456789abcdef",
	} {
		if got := p.text(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	p = decode("message.history", `{"conversationId":"`+someID+`","after":0,"limit":100}`)
	if after := p.bound("after"); after == nil || *after != 0 || p.bound("before") != nil || p.integer("limit") != 100 {
		t.Errorf("history decoded as %+v", p)
	}
	p = decode("conversation.list", ``)
	if p.integer("limit") != 0 || p.text("cursor") != "" {
		t.Errorf("no payload decoded as %+v", p)
	}
	decode("booking.list", `{"anything":true}`)
	decode("message.typing", `{"recipientId":"7c9e6679"}`)
}

// TestSchemasAreWellFormed holds what decode relies on.
func TestSchemasAreWellFormed(t *testing.T) {
	for event, s := range schemas {
		if len(s.Fields) > maxFields {
			t.Errorf("%s has %d fields, more than a payload holds", event, len(s.Fields))
		}
		for _, name := range s.OneOf {
			if !slices.ContainsFunc(s.Fields, func(f field) bool { return f.Name == name && f.Optional }) {
				t.Errorf("%s: %s of OneOf is no optional field", event, name)
			}
		}
		for _, f := range s.Fields {
			names := strings.HasPrefix(event, "user.") && f.Name == "userId" // whom it is about, and never who sends it
			if slices.Contains(authority, f.Name) && !names {
				t.Errorf("%s takes %s, which is the server's", event, f.Name)
			}
			if (f.Kind == choice) != (len(f.Values) > 0) {
				t.Errorf("%s.%s: values %v of a %s", event, f.Name, f.Values, f.Kind)
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	s := schemas["message.new"]
	args := socketio.Raw{JSON: []byte(`{"recipientId":"` + someID + `","content":"See you at the dock at nine, bring the long rope.","type":"text"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.decode(args); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCredentials(t *testing.T) {
	long := strings.Repeat("x", maxToken+1)
	for _, row := range []struct {
		auth string
		want credentials
	}{
		{`{}`, credentials{}},
		{`{"token":""}`, credentials{}},
		{`{"token":null}`, credentials{}},
		{`{"Token":"abc"}`, credentials{}},
		{`{"token":"abc"}`, credentials{token: "abc"}},
		{`{"token":7}`, credentials{malformed: true}},
		{`{"token":{"token":"abc"}}`, credentials{malformed: true}},
		{`{"token":["abc"]}`, credentials{malformed: true}},
		{`{"token":false}`, credentials{malformed: true}},
		{`{"token":"` + long + `"}`, credentials{malformed: true}},
		{`{"token":"` + long[1:] + `"}`, credentials{token: long[1:]}},
		{`{"token":"abc","deviceId":"phone","since":"19d5597f.7"}`, credentials{token: "abc", deviceID: "phone", plain: true, since: "19d5597f.7"}},
		{`{"since":"` + long + `","token":"abc"}`, credentials{token: "abc", plain: true}},
		{`{"deviceId":7,"since":[],"token":"abc","pid":"p"}`, credentials{token: "abc"}},
		{`{"token":"abc","deviceId":"` + long + `"}`, credentials{token: "abc"}},
	} {
		if got := readCredentials(json.RawMessage(row.auth)); got != row.want {
			t.Errorf("%.80s read as %.80v, want %.80v", row.auth, got, row.want)
		}
	}
}

// FuzzMembers compares the walk over an object, and what its strings mean, with encoding/json's.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":"b,c:}","d":[1,{"e":"]"}],"f":-1.5e3 , "g":null}`, `{"\"":"\\","\u0061":{}}`, `{"a":1,"a":2}`,
		`{"a":"\\\"","\\":"\\\\"}`, `{"a":"\ud83d\ude00","b":"\ud83d","\ude00":"\n"}`, "{ \"a\" :\t[ ] ,\r\n\"b\":true }",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		var want map[string]json.RawMessage
		if !utf8.Valid(object) || json.Unmarshal(object, &want) != nil || want == nil {
			return // nothing that sioproto lets through
		}
		got := make(map[string]string)
		m := membersOf(trimSpace(string(object)))
		for m.next() {
			got[m.name] = m.value
		}
		if len(got) != len(want) || m.rest != "" {
			t.Fatalf("%d members and %q, want %d", len(got), m.rest, len(want))
		}
		for name, value := range want {
			if got[name] != string(value) {
				t.Errorf("%q is %s, want %s", name, got[name], value)
			}
			var meant string
			if isString(string(value)) && (json.Unmarshal(value, &meant) != nil || unquote(string(value)) != meant) {
				t.Errorf("%s means %q, want %q", value, unquote(string(value)), meant)
			}
		}
	})
}
