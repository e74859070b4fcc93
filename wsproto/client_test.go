package wsproto

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
)

// clientFrame is one frame as a client may send it, rightly or not.
type clientFrame struct {
	op       Opcode
	part     bool // not the last fragment
	rsv      byte // as bits of the first byte
	unmasked bool
	form     int    // bytes of the extended length; 0: the shortest
	declared uint64 // instead of the length of payload, if not 0
	payload  string
}

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d} // of RFC 6455 §5.7

// bytes encodes the frame by a way of its own: byte by byte, as §5.3 writes it.
func (f clientFrame) bytes() []byte {
	first := f.rsv | byte(f.op)
	if !f.part {
		first |= 0x80
	}
	var second byte = 0x80
	if f.unmasked {
		second = 0
	}
	b := f.appendLength([]byte{first}, second)
	if f.unmasked {
		return append(b, f.payload...)
	}
	b = append(b, testKey[:]...)
	for i := range len(f.payload) {
		b = append(b, f.payload[i]^testKey[i%4])
	}
	return b
}

func (f clientFrame) appendLength(b []byte, second byte) []byte {
	n := uint64(len(f.payload))
	if f.declared != 0 {
		n = f.declared
	}
	form := f.form
	if form == 0 && n > 125 {
		form = 2
	}
	if f.form == 0 && n > 65535 {
		form = 8
	}
	switch form {
	case 0:
		return append(b, second|byte(n))
	case 2:
		return binary.BigEndian.AppendUint16(append(b, second|126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, second|127), n)
}

// whole is a final frame, part one that more will follow.
func whole(op Opcode, payload string) clientFrame {
	return clientFrame{op: op, payload: payload}
}
func part(op Opcode, payload string) clientFrame {
	return clientFrame{op: op, part: true, payload: payload}
}

// closing is a Close frame with a code, and what else its payload has.
func closing(code Code, reason string) clientFrame {
	return whole(Close, closePayload(code, reason))
}

func closePayload(code Code, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// raw is bytes that are no frame of clientFrame's making.
type raw string

func (r raw) bytes() []byte { return []byte(r) }

// sent is the stream of the frames.
func sent(frames ...interface{ bytes() []byte }) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

// event is what each was called with.
type event struct {
	op   Opcode
	data string
}

// outcome is all that a Reader made of a stream.
type outcome struct {
	events []event
	code   Code // of the violation; 0: none
	idle   bool
}

// readAll feeds copies of the pieces to a Reader with the limits of r.
func readAll(r Reader, pieces [][]byte) outcome {
	var o outcome
	for _, p := range pieces {
		err := r.Feed(append([]byte(nil), p...), func(op Opcode, data []byte) error {
			o.events = append(o.events, event{op, string(data)})
			return nil
		})
		if err != nil {
			o.code = err.(*Error).Code
		}
	}
	o.idle = r.Idle()
	return o
}

func byteByByte(stream []byte) [][]byte {
	var pieces [][]byte
	for i := range stream {
		pieces = append(pieces, stream[i:i+1])
	}
	return pieces
}

// cut slices the stream at random, in pieces from none to many bytes.
func cut(stream []byte, rnd *rand.Rand) [][]byte {
	var pieces [][]byte
	for len(stream) > 0 {
		n := min(rnd.IntN(1<<rnd.IntN(12)), len(stream))
		pieces = append(pieces, stream[:n])
		stream = stream[n:]
	}
	return pieces
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
