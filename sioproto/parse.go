package sioproto

import (
	"bytes"
	"cmp"
	"unicode/utf8"
)

// Limits bounds what Parse accepts. The zero value has the defaults.
type Limits struct {
	MaxAttachments int // of one packet, and placeholders for them; 0: 10
	MaxDepth       int // levels of JSON nesting; 0: 64
	MaxNamespace   int // bytes of a namespace name; 0: 255
}

func (l Limits) orDefaults() Limits {
	return Limits{
		MaxAttachments: cmp.Or(l.MaxAttachments, 10),
		MaxDepth:       cmp.Or(l.MaxDepth, 64),
		MaxNamespace:   cmp.Or(l.MaxNamespace, 255),
	}
}

// Parse reads the text of one packet sent by a client, in one pass, and validates all of it:
// type, count, namespace, id, and the JSON's syntax, depth, UTF-8 and shape by type
// (CONNECT: an object or nothing; DISCONNECT: nothing; EVENT: an array whose first element is an unreserved string, or a
// number; ACK: an array; placeholders of a binary packet in range). CONNECT_ERROR is malformed from a client.
// An EVENT or ACK without payload parses with Data == nil; the event is to be ignored.
func Parse(b []byte, l Limits) (Packet, error) {
	l = l.orDefaults()
	var p Packet
	var err error
	if p.Type, b, err = parseType(b); err != nil {
		return Packet{}, err
	}
	if p.Type.binary() {
		if p.Attachments, b, err = parseCount(b, l.MaxAttachments); err != nil {
			return Packet{}, err
		}
	}
	if p.Namespace, b, err = parseNamespace(b, l.MaxNamespace); err != nil {
		return Packet{}, err
	}
	if p.ID, p.HasID, b, err = parseID(b); err != nil {
		return Packet{}, err
	}
	if len(b) == 0 {
		return p, nil
	}
	if p.Data, err = parseJSON(b, p.Attachments, l); err != nil {
		return Packet{}, err
	}
	return p, checkShape(p.Type, p.Data)
}

func parseType(b []byte) (Type, []byte, error) {
	if len(b) == 0 {
		return 0, nil, malformed("empty")
	}
	t := Type(b[0] - '0')
	if t > BinaryAck {
		return 0, nil, malformed("unknown type")
	}
	if t == ConnectError {
		return 0, nil, malformed("CONNECT_ERROR from a client")
	}
	return t, b[1:], nil
}

func parseCount(b []byte, most int) (int, []byte, error) {
	n, length := leadingNumber(b)
	if length == 0 || length == len(b) || b[length] != '-' {
		return 0, nil, malformed("no attachment count")
	}
	if n == 0 || n > uint64(most) {
		return 0, nil, malformed("attachment count out of range")
	}
	return int(n), b[length+1:], nil
}

func parseNamespace(b []byte, most int) (string, []byte, error) {
	if len(b) == 0 || b[0] != '/' {
		return "/", b, nil
	}
	name, rest, _ := bytes.Cut(b, []byte{','})
	if len(name) > most {
		return "", nil, malformed("namespace too long")
	}
	if !utf8.Valid(name) {
		return "", nil, malformed("namespace is not UTF-8")
	}
	return string(name), rest, nil
}

// maxID is the largest whole number that a JavaScript peer holds exactly.
const maxID = 1<<53 - 1

func parseID(b []byte) (id uint64, ok bool, rest []byte, err error) {
	id, length := leadingNumber(b)
	if length == tooLong || id > maxID {
		return 0, false, nil, malformed("ack id out of range")
	}
	return id, length > 0, b[length:], nil
}

// tooLong is one digit more than any number of the protocol has.
const tooLong = 17

// leadingNumber reads the digits that b begins with, tooLong of them at most.
func leadingNumber(b []byte) (n uint64, length int) {
	for length < len(b) && length < tooLong && '0' <= b[length] && b[length] <= '9' {
		n = n*10 + uint64(b[length]-'0')
		length++
	}
	return n, length
}

func parseJSON(b []byte, attachments int, l Limits) ([]byte, error) {
	s := scanner{text: b}
	if attachments > 0 {
		s.maxPlaceholders = l.MaxAttachments
	}
	if !s.scan(l.MaxDepth) {
		return nil, malformed("not one JSON text within the limits")
	}
	for _, p := range s.placeholders {
		if p.num < 0 || p.num >= attachments {
			return nil, malformed("placeholder out of range")
		}
	}
	return bytes.TrimSpace(b), nil
}

// checkShape checks the kind of payload that each type demands.
func checkShape(t Type, data []byte) error {
	switch t {
	case Connect:
		if data[0] != '{' {
			return malformed("CONNECT payload is no object")
		}
	case Event, BinaryEvent:
		name, _, err := SplitEvent(data)
		if err != nil {
			return err
		}
		if reserved(name) {
			return malformed("reserved event name")
		}
	case Ack, BinaryAck:
		if data[0] != '[' {
			return malformed("ACK payload is no array")
		}
	default:
		return malformed("payload not allowed")
	}
	return nil
}

// reserved reports whether an event of this name exists only inside a client or server.
func reserved(name []byte) bool {
	switch string(name) {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}
