// Package eioproto turns Engine.IO protocol 4 packets and long-polling
// payloads to and from bytes. It is pure: no I/O, no clock, no goroutine.
package eioproto

import (
	"errors"
	"fmt"
)

// Type is the kind of a packet, as the character that stands for it on the wire.
type Type byte

// The seven packet types of Engine.IO protocol 4.
const (
	Open    Type = '0'
	Close   Type = '1'
	Ping    Type = '2'
	Pong    Type = '3'
	Message Type = '4'
	Upgrade Type = '5'
	Noop    Type = '6'
)

// Packet is one Engine.IO packet. Data of a parsed packet is lent: it points
// into the parsed bytes, but for binary messages of a polling payload, which
// are decoded into memory of their own.
type Packet struct {
	Type   Type
	Binary bool // only with Message
	Data   []byte
}

// ErrMalformed is wrapped by every error of this package: the bytes are no packet.
var ErrMalformed = errors.New("eioproto: malformed packet")

// Parse reads the content of one text frame: a type character and its data.
// Whether the data are UTF-8 is the WebSocket layer's to check. A binary frame
// has no type character: its content is the data of a binary Message.
func Parse(b []byte) (Packet, error) {
	if len(b) == 0 {
		return Packet{}, fmt.Errorf("%w: empty", ErrMalformed)
	}
	t := Type(b[0])
	if t < Open || t > Noop {
		return Packet{}, fmt.Errorf("%w: unknown type %q", ErrMalformed, b[0])
	}
	return Packet{Type: t, Data: b[1:]}, nil
}

// AppendText appends a packet, not a binary message, as the content of a text frame.
func AppendText(dst []byte, p Packet) []byte {
	dst = append(dst, byte(p.Type))
	return append(dst, p.Data...)
}
