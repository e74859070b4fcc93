package eioproto

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"iter"
	"strconv"
	"unicode/utf8"
)

// Protocol 3, for clients 2.x, differs in how binary messages and polling
// payloads are written. A payload has a text form, in which the packets'
// lengths count UTF-16 code units, and a byte form, which the client of a POST
// chooses by its content type.

// maxLengthDigits is enough for any length that is accepted.
const maxLengthDigits = 10

// In the byte form of a payload a packet is announced as text or binary, and its length ends with endOfLength.
const (
	textPacket   = 0
	binaryPacket = 1
	endOfLength  = 0xff
)

// ParseV3Binary reads the content of one binary frame of protocol 3, whose
// first byte is the type as a number.
func ParseV3Binary(b []byte) (Packet, error) {
	if len(b) == 0 || b[0] != byte(Message-'0') {
		return Packet{}, fmt.Errorf("%w: binary that is no message", ErrMalformed)
	}
	return Packet{Type: Message, Binary: true, Data: b[1:]}, nil
}

// AppendV3 appends a packet to a text payload of protocol 3:
// <length>:<packet>, a binary message as b4 and base64.
func AppendV3(dst []byte, p Packet) []byte {
	if p.Binary {
		dst = strconv.AppendInt(dst, int64(2+base64.StdEncoding.EncodedLen(len(p.Data))), 10)
		return base64.StdEncoding.AppendEncode(append(dst, ':', binaryMark, byte(p.Type)), p.Data)
	}
	dst = strconv.AppendInt(dst, int64(1+utf16Len(p.Data)), 10)
	return AppendText(append(dst, ':'), p)
}

// AppendV3Bytes appends a packet to a payload of protocol 3 in its byte form.
func AppendV3Bytes(dst []byte, p Packet) []byte {
	kind, first := byte(textPacket), byte(p.Type)
	if p.Binary {
		kind, first = binaryPacket, byte(p.Type-'0')
	}
	dst = append(dst, kind)
	for _, digit := range strconv.Itoa(1 + len(p.Data)) {
		dst = append(dst, byte(digit-'0'))
	}
	return append(append(dst, endOfLength, first), p.Data...)
}

func utf16Len(b []byte) int {
	n := 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n++
		if r >= 0x10000 {
			n++
		}
		b = b[size:]
	}
	return n
}

// PayloadV3 is Payload for the text form of protocol 3.
func PayloadV3(body []byte) iter.Seq2[Packet, error] {
	return packets(body, func(b []byte) (p Packet, rest []byte, err error) {
		text, rest, err := cutV3(b)
		if err != nil {
			return p, nil, err
		}
		if len(text) > 1 && text[0] == binaryMark && Type(text[1]) == Message {
			p, err = parseBinary(text[2:])
			return p, rest, err
		}
		p, err = Parse(text)
		return p, rest, err
	})
}

// PayloadV3Bytes is Payload for the byte form of protocol 3.
func PayloadV3Bytes(body []byte) iter.Seq2[Packet, error] {
	return packets(body, func(b []byte) (p Packet, rest []byte, err error) {
		kind, content, rest, err := cutV3Bytes(b)
		switch {
		case err != nil:
		case kind == binaryPacket:
			p, err = ParseV3Binary(content)
		case !utf8.Valid(content):
			err = fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
		default:
			p, err = Parse(content)
		}
		return p, rest, err
	})
}

// packets yields what next cuts off body, up to the first error. An empty body is malformed.
func packets(body []byte, next func([]byte) (Packet, []byte, error)) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for more := true; more; more = len(body) > 0 {
			var p Packet
			var err error
			p, body, err = next(body)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// cutV3 cuts the first packet off a text payload.
func cutV3(b []byte) (text, rest []byte, err error) {
	digits, _, found := bytes.Cut(b[:min(len(b), maxLengthDigits+1)], []byte{':'})
	n, err := strconv.ParseUint(string(digits), 10, 32)
	if !found || err != nil || n == 0 {
		return nil, nil, fmt.Errorf("%w: bad length", ErrMalformed)
	}
	rest = b[len(digits)+1:]
	end := 0
	for units := uint64(0); units < n; units++ {
		r, size := utf8.DecodeRune(rest[end:])
		if r >= 0x10000 {
			units++ // a pair, which the length must not cut
		}
		if r == utf8.RuneError && size <= 1 || units == n {
			return nil, nil, fmt.Errorf("%w: shorter than its length, or no UTF-8", ErrMalformed)
		}
		end += size
	}
	return rest[:end], rest[end:], nil
}

// cutV3Bytes cuts the first packet off a payload in byte form.
func cutV3Bytes(b []byte) (kind byte, content, rest []byte, err error) {
	malformed := fmt.Errorf("%w: bad length", ErrMalformed)
	if len(b) == 0 || b[0] > binaryPacket {
		return 0, nil, nil, malformed
	}
	n, i := 0, 1
	for ; i < len(b) && b[i] <= 9 && i <= maxLengthDigits; i++ {
		n = n*10 + int(b[i])
	}
	if i == 1 || i == len(b) || b[i] != endOfLength || n == 0 || n > len(b)-i-1 {
		return 0, nil, nil, malformed
	}
	content = b[i+1:]
	return b[0], content[:n], content[n:], nil
}
