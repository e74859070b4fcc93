// Package sioproto turns Socket.IO protocol 5 packets, with their binary
// attachments, to and from Engine.IO messages, and splits their JSON without
// decoding it. It is pure: no I/O, no clock, no goroutine.
//
// It accepts what the official parser accepts, but for these, which are malformed here:
//   - an empty text, or white space for a type (official: CONNECT);
//   - CONNECT_ERROR, which only servers send;
//   - counts and ids in other than decimal digits, and ids above 2^53-1 or of more than 16 digits;
//   - more JSON levels, or a longer namespace, than Limits allows;
//   - a placeholder whose num is written with sign, point or exponent;
//   - a bad placeholder in a value that a later duplicate key replaces;
//   - placeholders that repeat attachments beyond Limits.MaxAttachments or Assembler.MaxBytes.
//
// White space before the JSON is just that (official: the ack id 0), so malformed where no JSON follows.
package sioproto

import (
	"errors"
	"fmt"
	"strconv"
)

// Type is the kind of a packet.
type Type byte

// The packet types of Socket.IO protocol 5.
const (
	Connect Type = iota
	Disconnect
	Event
	Ack
	ConnectError
	BinaryEvent
	BinaryAck
)

// binary reports whether attachments belong to the type.
func (t Type) binary() bool { return t == BinaryEvent || t == BinaryAck }

// Packet is one Socket.IO packet. Data of a parsed packet is lent: it points into the parsed bytes.
type Packet struct {
	Type        Type
	Namespace   string // "/" when the wire has none
	ID          uint64 // ack id, with HasID
	HasID       bool
	Attachments int    // announced; only BinaryEvent and BinaryAck
	Data        []byte // one JSON text without white space around it, or nil
}

// ErrMalformed is wrapped by every error of this package.
var ErrMalformed = errors.New("sioproto: malformed packet")

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// Append appends the text of a packet in the order of the protocol: type, count, namespace, id, JSON.
// An empty namespace is "/". Data is copied as it is.
func Append(dst []byte, p Packet) []byte {
	dst = append(dst, '0'+byte(p.Type))
	if p.Type.binary() {
		dst = strconv.AppendInt(dst, int64(p.Attachments), 10)
		dst = append(dst, '-')
	}
	if p.Namespace != "" && p.Namespace != "/" {
		dst = append(dst, p.Namespace...)
		dst = append(dst, ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}
