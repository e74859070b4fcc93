package wsproto

import "encoding/binary"

const (
	finBit     = 0x80 // of the first byte
	rsvBits    = 0x70
	rsv1Bit    = 0x40 // a message is compressed (RFC 7692 §6)
	opBits     = 0x0F
	maskBit    = 0x80 // of the second byte
	lenBits    = 0x7F
	len16      = 126 // the length follows in 2 bytes
	len64      = 127 // the length follows in 8 bytes
	keySize    = 4
	maxHead    = 2 + 8 + keySize // bytes of the longest header a client sends
	maxControl = 125             // bytes of payload a control frame may have (§5.5)
)

// header is the header of a client's frame.
type header struct {
	op       Opcode
	fin      bool
	deflated bool   // begins a compressed message
	key      uint32 // as mask takes it
	length   int
}

// lone reports whether the frame's payload is complete by itself: a control
// frame, or a message in one frame.
func (h header) lone() bool { return h.op.control() || h.fin && h.op != Continuation }

// parseHeader reads the header that p, not empty, begins with, and returns its
// size: 0 if p is too short. It judges every byte as soon as it is there, in
// order, so the verdict does not depend on where the stream was cut.
func (r *Reader) parseHeader(p []byte) (h header, size int, err error) {
	h = header{op: Opcode(p[0] & opBits), fin: p[0]&finBit != 0}
	h.deflated = r.Deflate && p[0]&rsvBits == rsv1Bit && (h.op == Text || h.op == Binary)
	if err := r.checkKind(h, p[0]); err != nil || len(p) < 2 {
		return h, 0, err
	}
	if err := checkControl(h, p[1]); err != nil {
		return h, 0, err
	}
	length, size := parseLength(p)
	if size == 0 {
		return h, 0, nil
	}
	if err := r.checkLength(h, length, size); err != nil || len(p) < size+keySize {
		return h, 0, err
	}
	h.length = int(length)
	h.key = binary.LittleEndian.Uint32(p[size:])
	return h, size + keySize, nil
}

// parseLength reads the payload length, in whichever of its three forms, and
// returns how far it reaches into p: 0 if p is too short.
func parseLength(p []byte) (length uint64, size int) {
	switch n := p[1] & lenBits; {
	case n < len16:
		return uint64(n), 2
	case n == len16 && len(p) >= 4:
		return uint64(binary.BigEndian.Uint16(p[2:])), 4
	case n == len64 && len(p) >= 10:
		return binary.BigEndian.Uint64(p[2:]), 10
	}
	return 0, 0
}

// checkKind judges the first byte: the frame by itself, and in its place.
func (r *Reader) checkKind(h header, first byte) error {
	inMessage := r.rest != nil && r.rest.op != 0
	switch {
	case first&rsvBits != 0 && !h.deflated:
		return violation(ProtocolError, "reserved bit set")
	case !h.op.known():
		return violation(ProtocolError, "unknown opcode")
	case h.op.control() && !h.fin:
		return violation(ProtocolError, "control frame in fragments")
	case h.op.control():
		return nil
	case h.op == Continuation && !inMessage:
		return violation(ProtocolError, "continuation of no message")
	case h.op != Continuation && inMessage:
		return violation(ProtocolError, "new message inside another")
	case inMessage && r.rest.fragments >= r.maxFragments():
		return violation(PolicyViolated, "too many fragments")
	}
	return nil
}

// checkControl judges the second byte.
func checkControl(h header, second byte) error {
	if second&maskBit == 0 {
		return violation(ProtocolError, "frame not masked")
	}
	if h.op.control() && second&lenBits > maxControl {
		return violation(ProtocolError, "control frame too long")
	}
	return nil
}

// checkLength judges a length whose form ended at size. A length with its top
// bit set is not more than too big.
func (r *Reader) checkLength(h header, length uint64, size int) error {
	if size == 4 && length < len16 || size == 10 && length <= 0xFFFF {
		return violation(ProtocolError, "length not in its shortest form")
	}
	if !h.op.control() && length > r.room() {
		return violation(MessageTooBig, "message too big")
	}
	return nil
}

// room returns how many bytes the message under way, or the next one, may still have.
func (r *Reader) room() uint64 {
	room := r.maxMessage()
	if r.rest != nil {
		room -= len(r.rest.message)
	}
	return uint64(room)
}

func violation(code Code, reason string) error { return &Error{Code: code, Reason: reason} }
