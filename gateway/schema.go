package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/socketio"
)

// kind is what a field of a payload holds.
type kind string

const (
	text    kind = "text"     // a string of Min to Max bytes of UTF-8
	id      kind = "id"       // a UUID
	shortID kind = "short id" // a UUID, or its first 8 hex digits (contract §1)
	choice  kind = "choice"   // one of Values
	integer kind = "integer"  // Min to Max, written without point and exponent
)

// field is one key of a payload.
type field struct {
	Name     string
	Kind     kind
	Optional bool
	Min, Max int64    // of text in bytes, or of integer; Max 0: no bound here
	Values   []string // of choice
}

// schema is what a client may send as an event's payload: one object with these fields. It is data, so that it can be held
// against the contract's document.
type schema struct {
	Fields []field  // at most maxFields
	OneOf  []string // exactly one of these optional fields is sent
}

const (
	maxFields  = 4
	maxInteger = 1<<53 - 1 // what JavaScript counts exactly
	maxOffset  = 64        // bytes of a position
	maxCursor  = 256       // bytes of a list's cursor
)

var page = schema{Fields: []field{
	{Name: "cursor", Kind: text, Optional: true, Min: 1, Max: maxCursor},
	{Name: "limit", Kind: integer, Optional: true, Min: 1, Max: 100},
}}

var oneUser = schema{Fields: []field{{Name: "userId", Kind: shortID}}}

// schemas holds one schema for each event a client may send (contract §2).
var schemas = map[string]schema{
	"message.new": {Fields: []field{
		{Name: "recipientId", Kind: shortID},
		{Name: "content", Kind: text, Min: 1}, // the service bounds it, after NFC
		{Name: "type", Kind: choice, Values: []string{"text"}},
		{Name: "clientMessageId", Kind: text, Optional: true, Min: 16, Max: 64},
	}},
	"message.read": {Fields: []field{
		{Name: "messageId", Kind: id},
	}},
	"message.typing": {
		Fields: []field{
			{Name: "conversationId", Kind: id, Optional: true},
			{Name: "recipientId", Kind: shortID, Optional: true},
		},
		OneOf: []string{"conversationId", "recipientId"},
	},
	"message.history": {Fields: []field{
		{Name: "conversationId", Kind: id},
		{Name: "before", Kind: integer, Optional: true, Min: 0, Max: maxInteger},
		{Name: "after", Kind: integer, Optional: true, Min: 0, Max: maxInteger},
		{Name: "limit", Kind: integer, Optional: true, Min: 1, Max: 100},
	}},
	"sync": {Fields: []field{
		{Name: "since", Kind: text, Min: 1, Max: maxOffset},
		{Name: "limit", Kind: integer, Optional: true, Min: 1, Max: 100},
	}},
	"auth.refresh": {Fields: []field{
		{Name: "token", Kind: text}, // of whatever form: the verifier refuses all that is no token alike
	}},
	"user.block":        oneUser,
	"user.unblock":      oneUser,
	"conversation.list": page,
	"booking.list":      {},
	"notification.list": page,
	"notification.read": {Fields: []field{
		{Name: "notificationId", Kind: id},
	}},
}

// authority lists fields that only the server may set. A client that sends one is refused rather than ignored: it may believe it
// was heard.
var authority = []string{"senderId", "role", "id", "seq", "userId", "createdAt", "version"}

// payload is a decoded payload: a value for each field of its schema.
type payload struct {
	schema *schema
	values [maxFields]value
}

type value struct {
	present bool
	text    string
	number  int64
}

// decode validates the arguments of an event, in one pass. The error names the field. The values are parts of one copy.
func (s *schema) decode(args socketio.Raw) (p payload, err error) {
	p.schema = s
	text := trimSpace(string(args.JSON))
	switch {
	case len(args.Attachments) > 0 || text != "" && text[0] != '{':
		return p, errNoObject
	case text != "":
		m := membersOf(text)
		for m.next() {
			if err == nil {
				err = p.set(m.name, m.value)
			}
		}
		if m.rest != "" { // another argument
			return p, errNoObject
		}
	}
	if err == nil {
		err = p.complete()
	}
	return p, err
}

var errNoObject = invalid("", "the payload must be one object, without binary data")

// set takes one member of the object. Names that are unknown, and could not be mistaken for a known one, are ignored.
func (p *payload) set(name, text string) error {
	i := p.schema.index(name)
	if i < 0 {
		return p.schema.stranger(name)
	}
	if p.values[i].present {
		return invalid(name, name+" must be sent once")
	}
	f := &p.schema.Fields[i]
	v, ok := f.read(text)
	if !ok {
		return invalid(name, name+" must be "+f.want())
	}
	p.values[i] = v
	return nil
}

// index returns where a field is, -1 for none.
func (s *schema) index(name string) int {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// stranger refuses a name that is no field of the schema where it could be mistaken for one, or for authority.
func (s *schema) stranger(name string) error {
	for _, f := range s.Fields {
		if strings.EqualFold(name, f.Name) {
			return invalid(f.Name, "write it "+f.Name)
		}
	}
	for _, reserved := range authority {
		if strings.EqualFold(name, reserved) {
			return invalid(reserved, reserved+" is set by the server, leave it out")
		}
	}
	return nil
}

// complete checks what must be there.
func (p *payload) complete() error {
	for i := range p.schema.Fields {
		if f := &p.schema.Fields[i]; !f.Optional && !p.values[i].present {
			return invalid(f.Name, f.Name+" is missing")
		}
	}
	if len(p.schema.OneOf) == 0 {
		return nil
	}
	sent := 0
	for _, name := range p.schema.OneOf {
		if p.of(name).present {
			sent++
		}
	}
	if sent != 1 {
		return invalid(p.schema.OneOf[0], "send one of "+strings.Join(p.schema.OneOf, " and "))
	}
	return nil
}

// of returns the value of a field of the schema; another name is a mistake of the handler.
func (p *payload) of(name string) value { return p.values[p.schema.index(name)] }

// text returns a string field, "" when it was not sent.
func (p *payload) text(name string) string { return p.of(name).text }

// integer returns an integer field, 0 when it was not sent.
func (p *payload) integer(name string) int { return int(p.of(name).number) }

// bound returns an integer field, nil when it was not sent.
func (p *payload) bound(name string) *int64 {
	v := p.of(name)
	if !v.present {
		return nil
	}
	return &v.number
}

// read decodes a valid JSON text as the field's kind.
func (f *field) read(text string) (v value, ok bool) {
	if f.Kind == integer {
		n, err := strconv.ParseInt(text, 10, 64)
		return value{present: true, number: n}, err == nil && n >= f.Min && n <= f.Max
	}
	if !isString(text) {
		return value{}, false
	}
	s := unquote(text)
	return value{present: true, text: s}, f.accepts(s)
}

func (f *field) accepts(s string) bool {
	switch f.Kind {
	case choice:
		return slices.Contains(f.Values, s)
	case shortID:
		return isHex(s, 8) || isUUID(s)
	case id:
		return isUUID(s)
	default:
		return int64(len(s)) >= f.Min && (f.Max == 0 || int64(len(s)) <= f.Max)
	}
}

// isUUID takes the one form with hyphens; uuid.Parse knows others.
func isUUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// want says what the field must be.
func (f *field) want() string {
	switch f.Kind {
	case integer:
		return fmt.Sprintf("an integer from %d to %d", f.Min, f.Max)
	case choice:
		return "one of: " + strings.Join(f.Values, ", ")
	case shortID:
		return "a UUID, or its first 8 hex digits"
	case id:
		return "a UUID"
	default:
		return f.wantText()
	}
}

func (f *field) wantText() string {
	if f.Max == 0 {
		return fmt.Sprintf("a string of at least %d bytes", f.Min)
	}
	return fmt.Sprintf("a string of %d to %d bytes", f.Min, f.Max)
}
