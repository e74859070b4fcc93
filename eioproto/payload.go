package eioproto

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"iter"
	"unicode/utf8"
)

// Separator stands between the packets of a polling payload.
const Separator = 0x1e

// binaryMark stands before the base64 of a binary message in a payload.
const binaryMark = 'b'

// base64Strict also refuses padding bits that are not zero, so that a message has one encoding.
var base64Strict = base64.StdEncoding.Strict()

// AppendBinary appends a binary message in its polling form: 'b' and base64.
func AppendBinary(dst, data []byte) []byte {
	return base64.StdEncoding.AppendEncode(append(dst, binaryMark), data)
}

// Payload yields the packets of one polling body in order and stops at the
// first malformed one, whose error it yields. Text must be valid UTF-8,
// base64 of the standard alphabet, padded and without line breaks. An
// empty body is one empty packet, so malformed.
func Payload(body []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for more := true; more; {
			var b []byte
			b, body, more = bytes.Cut(body, []byte{Separator})
			p, err := parsePolled(b)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func parsePolled(b []byte) (Packet, error) {
	if len(b) > 0 && b[0] == binaryMark {
		return parseBinary(b[1:])
	}
	if !utf8.Valid(b) {
		return Packet{}, fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
	}
	return Parse(b)
}

func parseBinary(b []byte) (Packet, error) {
	if bytes.ContainsAny(b, "\r\n") { // the decoder would skip them
		return Packet{}, fmt.Errorf("%w: line break in base64", ErrMalformed)
	}
	data, err := base64Strict.AppendDecode(nil, b)
	if err != nil {
		return Packet{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Packet{Type: Message, Binary: true, Data: data}, nil
}
