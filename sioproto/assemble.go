package sioproto

import (
	"bytes"
	"cmp"
)

// Assembler joins a packet and its attachments. The zero value is ready to use. Not for concurrent
// use. After an error it is as new: the connection is to be closed.
type Assembler struct {
	Limits   Limits
	MaxBytes int // of a packet with an attachment for each placeholder; 0: 1,000,000

	packet      Packet // waits for attachments; its Data is the Assembler's own
	attachments [][]byte
	size        int // bytes held
}

// Text takes a text message. complete is false while attachments are due; the Assembler then keeps a copy. A
// text while attachments are due is malformed. A complete packet is lent as by Parse.
func (a *Assembler) Text(b []byte) (p Packet, complete bool, err error) {
	if a.Pending() {
		a.reset()
		return Packet{}, false, malformed("text while attachments are due")
	}
	if len(b) > a.maxBytes() {
		return Packet{}, false, malformed("too large")
	}
	if p, err = Parse(b, a.Limits); err != nil {
		return Packet{}, false, err
	}
	if p.Attachments == 0 {
		return p, true, nil
	}
	p.Data = bytes.Clone(p.Data)
	a.packet, a.size = p, len(p.Data)
	return Packet{}, false, nil
}

// Binary takes a binary message (copied) and returns the packet with all its attachments once the last is
// there; they are the caller's then. One that nobody announced is malformed.
func (a *Assembler) Binary(b []byte) (p Packet, attachments [][]byte, complete bool, err error) {
	if !a.Pending() {
		return Packet{}, nil, false, malformed("binary that nobody announced")
	}
	a.size += len(b)
	if a.size > a.maxBytes() {
		a.reset()
		return Packet{}, nil, false, malformed("too large")
	}
	a.attachments = append(a.attachments, bytes.Clone(b))
	if len(a.attachments) < a.packet.Attachments {
		return Packet{}, nil, false, nil
	}
	p, attachments = a.packet, a.attachments
	a.reset()
	if placedBytes(p.Data, attachments) > a.maxBytes() {
		return Packet{}, nil, false, malformed("too large with its attachments in place")
	}
	return p, attachments, true, nil
}

// Pending reports whether attachments are due.
func (a *Assembler) Pending() bool { return a.packet.Attachments > 0 }

func (a *Assembler) reset() { a.packet, a.attachments, a.size = Packet{}, nil, 0 }

func (a *Assembler) maxBytes() int { return cmp.Or(a.MaxBytes, 1_000_000) }

// placedBytes returns the size of data with every placeholder's attachment in its place. A few
// bytes of placeholder can repeat a large attachment, so what was sent bounds nothing.
func placedBytes(data []byte, attachments [][]byte) int {
	n := len(data)
	for _, p := range placeholders(data) {
		n += len(attachments[p.num])
	}
	return n
}
