package wsproto

import (
	"encoding/binary"
	"math/bits"
)

// mask XORs p in place with key, whose first byte on the wire is its lowest
// (RFC 6455 §5.3), and returns the key turned to go on behind p.
func mask(p []byte, key uint32) uint32 {
	wide := uint64(key)<<32 | uint64(key)
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^wide)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(key)
		key = bits.RotateLeft32(key, -8)
	}
	return key
}
