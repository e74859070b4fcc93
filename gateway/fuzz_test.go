package gateway

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sioproto"
	"github.com/dokkerr/realtime/socketio"
)

// FuzzPayloads: nothing that a client can send makes a schema panic, and it takes, refuses and reads as a decoder would that is made of
// encoding/json.
func FuzzPayloads(f *testing.F) {
	f.Add("message.new", `{"recipientId":"`+someID+`","content":"ahoy","type":"text","clientMessageId":"0123456789abcdef"}`)
	f.Add("message.new", `{"recipientId":"7C9E6679","content":"\"\\\n\ud83d","type":"te\u0078t","note":{"a":["}"]}}`)
	f.Add("message.new", `{"Type":"text"}`)
	f.Add("message.new", `{"content":"","senderId":7},{}`)
	f.Add("message.typing", `{"recipientId":"7c9e6679"}`)
	f.Add("message.typing", `{"conversationId":"`+someID+`","recipientId":"7c9e6679"}`)
	f.Add("message.history", `{"conversationId":"`+someID+`","before":9007199254740991,"limit":1}`)
	f.Add("message.history", `{"conversationId":"`+someID+`","after":-0,"limit":1e1}`)
	f.Add("sync", `{"since":"19d5597f.7"}`)
	f.Add("auth.refresh", `{"token":"a","token":"b"}`)
	f.Add("notification.list", `{"cursor":"\u0000","limit":1e2,"Role":{}}`)
	f.Add("booking.list", `{"a":1}`)
	f.Add("booking.list", ``)
	f.Add("user.block", ` { "userId" : "7c9e6679" } `)
	f.Fuzz(func(t *testing.T, event, args string) {
		s, ok := schemas[event]
		// The protocol lets only this through.
		if !ok || !utf8.ValidString(args) || !sioproto.Valid([]byte("["+args+"]"), 64) {
			return
		}
		got, err := s.decode(socketio.Raw{JSON: []byte(args)})
		want, wantErr := s.decodeSlowly(args)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || path(err) != path(wantErr) {
			t.Fatalf("%s %s: %v at %q, want %v at %q", event, args, err, path(err), wantErr, path(wantErr))
		}
		if err == nil && got.values != want.values {
			t.Fatalf("%s %s is read as %+v, want %+v", event, args, got.values, want.values)
		}
	})
}

// path returns what a refusal of a payload is about.
func path(err error) string {
	if refused, ok := errors.AsType[*dokkerr.Error](err); ok && refused.Code == dokkerr.ValidationError {
		return refused.Path
	}
	return "none"
}

// decodeSlowly is decode by encoding/json alone, but for the rules of what is missing and of names that are no fields.
func (s *schema) decodeSlowly(args string) (payload, error) {
	p := payload{schema: s}
	var all []json.RawMessage
	if err := json.Unmarshal([]byte("["+args+"]"), &all); err != nil {
		return p, err
	}
	if len(all) == 0 {
		return p, p.complete()
	}
	d := json.NewDecoder(bytes.NewReader(all[0]))
	if begin, err := d.Token(); len(all) > 1 || err != nil || begin != json.Delim('{') {
		return p, errNoObject
	}
	for d.More() {
		name, err := d.Token()
		var text json.RawMessage
		if err = cmp.Or(err, d.Decode(&text)); err != nil {
			return p, err
		}
		if err := p.setSlowly(name.(string), text); err != nil {
			return p, err
		}
	}
	return p, p.complete()
}

func (p *payload) setSlowly(name string, text json.RawMessage) error {
	i := slices.IndexFunc(p.schema.Fields, func(f field) bool { return f.Name == name })
	if i < 0 {
		return p.schema.stranger(name)
	}
	if p.values[i].present {
		return invalid(name, name+" must be sent once")
	}
	f, v := p.schema.Fields[i], value{present: true}
	var read any = &v.text
	if f.Kind == integer {
		read = &v.number
	}
	if string(text) == "null" || json.Unmarshal(text, read) != nil || !slowlyAccepts(f, v) {
		return invalid(name, name+" must be "+f.want())
	}
	p.values[i] = v
	return nil
}

var (
	uuidForm    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	shortIDForm = regexp.MustCompile(`^[0-9a-fA-F]{8}$`)
)

func slowlyAccepts(f field, v value) bool {
	size := int64(len(v.text))
	switch f.Kind {
	case integer:
		return v.number >= f.Min && v.number <= f.Max
	case choice:
		return slices.Contains(f.Values, v.text)
	case id:
		return uuidForm.MatchString(v.text)
	case shortID:
		return uuidForm.MatchString(v.text) || shortIDForm.MatchString(v.text)
	default:
		return size >= f.Min && (size <= f.Max || f.Max == 0)
	}
}

// FuzzCredentials: no CONNECT makes the reader panic, and nothing longer than it may be gets through.
func FuzzCredentials(f *testing.F) {
	for _, auth := range []string{`{}`, `{"token":"a.b.c","deviceId":"d","since":"x"}`, `{"token":null}`, `{"token":7,"token":"a"}`, `{"deviceId":"` + strings.Repeat("d", 129) + `"}`, `{"tok\u0065n":"\ud800"}`} {
		f.Add(auth)
	}
	f.Fuzz(func(t *testing.T, auth string) {
		if !utf8.ValidString(auth) || !strings.HasPrefix(auth, "{") || !sioproto.Valid([]byte(auth), 64) {
			return
		}
		c := readCredentials([]byte(auth))
		if len(c.token) > maxToken || len(c.deviceID) > maxDeviceID || c.malformed && c.token != "" {
			t.Fatalf("%s is read as %+v", auth, c)
		}
		if len(deviceName(c.deviceID, c.token)) > 32 {
			t.Fatalf("the name of the device is %q", deviceName(c.deviceID, c.token))
		}
	})
}

// FuzzOffset: an offset has one spelling, and is one user's.
func FuzzOffset(f *testing.F) {
	ours, theirs := uuid.MustParse(someID), uuid.MustParse("0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d")
	f.Add(formatOffset(userTag(ours), 7))
	f.Add(formatOffset(userTag(ours), 1<<62))
	f.Add(userTag(ours) + ".007")
	f.Add(userTag(ours) + ".99999999999999999999")
	f.Add(".")
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := readOffset(ours, text)
		if !ok {
			return
		}
		if p < 0 || formatOffset(userTag(ours), p) != text {
			t.Fatalf("%q is read as %d", text, p)
		}
		if _, ok := readOffset(theirs, text); ok {
			t.Fatalf("%q is another user's too", text)
		}
	})
}
