package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// TestDocumentHasEveryEvent holds names and fields of the gateway's table against the document's, both ways.
func TestDocumentHasEveryEvent(t *testing.T) {
	documented := contract().events("receive")
	names := slices.Sorted(maps.Keys(documented))
	taken := slices.Sorted(maps.Keys(schemas))
	if !slices.Equal(taken, names) {
		t.Errorf("the gateway takes %v, the document has %v", taken, names)
	}
	for _, name := range taken {
		properties, _ := documented[name].payload["properties"].(node)
		var fields []string
		for _, f := range schemas[name].Fields {
			fields = append(fields, f.Name)
		}
		if want := slices.Sorted(maps.Keys(properties)); !slices.Equal(slices.Sorted(slices.Values(fields)), want) {
			t.Errorf("%s has the fields %v, the document %v", name, fields, want)
		}
	}
}

// TestDocumentSaysWhatIsDurable holds the document against the events that the tests expect a position behind.
func TestDocumentSaysWhatIsDurable(t *testing.T) {
	var got []string
	for name, e := range contract().events("send") {
		if e.operation["x-durable"] == true {
			got = append(got, name)
		}
	}
	want := slices.DeleteFunc(slices.Clone(durable), func(name string) bool { return name == "dock.flooded" })
	want = append(want, "sync.gap") // which has the position that it leads to
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("durable in the document: %v, want %v", got, want)
	}
}

// TestDocumentsNamesAreTaken wants no application to send an event of the contract's name.
func TestDocumentsNamesAreTaken(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		for _, action := range []string{"send", "receive"} {
			for name := range contract().events(action) {
				err := h.service.Announce(t.Context(), dokkerr.Once{}, dokkerr.ApplicationEvent{Event: name, Data: []byte("{}"), UserID: asha.String()})
				if err == nil {
					t.Errorf("an application may send %s", name)
				}
			}
		}
	})
}

// examiner sends payloads to a gateway in which the document's examples name what is there.
type examiner struct {
	*person
	names *strings.Replacer // from the examples' ids to those of this world
	cells int
}

func newExaminer(h *harbour) *examiner {
	h.t.Helper()
	x := &examiner{person: h.connect(asha)}
	receipt := h.connect(ben).writes(asha, "ahoy")
	x.hears("message.new", messageKeys...)
	notification, err := h.service.Notify(h.t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: asha.String(), Type: "t", Title: "A title"})
	if err != nil {
		h.t.Fatal(err)
	}
	x.hears("notification.new", "notificationId", "type", "title", "body", "data", "timestamp")
	x.names = strings.NewReplacer(
		"0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d", ben.String(), "0b9c3a52", ben.String()[:8],
		"01a0c6a8-7f3e-7cc1-9e0e-3d1c5a2b4f60", receipt["messageId"].(string),
		"01a0c6a8-7f3e-7a11-8f4e-6b2d9c3e5a70", receipt["conversationId"].(string),
		"01a0c6a8-7f3e-7d41-ae5e-7c4d2b1a0f90", notification.String(),
		"eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjZmMWQ5YjFlIn0.c2lnbmF0dXJl", tokenFor(h.t, asha, nil),
	)
	return x
}

// here returns an example as this world would write it.
func (x *examiner) here(example any) node {
	text, err := json.Marshal(example)
	if err != nil {
		x.h.t.Fatal(err)
	}
	var out node
	if err := json.Unmarshal([]byte(x.names.Replace(string(text))), &out); err != nil {
		x.h.t.Fatal(err)
	}
	return out
}

// answer sends a payload, holds the acknowledgement against the document, and returns the refusal in it.
func (x *examiner) answer(e event, args ...any) (code, path string) {
	x.h.t.Helper()
	x.cells++
	time.Sleep(time.Second) // whatever the limits are
	packet := x.Ask(e.name, args...)
	if e.name == "user.block" {
		x.Ask("user.unblock", args...) // so that the other events' examples stay good
	}
	x.checkAnswer(e.name, packet.Args()[0])
	var told struct{ Error struct{ Code, Path string } }
	if err := json.Unmarshal(packet.Args()[0], &told); err != nil {
		x.h.t.Fatal(err)
	}
	return told.Error.Code, told.Error.Path
}

// refuses checks that a payload is invalid, at a field.
func (x *examiner) refuses(e event, path string, args ...any) {
	x.h.t.Helper()
	if code, at := x.answer(e, args...); code != string(dokkerr.ValidationError) || at != path {
		x.h.t.Errorf("%s %.200s: %q at %q, want VALIDATION_ERROR at %q", e.name, fmt.Sprint(args...), code, at, path)
	}
}

// TestGatewayTakesWhatTheDocumentTakes sends every example, and for every field of every event values of every kind and length at
// and beyond the bounds. Document and gateway must agree on each.
func TestGatewayTakesWhatTheDocumentTakes(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		x := newExaminer(h)
		for name, e := range contract().events("receive") {
			for _, example := range e.examples {
				if code, path := x.answer(e, x.here(example)); code != "" {
					t.Errorf("%s: an example is refused: %s at %s", name, code, path)
				}
			}
			properties, _ := e.payload["properties"].(node)
			for field := range properties {
				x.examine(e, field)
			}
		}
		t.Logf("%d cells", x.cells)
		if x.cells < 600 {
			t.Errorf("%d cells, want at least 600", x.cells)
		}
	})
}

// hostile are values for any field: of each type, at and beyond each bound of the document, and in forms that look like ids.
var hostile = func() []any {
	all := []any{nil, true, false, []any{}, []any{someID}, node{}, node{"$ne": ""}, node{"_placeholder": true, "num": 0}}
	for _, n := range []float64{-1, 0, 1, 5, 100, 101, 1.5, -0.5, 1e15, 1<<53 - 1, 1 << 53, 1e300} {
		all = append(all, n)
	}
	for _, n := range []int{0, 1, 15, 16, 64, 65, 128, 256, 257, 8192, 16 << 10, 16<<10 + 1, 64 << 10} {
		all = append(all, strings.Repeat("x", n))
	}
	for _, s := range []string{
		strings.Repeat("⚓", 16), strings.Repeat("⚓", 21), strings.Repeat("⚓", 22), strings.Repeat("⚓", 5462), "a NUL \x00 in the midst", "text",
		"Text", "TEXT", "image", "null", "5", "0", someID, strings.ToUpper(someID), "{" + someID + "}", "urn:uuid:" + someID,
		strings.ReplaceAll(someID, "-", ""), someID[:35], someID + "0", strings.Replace(someID, "7", "g", 1), " " + someID, someID + "\n",
		uuid.Nil.String(), someID[:8], strings.ToUpper(someID[:8]), someID[:7], someID[:9], "7c9e667g", "7c9e667\n", "' OR 1=1 --", "../../etc",
	} {
		all = append(all, s)
	}
	return all
}()

// examine sends one field of an event with each hostile value, and without it.
func (x *examiner) examine(e event, field string) {
	x.h.t.Helper()
	d, t := contract(), x.h.t
	opaque := d.resolve(e.payload["properties"].(node)[field])["x-opaque"] == true
	base := x.here(e.examples[0])
	for _, other := range e.examples { // of which one may be instead of the other
		if _, there := other.(node)[field]; there {
			base = x.here(other)
		}
	}
	for _, value := range hostile {
		payload := maps.Clone(base)
		payload[field] = value
		wrong := d.check(e.payload, plain(payload), e.name)
		code, path := x.answer(e, payload)
		refused := code == string(dokkerr.ValidationError)
		if (wrong != nil) != refused && !(opaque && refused) {
			t.Errorf("%s with %s %.80q: answered %q, the document says %v", e.name, field, fmt.Sprint(value), code, wrong)
		}
		if refused && path != field {
			t.Errorf("%s with %s %.80q: path %q", e.name, field, fmt.Sprint(value), path)
		}
	}
	delete(base, field)
	code, _ := x.answer(e, base)
	if wrong := d.check(e.payload, plain(base), e.name); (wrong != nil) != (code == string(dokkerr.ValidationError)) {
		t.Errorf("%s without %s: answered %q, the document says %v", e.name, field, code, wrong)
	}
}

// TestNothingIsMistakenForAuthority sends every event with each name that only the server sets, in several spellings.
func TestNothingIsMistakenForAuthority(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		x := newExaminer(h)
		for name, e := range contract().events("receive") {
			properties, _ := e.payload["properties"].(node)
			forbidden := contract().resolve(e.payload["propertyNames"])["not"].(node)["enum"].([]any)
			for _, v := range forbidden {
				key := v.(string)
				for _, spelling := range []string{key, strings.ToUpper(key), strings.ToLower(key), strings.ToUpper(key[:1]) + key[1:]} {
					payload := x.here(e.examples[0])
					payload[spelling] = someID
					x.refuses(e, key, payload)
				}
			}
			for field := range properties {
				payload := x.here(e.examples[0])
				payload[strings.ToUpper(field)] = payload[field]
				x.refuses(e, field, payload)
			}
			x.refuses(e, "", "text")
			x.refuses(e, "", []any{})
			x.refuses(e, "", nil)
			x.refuses(e, "", []byte("binary"))
			x.refuses(e, "", x.here(e.examples[0]), node{})
			harmless := x.here(e.examples[0])
			harmless["note"] = node{"senderId": someID}
			if code, _ := x.answer(e, harmless); code == string(dokkerr.ValidationError) {
				t.Errorf("%s refuses a key that means nothing", name)
			}
		}
		t.Logf("%d cells", x.cells)
	})
}

// TestEveryEventRefusesTheSameNames wants authority to be what the document says, but for a field that an event has.
func TestEveryEventRefusesTheSameNames(t *testing.T) {
	for name, e := range contract().events("receive") {
		properties, _ := e.payload["properties"].(node)
		want := slices.DeleteFunc(slices.Clone(authority), func(key string) bool { return properties[key] != nil })
		var got []string
		for _, v := range contract().resolve(e.payload["propertyNames"])["not"].(node)["enum"].([]any) {
			got = append(got, v.(string))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the document refuses %v, the gateway %v", name, got, want)
		}
	}
}

// TestRefusalsOfCONNECT holds what a client without a good token hears against the document.
func TestRefusalsOfCONNECT(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		forms := map[string]bool{}
		for _, row := range []struct {
			namespace string
			auth      any
		}{{"/", nil}, {"/", node{}}, {"/", node{"token": "no"}}, {"/", node{"token": 7}}, {"/other", node{}}} {
			c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
			_, err := c.Join(row.namespace, row.auth)
			refusal, ok := errors.AsType[*siotest.Refusal](err)
			if !ok || refusal.Data != nil {
				t.Fatalf("CONNECT to %s with %v: %v", row.namespace, row.auth, err)
			}
			forms[refusal.Message] = true
		}
		for _, form := range contract().resolve(node{"$ref": "#/components/schemas/ConnectError/properties/message"})["enum"].([]any) {
			if !forms[form.(string)] {
				t.Errorf("%q is documented and never said", form)
			}
			delete(forms, form.(string))
		}
		if len(forms) > 0 {
			t.Errorf("said and not documented: %v", forms)
		}
	})
}

// checkAnswer holds an acknowledgement against the document.
func (p *person) checkAnswer(name string, answer json.RawMessage) {
	p.h.t.Helper()
	e, ok := contract().events("receive")[name]
	if !ok {
		return
	}
	value := plain(answer)
	if err := contract().check(e.ack, value, name); err != nil {
		p.h.t.Errorf("acknowledged with %.300s: %v", answer, err)
	}
	if refused, ok := value.(node)["error"].(node); ok && !slices.Contains(e.errors, refused["code"].(string)) {
		p.h.t.Errorf("%s is answered %s, which the document does not list among %v", name, answer, e.errors)
	}
}

// checkEvent holds what the server tells against the document. An application's events are not in it.
func (p *person) checkEvent(name string, payload json.RawMessage) {
	p.h.t.Helper()
	e, ok := contract().events("send")[name]
	if !ok && slices.Contains([]string{"dock.flooded", "weather"}, name) {
		return
	}
	if !ok {
		p.h.t.Errorf("%s is sent, and not in the document", name)
	} else if err := contract().check(e.payload, plain(payload), name); err != nil {
		p.h.t.Errorf("sent %.300s: %v", payload, err)
	}
}
