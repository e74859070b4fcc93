package main

import "encoding/binary"

// maskKey masks every frame: servers skip the work for a key of zero.
const maskKey = 0xa5c3_1e97

const (
	opContinuation = 0
	opText         = 1
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// appendFrame appends one masked final frame.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(dst, 0x80|opcode)
	if len(payload) < 126 {
		dst = append(dst, 0x80|byte(len(payload)))
	} else {
		dst = append(dst, 0x80|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
	}
	dst = binary.LittleEndian.AppendUint32(dst, maskKey)
	start := len(dst)
	dst = append(dst, payload...)
	mask(dst[start:])
	return dst
}

func mask(b []byte) {
	const wide = maskKey<<32 | maskKey
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(uint32(maskKey) >> (8 * (i & 3)))
	}
}

// frame is one frame of a server, which does not mask.
type frame struct {
	final   bool
	opcode  byte
	payload []byte // part of what was parsed
}

// parseFrame reads the frame at the start of b and returns how many bytes it has; 0 when b does not hold all of it.
func parseFrame(b []byte) (frame, int) {
	if len(b) < 2 {
		return frame{}, 0
	}
	start, size := 2, int(b[1]&0x7f)
	switch size {
	case 126:
		if len(b) < 4 {
			return frame{}, 0
		}
		start, size = 4, int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if len(b) < 10 {
			return frame{}, 0
		}
		start, size = 10, int(binary.BigEndian.Uint64(b[2:]))
	}
	if size < 0 || len(b)-start < size {
		return frame{}, 0
	}
	return frame{b[0]&0x80 != 0, b[0] & 0x0f, b[start : start+size]}, start + size
}
