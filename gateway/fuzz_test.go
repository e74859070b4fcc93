package gateway

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sioproto"
	"github.com/dokkerr/realtime/socketio"
)

// FuzzPayloads: nothing that a client can send makes a schema panic, what passes is as the schema says, and a refusal is one that
// clients know.
func FuzzPayloads(f *testing.F) {
	f.Add("message.new", `{"recipientId":"`+someID+`","content":"ahoy","type":"text","clientMessageId":"0123456789abcdef"}`)
	f.Add("message.typing", `{"recipientId":"7c9e6679"}`)
	f.Add("message.history", `{"conversationId":"`+someID+`","before":9007199254740991,"limit":1}`)
	f.Add("sync", `{"since":"19d5597f.7"}`)
	f.Add("auth.refresh", `{"token":"a","token":"b"}`)
	f.Add("notification.list", `{"cursor":"\u0000","limit":1e2,"Role":{}}`)
	f.Add("booking.list", `[],{"a":1}`)
	f.Fuzz(func(t *testing.T, event, args string) {
		s, ok := schemas[event]
		// The protocol lets only this through.
		if !ok || !utf8.ValidString(args) || !sioproto.Valid([]byte("["+args+"]"), 64) {
			return
		}
		p, err := s.decode(socketio.Raw{JSON: []byte("[" + args + "]")})
		if refused := (*dokkerr.Error)(nil); err != nil && (!errors.As(err, &refused) || refused.Code != dokkerr.ValidationError) {
			t.Fatalf("%s %s: %v", event, args, err)
		}
		if err != nil {
			return
		}
		for i, field := range s.Fields {
			v := p.values[i]
			if !v.present && !field.Optional {
				t.Fatalf("%s %s lacks %s", event, args, field.Name)
			}
			if v.present && field.Kind != integer && !field.accepts(v.text) || field.Kind == integer && v.present && (v.number < field.Min || v.number > field.Max) {
				t.Fatalf("%s %s has %s %+v", event, args, field.Name, v)
			}
		}
	})
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
