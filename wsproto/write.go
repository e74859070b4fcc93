package wsproto

import "encoding/binary"

// MaxHeader is the most bytes that AppendHeader appends.
const MaxHeader = 10

// AppendHeader appends the header of a final, unmasked frame with n bytes of payload.
func AppendHeader(dst []byte, op Opcode, n int) []byte {
	dst = append(dst, finBit|byte(op))
	switch {
	case n < len16:
		return append(dst, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, len16), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, len64), uint64(n))
}

// AppendFrame appends a final, unmasked frame.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	return append(AppendHeader(dst, op, len(payload)), payload...)
}
