package limit

import (
	"encoding/binary"
	"net/netip"
)

// Network is who an address belongs to as far as limits go: one IPv4 address, or an IPv6 /64, which one subscriber has as a
// whole. It is a number, so that maps of it are small and the garbage collector need not follow them.
type Network uint64

// mapped keeps IPv4 apart from all IPv6 networks that can be reached.
const mapped Network = 0xffff << 32

// NetworkOf returns an address's network. One that is not valid has the network 0.
func NetworkOf(a netip.Addr) Network {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return mapped | Network(binary.BigEndian.Uint32(b[:]))
	}
	if !a.IsValid() {
		return 0
	}
	b := a.As16()
	return Network(binary.BigEndian.Uint64(b[:8]))
}
