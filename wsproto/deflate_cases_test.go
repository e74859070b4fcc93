package wsproto

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"strings"
)

// squeezed is a compressed message in one frame, squeezedPart its first fragment.
func squeezed(op Opcode, payload string) clientFrame {
	return clientFrame{op: op, rsv: 0x40, payload: payload}
}
func squeezedPart(op Opcode, payload string) clientFrame {
	return clientFrame{op: op, rsv: 0x40, payload: payload, part: true}
}

// squeeze compresses by the standard library, as RFC 7692 §7.2.1 says.
func squeeze(message string, level int) string {
	var b bytes.Buffer
	w := standardWriter(&b, message, level)
	must(w.Flush())
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff")))
}

// squeezeFinal compresses to a stream whose last block is marked as final.
func squeezeFinal(message string) string {
	var b bytes.Buffer
	must(standardWriter(&b, message, flate.BestCompression).Close())
	return b.String()
}

func standardWriter(dst io.Writer, message string, level int) *flate.Writer {
	w, err := flate.NewWriter(dst, level)
	must(err)
	_, err = io.WriteString(w, message)
	must(err)
	return w
}

// standardInflate does what inflate does, by the standard library.
func standardInflate(payload []byte, limit int) (message []byte, err error) {
	in := bufio.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	for {
		more, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(limit-len(message)+1)))
		message = append(message, more...)
		if err != nil || len(message) > limit {
			return message, err
		}
		if _, err := in.Peek(1); err != nil {
			return message, nil
		}
	}
}

// unframe returns the payload of a server's frame.
func unframe(frame []byte) []byte {
	_, payload, err := serverFrame(bytes.NewReader(frame))
	must(err)
	return payload
}

// bomb is a message of n zeros, compressed as far as it goes.
func bomb(n int) string { return squeeze(repeat("\x00", n), flate.BestCompression) }

// bitWriter writes a DEFLATE stream by hand (RFC 1951 §3.1.1).
type bitWriter struct {
	b []byte
	n int
}

// put appends the lowest n bits of v, the lowest first.
func (w *bitWriter) put(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// code appends a Huffman code, whose highest bit comes first.
func (w *bitWriter) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.put(v>>i&1, 1)
	}
}

// farCopy is a compressed message of one letter and a copy of three bytes from so far back
// (1, 2, 3, 4, 5 or 7).
func farCopy(distance int) string {
	var w bitWriter
	w.put(0, 1) // not final
	w.put(1, 2) // fixed codes
	w.code(0x30+'a', 8)
	w.code(257-256, 7) // length 3
	w.code(min(distance-1, 4+(distance-5)/2), 5)
	if distance > 4 {
		w.put(0, 1)
	}
	w.code(0, 7) // end of block
	w.put(0, 3)  // the header of what is not sent
	return string(w.b)
}

// unicodeText is worth compressing and has runes of all lengths.
var unicodeText = repeat(`42["message.new",{"content":"Grüße, κόσμε 😀"}]`, 20)

// deflateCases are read with Deflate.
func deflateCases() []streamCase {
	cases := slices.Concat(deflateExamples(), deflateSizes(), deflateFragments(), deflateReserved(),
		deflateTexts(), deflateBroken(), deflateLimits())
	for i := range cases {
		cases[i].limits.Deflate = true
	}
	return cases
}

// deflateExamples are those of RFC 7692.
func deflateExamples() []streamCase {
	hello := event{Text, "Hello"}
	return []streamCase{
		good("12.1 one frame, RFC 7692 §7.2.3.1", frames{squeezed(Text, "\xf2\x48\xcd\xc9\xc9\x07\x00")}, hello),
		good("12.2 two frames, §7.2.3.1", frames{squeezedPart(Text, "\xf2\x48\xcd"), whole(Continuation, "\xc9\xc9\x07\x00")}, hello),
		good("12.3 the same again, without context, §7.2.3.2", frames{squeezed(Text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), squeezed(Text, "\xf2\x48\xcd\xc9\xc9\x07\x00")}, hello, hello),
		bad("12.4 leaning on the message before, §7.2.3.2", InvalidPayload, frames{squeezed(Text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), squeezed(Text, "\xf2\x00\x11\x00\x00")}, hello),
		good("12.5 a block that is stored, §7.2.3.3", frames{squeezed(Text, "\x00\x05\x00\xfa\xffHello\x00")}, hello),
		good("12.6 a block that is final, §7.2.3.4", frames{squeezed(Text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, hello),
		good("12.7 two blocks, §7.2.3.5", frames{squeezed(Text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")}, hello),
		good("12.8 an empty message, §7.2.3.6", frames{squeezed(Text, "\x00")}, event{Text, ""}),
		good("12.9 the tail of an empty message as fragment, §7.2.3.6", frames{squeezedPart(Text, "\xf2\x48\xcd\xc9\xc9\x07"), whole(Continuation, "\x00")}, hello),
	}
}

func deflateSizes() []streamCase {
	var cases []streamCase
	for _, n := range []int{0, 1, 125, 126, 4096, 32767, 32768, 32769, 65535, 65536, 131_072, 1_000_000} {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			if n == 1_000_000 && level != flate.BestCompression {
				continue // long to read byte by byte, and not compressed at all it is over the limit
			}
			text := repeat("0123456789abcde ", n/16+1)[:n]
			cases = append(cases, good(fmt.Sprintf("12.10 %d bytes, level %d", n, level),
				frames{squeezed(Text, squeeze(text, level)), squeezed(Binary, squeeze(text, level))}, event{Text, text}, event{Binary, text}))
		}
	}
	return cases
}

func deflateFragments() []streamCase {
	text := event{Text, unicodeText}
	z := squeeze(unicodeText, 6)
	a, b, c := z[:5], z[5:20], z[20:]
	pieces := frames{squeezedPart(Text, "")}
	for i := range len(z) {
		pieces = append(pieces, part(Continuation, z[i:i+1]), whole(Ping, ""))
	}
	pings := slices.Repeat([]event{{Ping, ""}}, len(z))
	return []streamCase{
		good("13.1 three fragments", frames{squeezedPart(Text, a), part(Continuation, b), whole(Continuation, c)}, text),
		good("13.2 ping and pong between the fragments", frames{squeezedPart(Text, a), whole(Ping, "1"), part(Continuation, b), whole(Pong, "2"), whole(Continuation, c)},
			event{Ping, "1"}, event{Pong, "2"}, text),
		ended("13.3 close between the fragments", frames{squeezedPart(Text, a), closing(GoingAway, ""), whole(Continuation, b+c)}, event{Close, closePayload(GoingAway, "")}),
		good("13.4 a fragment for every byte, pings between", append(pieces, whole(Continuation, "")), append(pings, text)...),
		good("13.5 empty fragments", frames{squeezedPart(Text, ""), part(Continuation, a+b), part(Continuation, ""), part(Continuation, c), whole(Continuation, "")}, text),
		good("13.6 plain messages between compressed ones", frames{whole(Text, "a"), squeezed(Text, z), part(Text, "b"), whole(Continuation, "c"), squeezedPart(Text, a), whole(Continuation, b+c), whole(Binary, "d")},
			event{Text, "a"}, text, event{Text, "bc"}, text, event{Binary, "d"}),
		good("13.7 binary in fragments", frames{squeezedPart(Binary, a), whole(Continuation, b+c)}, event{Binary, unicodeText}),
		ended("13.8 one fragment", frames{squeezedPart(Text, z)}),
		ended("13.9 all but the last byte", frames{raw(squeezed(Text, z).bytes()[:len(z)+5])}),
		good("13.10 every block a fragment", frames{squeezedPart(Text, "\xf2\x48\x05\x00\x00\x00\xff\xff"), whole(Continuation, "\xca\xc9\xc9\x07\x00")}, event{Text, "Hello"}),
	}
}

func deflateReserved() []streamCase {
	rsv := func(bits byte, op Opcode, payload string) clientFrame {
		return clientFrame{op: op, rsv: bits, payload: payload}
	}
	z := squeeze("x", 6)
	return []streamCase{
		bad("14.1 RSV2", ProtocolError, frames{rsv(0x20, Text, z)}),
		bad("14.2 RSV3", ProtocolError, frames{rsv(0x10, Text, z)}),
		bad("14.3 RSV1 and RSV2", ProtocolError, frames{rsv(0x60, Text, z)}),
		bad("14.4 RSV1 and RSV3", ProtocolError, frames{rsv(0x50, Binary, z)}),
		bad("14.5 all three", ProtocolError, frames{rsv(0x70, Text, z)}),
		bad("14.6 RSV1 on a ping", ProtocolError, frames{rsv(0x40, Ping, "")}),
		bad("14.7 RSV1 on a pong", ProtocolError, frames{rsv(0x40, Pong, z)}),
		bad("14.8 RSV1 on a close", ProtocolError, frames{rsv(0x40, Close, "")}),
		bad("14.9 RSV1 on the second fragment too", ProtocolError, frames{squeezedPart(Text, z[:1]), rsv(0x40, Continuation, z[1:])}),
		bad("14.10 RSV1 on the second fragment only", ProtocolError, frames{part(Text, "x"), rsv(0x40, Continuation, z)}),
		bad("14.11 RSV1 on a lone continuation", ProtocolError, frames{rsv(0x40, Continuation, z)}),
		bad("14.12 RSV1 on an unknown opcode", ProtocolError, frames{rsv(0x40, 3, z)}),
		bad("14.13 compressed message inside another", ProtocolError, frames{squeezedPart(Text, z[:1]), squeezed(Text, z)}),
		bad("14.14 RSV1 on a ping inside a compressed message", ProtocolError, frames{squeezedPart(Text, z[:1]), rsv(0x40, Ping, "")}),
		bad("14.15 not masked", ProtocolError, frames{clientFrame{op: Text, rsv: 0x40, unmasked: true, payload: z}}),
		bad("14.16 refused by the first byte alone", ProtocolError, frames{raw("\xc9")}),
	}
}

func deflateTexts() []streamCase {
	invalid := "κόσμε\xed\xa0\x80edited"
	z := squeeze(invalid, 6)
	return []streamCase{
		good("15.1 text of many scripts", frames{squeezed(Text, squeeze(unicodeText, 6))}, event{Text, unicodeText}),
		bad("15.2 text that is not UTF-8", InvalidPayload, frames{squeezed(Text, z)}),
		bad("15.3 text that is not UTF-8, in fragments", InvalidPayload, frames{squeezedPart(Text, z[:3]), whole(Continuation, z[3:])}),
		bad("15.4 text that ends inside a rune", InvalidPayload, frames{squeezed(Text, squeeze("abc\xe2\x82", 6))}),
		good("15.5 bytes that are not UTF-8, as binary", frames{squeezed(Binary, z)}, event{Binary, invalid}),
		good("15.6 as sent it is not UTF-8, inflated it is", frames{squeezedPart(Text, "\xf2\x48"), whole(Continuation, "\xcd\xc9\xc9\x07\x00")}, event{Text, "Hello"}),
		bad("15.7 plain text that is not UTF-8 behind a compressed one", InvalidPayload, frames{squeezed(Text, squeeze("a", 6)), part(Text, "\xff")}, event{Text, "a"}),
	}
}

func deflateBroken() []streamCase {
	stored := squeeze(repeat("x", 100), flate.NoCompression)
	z := squeeze(unicodeText, 6)
	return []streamCase{
		bad("16.1 no bytes at all", InvalidPayload, frames{squeezed(Text, "")}),
		bad("16.2 no bytes at all, in fragments", InvalidPayload, frames{squeezedPart(Binary, ""), whole(Continuation, "")}),
		bad("16.3 a block type that is reserved", InvalidPayload, frames{squeezed(Text, "\x06\x00")}),
		bad("16.4 not compressed at all", InvalidPayload, frames{squeezed(Text, "Hello, World")}),
		bad("16.5 stored, lengths that differ", InvalidPayload, frames{squeezed(Text, "\x00\x05\x00\xfb\xffHello\x00")}),
		bad("16.6 stored, cut short", InvalidPayload, frames{squeezed(Text, stored[:50])}),
		bad("16.7 cut short", InvalidPayload, frames{squeezed(Text, z[:len(z)/2])}),
		bad("16.8 the last byte is missing", InvalidPayload, frames{squeezed(Text, z[:len(z)-1])}),
		bad("16.9 the tail is sent", InvalidPayload, frames{squeezed(Text, z+"\x00")}),
		bad("16.10 more behind the end", InvalidPayload, frames{squeezed(Text, z+"\xff\xff")}),
		bad("16.11 more behind a final block", InvalidPayload, frames{squeezed(Text, "\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff\x00")}),
		bad("16.12 ends with a final block, and nothing", InvalidPayload, frames{squeezed(Text, "\xf3\x48\xcd\xc9\xc9\x07\x00")}),
		good("16.13 two final blocks", frames{squeezed(Text, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, event{Text, "HelloHello"}),
		good("16.14 the empty block at the end is final", frames{squeezed(Text, "\x01")}, event{Text, ""}),
		good("16.15 a copy from the start of the message", frames{squeezed(Text, farCopy(1))}, event{Text, "aaaa"}),
		bad("16.16 a copy from before the start", InvalidPayload, frames{squeezed(Text, farCopy(2))}),
		bad("16.17 a copy from the message before", InvalidPayload, frames{squeezed(Text, squeeze("secret", 6)), squeezed(Text, farCopy(7))}, event{Text, "secret"}),
		bad("16.18 a copy from behind a final block", InvalidPayload, frames{squeezed(Text, "\xf3\x48\xcd\xc9\xc9\x07\x00"+farCopy(3))}),
		bad("16.19 broken, with a whole message behind it", InvalidPayload, frames{squeezed(Text, "\x06\x00"), whole(Text, "x")}),
		bad("16.20 zeros", InvalidPayload, frames{squeezed(Binary, repeat("\x00", 100))}),
		bad("16.21 with the header of zlib", InvalidPayload, frames{squeezed(Binary, "\x78\x9c"+z)}),
		bad("16.22 with the header of gzip", InvalidPayload, frames{squeezed(Binary, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"+z)}),
		good("16.23 a hundred empty blocks", frames{squeezed(Binary, repeat("\x00\x00\x00\xff\xff", 100)+"\x00")}, event{Binary, ""}),
		good("16.24 a hundred empty final blocks", frames{squeezed(Binary, repeat("\x03\x00", 100)+"\x00")}, event{Binary, ""}),
	}
}

func deflateLimits() []streamCase {
	long := repeat("a", 1000)
	z, final := squeeze(long, 6), squeezeFinal(long)
	noise := squeeze(long, flate.NoCompression)
	return []streamCase{
		good("17.1 inflates to exactly the limit", frames{squeezed(Text, z)}, event{Text, long}).within(1000, 0),
		bad("17.2 inflates to one byte more", MessageTooBig, frames{squeezed(Text, z)}).within(999, 0),
		bad("17.3 in fragments, inflates to one byte more", MessageTooBig, frames{squeezedPart(Text, z[:4]), whole(Continuation, z[4:])}).within(999, 0),
		good("17.4 a million zeros, the default limit", frames{squeezed(Binary, bomb(1_000_000))}, event{Binary, repeat("\x00", 1_000_000)}),
		bad("17.5 a million zeros and one", MessageTooBig, frames{squeezed(Binary, bomb(1_000_001))}),
		bad("17.6 ten million zeros", MessageTooBig, frames{squeezed(Binary, bomb(10_000_000))}),
		bad("17.7 too big, then broken", MessageTooBig, frames{squeezed(Binary, bomb(100_000)+"\xff\xff")}).within(1000, 0),
		bad("17.8 too big, and not UTF-8", MessageTooBig, frames{squeezed(Text, squeeze(repeat("\xff", 100_000), 6))}).within(1000, 0),
		good("17.9 the limit over many final blocks", frames{squeezed(Text, repeat(final, 10)+"\x00")}, event{Text, repeat(long, 10)}).within(10_000, 0),
		bad("17.10 one byte more over many final blocks", MessageTooBig, frames{squeezed(Text, repeat(final, 10)+"\x00")}).within(9_999, 0),
		bad("17.11 more than the limit as sent", MessageTooBig, frames{squeezed(Text, noise)}).within(1000, 0),
		good("17.12 the limit as sent", frames{squeezed(Text, noise)}, event{Text, long}).within(len(noise), 0),
		bad("17.13 more than the limit as sent, by its header", MessageTooBig, frames{clientFrame{op: Text, rsv: 0x40, declared: 1001}}).within(1000, 0),
		good("17.14 the limit counts anew for every message", frames{squeezed(Text, z), squeezed(Text, z), whole(Text, long)}, event{Text, long}, event{Text, long}, event{Text, long}).within(1000, 0),
		bad("17.15 one fragment too many", PolicyViolated, frames{squeezedPart(Text, z[:1]), part(Continuation, ""), part(Continuation, "")}).within(0, 2),
	}
}
