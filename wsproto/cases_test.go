package wsproto

import (
	"fmt"
	"slices"
)

// streamCase is a stream and what becomes of it. Its number is that of the
// section of the test suite that the field measures servers by.
type streamCase struct {
	name   string
	limits Reader
	stream []byte
	events []event
	code   Code // 0: no violation
	idle   bool // nothing is left waiting; also false after a Close and a violation
}

type frames = []interface{ bytes() []byte }

// good is a stream that is read to its end.
func good(name string, in frames, want ...event) streamCase {
	return streamCase{name: name, stream: sent(in...), events: want, idle: true}
}

// bad is a stream that is refused behind the wanted events.
func bad(name string, code Code, in frames, want ...event) streamCase {
	return streamCase{name: name, stream: sent(in...), code: code, events: want}
}

// ended is a stream that a Close frame ends, or that stops in the middle.
func ended(name string, in frames, want ...event) streamCase {
	return streamCase{name: name, stream: sent(in...), events: want}
}

func (c streamCase) within(maxMessage, maxFragments int) streamCase {
	c.limits = Reader{MaxMessage: maxMessage, MaxFragments: maxFragments}
	return c
}

func streamCases() []streamCase {
	return slices.Concat(framingCases(), pingCases(), reservedCases(), opcodeCases(), fragmentCases(),
		textCases(), sequenceCases(), closeCases(), codeCases(), limitCases(), headerCases(), cutCases())
}

func framingCases() []streamCase {
	var cases []streamCase
	for _, n := range []int{0, 1, 2, 7, 8, 9, 125, 126, 127, 128, 255, 256, 4095, 4096, 65534, 65535, 65536, 65537, 1_000_000} {
		text, octets := repeat("*", n), repeat("\xfe", n)
		cases = append(cases,
			good(fmt.Sprintf("1.1 text of %d bytes", n), frames{whole(Text, text)}, event{Text, text}),
			good(fmt.Sprintf("1.2 binary of %d bytes", n), frames{whole(Binary, octets)}, event{Binary, octets}))
	}
	return cases
}

func pingCases() []streamCase {
	var ten frames
	var tenEvents []event
	for i := range 10 {
		ten = append(ten, whole(Ping, fmt.Sprint(i)))
		tenEvents = append(tenEvents, event{Ping, fmt.Sprint(i)})
	}
	long := repeat("p", 125)
	return []streamCase{
		good("2.1 ping without payload", frames{whole(Ping, "")}, event{Ping, ""}),
		good("2.2 ping with text", frames{whole(Ping, "Hello, world!")}, event{Ping, "Hello, world!"}),
		good("2.3 ping with bytes that are not UTF-8", frames{whole(Ping, "\x00\xff\xfe\xfd")}, event{Ping, "\x00\xff\xfe\xfd"}),
		good("2.4 ping of 125 bytes", frames{whole(Ping, long)}, event{Ping, long}),
		bad("2.5 ping of 126 bytes", ProtocolError, frames{whole(Ping, long+"p")}),
		bad("2.5 ping of 65,536 bytes", ProtocolError, frames{whole(Ping, repeat("p", 65536))}),
		good("2.7 pong nobody asked for", frames{whole(Pong, "")}, event{Pong, ""}),
		good("2.8 pong with payload", frames{whole(Pong, "unasked")}, event{Pong, "unasked"}),
		good("2.9 pong, then ping", frames{whole(Pong, "a"), whole(Ping, "b")}, event{Pong, "a"}, event{Ping, "b"}),
		good("2.10 ten pings", ten, tenEvents...),
		bad("2.12 pong of 126 bytes", ProtocolError, frames{whole(Pong, long+"p")}),
		good("2.13 ping, then text", frames{whole(Ping, ""), whole(Text, "x")}, event{Ping, ""}, event{Text, "x"}),
	}
}

func reservedCases() []streamCase {
	rsv := func(bits byte, op Opcode, payload string) clientFrame {
		return clientFrame{op: op, rsv: bits, payload: payload}
	}
	small := whole(Text, "small")
	return []streamCase{
		bad("3.1 RSV3", ProtocolError, frames{rsv(0x10, Text, "x")}),
		bad("3.2 RSV2 behind a message", ProtocolError, frames{small, rsv(0x20, Text, "x"), whole(Ping, "")}, event{Text, "small"}),
		bad("3.3 RSV2 and RSV3", ProtocolError, frames{small, rsv(0x30, Text, "x")}, event{Text, "small"}),
		bad("3.4 RSV1, as permessage-deflate would", ProtocolError, frames{rsv(0x40, Text, "x")}),
		bad("3.5 RSV1 and RSV3 on binary", ProtocolError, frames{rsv(0x50, Binary, "\x00\xff")}),
		bad("3.6 RSV1 and RSV2 on a ping", ProtocolError, frames{rsv(0x60, Ping, "x")}),
		bad("3.7 all three on a close", ProtocolError, frames{rsv(0x70, Close, "")}),
		bad("3.8 RSV1 on a continuation", ProtocolError, frames{part(Text, "a"), rsv(0x40, Continuation, "b")}),
		bad("3.9 RSV1 on a pong", ProtocolError, frames{rsv(0x40, Pong, "")}),
	}
}

func opcodeCases() []streamCase {
	var cases []streamCase
	for _, op := range []Opcode{3, 4, 5, 6, 7} {
		cases = append(cases,
			bad(fmt.Sprintf("4.1 opcode %d", op), ProtocolError, frames{whole(op, "")}),
			bad(fmt.Sprintf("4.1 opcode %d behind a message", op), ProtocolError,
				frames{whole(Text, "ok"), whole(op, "x"), whole(Ping, "")}, event{Text, "ok"}))
	}
	for _, op := range []Opcode{11, 12, 13, 14, 15} {
		cases = append(cases,
			bad(fmt.Sprintf("4.2 opcode %d", op), ProtocolError, frames{whole(op, "")}),
			bad(fmt.Sprintf("4.2 opcode %d inside a message", op), ProtocolError,
				frames{part(Text, "ok"), whole(op, "x"), whole(Continuation, "")}))
	}
	return cases
}

func fragmentCases() []streamCase {
	one, two := event{Text, "fragment1fragment2"}, event{Ping, "ping payload"}
	f1, f2, ping := part(Text, "fragment1"), whole(Continuation, "fragment2"), whole(Ping, "ping payload")
	return []streamCase{
		bad("5.1 ping in two fragments", ProtocolError, frames{part(Ping, "a"), whole(Continuation, "b")}),
		bad("5.2 pong in two fragments", ProtocolError, frames{part(Pong, "a"), whole(Continuation, "b")}),
		bad("5.2 close in two fragments", ProtocolError, frames{part(Close, "\x03"), whole(Continuation, "\xe8")}),
		good("5.3 text in two fragments", frames{f1, f2}, one),
		good("5.6 ping between the fragments", frames{f1, ping, f2}, two, one),
		good("5.8 pong between the fragments", frames{f1, whole(Pong, "p"), f2}, event{Pong, "p"}, one),
		ended("5.8 close between the fragments", frames{f1, closing(NormalClosure, ""), f2}, event{Close, closePayload(NormalClosure, "")}),
		bad("5.9 lone continuation", ProtocolError, frames{whole(Continuation, "x"), whole(Text, "y")}),
		bad("5.10 lone continuation that is not final", ProtocolError, frames{part(Continuation, "x"), whole(Text, "y")}),
		bad("5.11 empty lone continuation", ProtocolError, frames{whole(Continuation, "")}),
		bad("5.12 continuation behind a complete message", ProtocolError, frames{whole(Text, "a"), whole(Continuation, "b")}, event{Text, "a"}),
		bad("5.13 continuation behind a fragmented message", ProtocolError, frames{f1, f2, f2}, one),
		bad("5.15 text inside a message", ProtocolError, frames{f1, whole(Text, "x"), f2}),
		bad("5.15 binary inside a message", ProtocolError, frames{f1, whole(Binary, "x"), f2}),
		bad("5.16 another beginning inside a message", ProtocolError, frames{f1, f1, f2}),
		bad("5.18 both fragments as text", ProtocolError, frames{f1, whole(Text, "fragment2")}),
		good("5.19 five fragments, pings between",
			frames{f1, part(Continuation, "-2"), whole(Ping, "1"), part(Continuation, "-3"), part(Continuation, "-4"), whole(Ping, "2"), whole(Continuation, "-5")},
			event{Ping, "1"}, event{Ping, "2"}, event{Text, "fragment1-2-3-4-5"}),
		good("5.21 binary in three fragments", frames{part(Binary, "\xff"), part(Continuation, "\xfe"), whole(Continuation, "\xfd")}, event{Binary, "\xff\xfe\xfd"}),
		good("5.22 all fragments empty", frames{part(Text, ""), part(Continuation, ""), whole(Continuation, "")}, event{Text, ""}),
		good("5.23 only the middle fragment is not empty", frames{part(Text, ""), part(Continuation, "m"), whole(Continuation, "")}, event{Text, "m"}),
		good("5.24 empty first fragment of binary", frames{part(Binary, ""), whole(Continuation, "x")}, event{Binary, "x"}),
		good("5.25 two fragmented messages", frames{f1, f2, part(Binary, "a"), whole(Continuation, "b")}, one, event{Binary, "ab"}),
		good("5.26 empty ping between the fragments", frames{f1, whole(Ping, ""), f2}, event{Ping, ""}, one),
		good("5.27 125-byte ping between the fragments", frames{f1, whole(Ping, repeat("q", 125)), f2}, event{Ping, repeat("q", 125)}, one),
		bad("5.28 126-byte ping between the fragments", ProtocolError, frames{f1, whole(Ping, repeat("q", 126)), f2}),
		good("5.29 long fragments", frames{part(Text, repeat("a", 70_000)), part(Continuation, repeat("b", 300)), whole(Continuation, repeat("c", 70_000))},
			event{Text, repeat("a", 70_000) + repeat("b", 300) + repeat("c", 70_000)}),
	}
}

func textCases() []streamCase {
	hello := "Hello-µ@ßöäüàá-UTF-8!!"
	kosme, surrogate := "κόσμε", "\xed\xa0\x80"
	pieces := func(s string) frames {
		in := frames{part(Text, "")}
		for i := range len(s) {
			in = append(in, part(Continuation, s[i:i+1]))
		}
		return append(in, whole(Continuation, ""))
	}
	return []streamCase{
		good("6.1.1 empty text", frames{whole(Text, "")}, event{Text, ""}),
		good("6.2.1 text of many scripts", frames{whole(Text, hello)}, event{Text, hello}),
		good("6.2.2 cut between runes", frames{part(Text, hello[:6]), whole(Continuation, hello[6:])}, event{Text, hello}),
		good("6.2.3 cut inside a rune", frames{part(Text, hello[:7]), whole(Continuation, hello[7:])}, event{Text, hello}),
		good("6.2.4 a fragment for every byte", pieces(kosme), event{Text, kosme}),
		good("6.2.5 four-byte rune, a fragment for every byte", pieces("😀"), event{Text, "😀"}),
		good("6.2.6 ping inside a rune", frames{part(Text, "\xf0\x9f"), whole(Ping, "\xff"), whole(Continuation, "\x98\x80")}, event{Ping, "\xff"}, event{Text, "😀"}),
		bad("6.3.1 surrogate inside text", InvalidPayload, frames{whole(Text, kosme+surrogate+"edited")}),
		bad("6.3.2 surrogate, a fragment for every byte", InvalidPayload, pieces(kosme+surrogate+"edited")),
		bad("6.4.1 bad first fragment, the rest never comes", InvalidPayload, frames{part(Text, kosme+"\xf4\x90\x80\x80")}),
		bad("6.4.2 bad by the second byte of a rune", InvalidPayload, frames{part(Text, kosme+"\xf4\x90")}),
		bad("6.4.3 bad in a frame that is not complete", InvalidPayload, frames{clientFrame{op: Text, declared: 100, payload: kosme + "\xf4\x90"}}),
		bad("6.4.4 bad second fragment", InvalidPayload, frames{part(Text, kosme+"\xf4"), part(Continuation, "\x90")}),
		bad("6.4.5 bad before a ping", InvalidPayload, frames{part(Text, "\xff"), whole(Ping, "")}),
		ended("6.4.6 may still become good", frames{part(Text, kosme+"\xf4\x8f")}),
		bad("6.5.1 ends inside a rune", InvalidPayload, frames{whole(Text, "abc\xe2\x82")}),
		bad("6.5.2 last fragment ends inside a rune", InvalidPayload, frames{part(Text, "abc"), whole(Continuation, "\xe2\x82")}),
		bad("6.5.3 empty last fragment inside a rune", InvalidPayload, frames{part(Text, "abc\xe2\x82"), whole(Continuation, "")}),
		bad("6.5.4 new rune inside a rune", InvalidPayload, frames{part(Text, "\xe2\x82"), whole(Continuation, "a")}),
		good("6.5.5 bytes that are not UTF-8, as binary", frames{part(Binary, "\xff\xfe"), whole(Continuation, surrogate)}, event{Binary, "\xff\xfe" + surrogate}),
		good("6.5.6 not UTF-8 as binary, then text", frames{whole(Binary, "\xff"), whole(Text, "ok")}, event{Binary, "\xff"}, event{Text, "ok"}),
		bad("6.5.7 good text, then bad", InvalidPayload, frames{whole(Text, "ok"), whole(Text, "\xc3\x28")}, event{Text, "ok"}),
	}
}

// sequenceCases are the sections 6.6 to 6.23: each sequence alone in a frame, and
// behind other text with a fragment border inside it.
func sequenceCases() []streamCase {
	sequences := []struct {
		name, bytes string
		valid       bool
	}{
		{"6.6 one byte of κόσμε", "\xce", false},
		{"6.6 two bytes of κόσμε", "\xce\xba", true},
		{"6.6 three bytes of κόσμε", "\xce\xba\xe1", false},
		{"6.6 four bytes of κόσμε", "\xce\xba\xe1\xbd", false},
		{"6.6 five bytes of κόσμε", "\xce\xba\xe1\xbd\xb9", true},
		{"6.7 first of length 1", "\x00", true},
		{"6.7 first of length 2", "\xc2\x80", true},
		{"6.7 first of length 3", "\xe0\xa0\x80", true},
		{"6.7 first of length 4", "\xf0\x90\x80\x80", true},
		{"6.8 first of length 5", "\xf8\x88\x80\x80\x80", false},
		{"6.8 first of length 6", "\xfc\x84\x80\x80\x80\x80", false},
		{"6.9 last of length 1", "\x7f", true},
		{"6.9 last of length 2", "\xdf\xbf", true},
		{"6.9 last of length 3", "\xef\xbf\xbf", true},
		{"6.9 last code point", "\xf4\x8f\xbf\xbf", true},
		{"6.10 beyond the last code point", "\xf7\xbf\xbf\xbf", false},
		{"6.10 last of length 5", "\xfb\xbf\xbf\xbf\xbf", false},
		{"6.10 last of length 6", "\xfd\xbf\xbf\xbf\xbf\xbf", false},
		{"6.11 U+D7FF", "\xed\x9f\xbf", true},
		{"6.11 U+E000", "\xee\x80\x80", true},
		{"6.11 U+FFFD", "\xef\xbf\xbd", true},
		{"6.11 U+10FFFF", "\xf4\x8f\xbf\xbf", true},
		{"6.11 U+110000", "\xf4\x90\x80\x80", false},
		{"6.12 first continuation byte", "\x80", false},
		{"6.12 last continuation byte", "\xbf", false},
		{"6.12 two continuation bytes", "\x80\xbf", false},
		{"6.12 seven continuation bytes", "\x80\xbf\x80\xbf\x80\xbf\x80", false},
		{"6.13 start of two and a space", "\xc0 \xc1 \xc2 \xdf ", false},
		{"6.13 start of three and a space", "\xe0 \xef ", false},
		{"6.13 start of four and a space", "\xf0 \xf7 ", false},
		{"6.14 last byte of two is missing", "\xdf", false},
		{"6.14 last byte of three is missing", "\xe0\xa0", false},
		{"6.14 last byte of four is missing", "\xf0\x90\x80", false},
		{"6.15 incomplete ones in a row", "\xdf\xe0\xa0\xf0\x90\x80", false},
		{"6.16 the byte FE", "\xfe", false},
		{"6.16 the byte FF", "\xff", false},
		{"6.16 FE FE FF FF", "\xfe\xfe\xff\xff", false},
		{"6.17 slash in two bytes", "\xc0\xaf", false},
		{"6.17 slash in three bytes", "\xe0\x80\xaf", false},
		{"6.17 slash in four bytes", "\xf0\x80\x80\xaf", false},
		{"6.18 longest overlong of two", "\xc1\xbf", false},
		{"6.18 longest overlong of three", "\xe0\x9f\xbf", false},
		{"6.18 longest overlong of four", "\xf0\x8f\xbf\xbf", false},
		{"6.19 NUL in two bytes", "\xc0\x80", false},
		{"6.19 NUL in three bytes", "\xe0\x80\x80", false},
		{"6.19 NUL in four bytes", "\xf0\x80\x80\x80", false},
		{"6.20 first high surrogate", "\xed\xa0\x80", false},
		{"6.20 last high surrogate", "\xed\xaf\xbf", false},
		{"6.20 first low surrogate", "\xed\xb0\x80", false},
		{"6.20 last low surrogate", "\xed\xbf\xbf", false},
		{"6.21 pair of surrogates", "\xed\xa0\x80\xed\xb0\x80", false},
		{"6.22 U+FFFE", "\xef\xbf\xbe", true},
		{"6.22 U+FFFF", "\xef\xbf\xbf", true},
		{"6.22 U+1FFFE", "\xf0\x9f\xbf\xbe", true},
		{"6.22 U+10FFFE", "\xf4\x8f\xbf\xbe", true},
		{"6.23 U+FEFF, the byte order mark", "\xef\xbb\xbf", true},
		{"6.23 U+2028, a line of its own", "\xe2\x80\xa8", true},
	}
	var cases []streamCase
	for _, s := range sequences {
		border := len(s.bytes) / 2
		alone, split := frames{whole(Text, s.bytes)}, frames{part(Text, "ä"+s.bytes[:border]), whole(Continuation, s.bytes[border:])}
		if s.valid {
			cases = append(cases, good(s.name, alone, event{Text, s.bytes}), good(s.name+", in fragments", split, event{Text, "ä" + s.bytes}))
		} else {
			cases = append(cases, bad(s.name, InvalidPayload, alone), bad(s.name+", in fragments", InvalidPayload, split))
		}
	}
	return cases
}

func closeCases() []streamCase {
	plain := closing(NormalClosure, "")
	closed := event{Close, plain.payload}
	reason := repeat("*", 123)
	return []streamCase{
		ended("7.1.1 message, then close", frames{whole(Text, "Hello"), plain}, event{Text, "Hello"}, closed),
		ended("7.1.2 two closes", frames{plain, plain}, closed),
		ended("7.1.3 ping behind the close", frames{plain, whole(Ping, "")}, closed),
		ended("7.1.4 text behind the close", frames{plain, whole(Text, "late")}, closed),
		ended("7.1.5 fragment behind the close", frames{part(Text, "1"), plain, whole(Continuation, "2")}, closed),
		ended("7.1.6 long message, close, ping", frames{whole(Text, repeat("B", 262_144)), plain, whole(Ping, "")}, event{Text, repeat("B", 262_144)}, closed),
		ended("7.1.7 rubbish behind the close", frames{plain, raw("\xff\xff\xff")}, closed),
		ended("7.3.1 close without payload", frames{whole(Close, "")}, event{Close, ""}),
		bad("7.3.2 close with one byte", ProtocolError, frames{whole(Close, "\x03")}),
		ended("7.3.3 close with a code", frames{plain}, closed),
		ended("7.3.4 close with a reason", frames{closing(NormalClosure, "Hello World!")}, event{Close, closePayload(NormalClosure, "Hello World!")}),
		ended("7.3.5 close of 125 bytes", frames{closing(NormalClosure, reason)}, event{Close, closePayload(NormalClosure, reason)}),
		bad("7.3.6 close of 126 bytes", ProtocolError, frames{closing(NormalClosure, reason+"*")}),
		bad("7.5.1 reason that is not UTF-8", InvalidPayload, frames{closing(NormalClosure, "κόσμε\xed\xa0\x80edited")}),
		bad("7.5.2 reason that ends inside a rune", InvalidPayload, frames{closing(NormalClosure, "\xe2\x82")}),
		ended("7.5.3 reason of many scripts", frames{closing(4000, "Grüße, κόσμε")}, event{Close, closePayload(4000, "Grüße, κόσμε")}),
		bad("7.5.4 bad code before bad reason", ProtocolError, frames{closing(999, "\xff")}),
	}
}

func codeCases() []streamCase {
	var cases []streamCase
	for _, code := range []Code{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases, ended(fmt.Sprintf("7.7 close code %d", code), frames{closing(code, "")}, event{Close, closePayload(code, "")}))
	}
	for _, code := range []Code{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999} {
		cases = append(cases, bad(fmt.Sprintf("7.9 close code %d", code), ProtocolError, frames{closing(code, "why")}))
	}
	for _, code := range []Code{5000, 65535} {
		cases = append(cases, bad(fmt.Sprintf("7.13 close code %d", code), ProtocolError, frames{closing(code, "")}))
	}
	return cases
}

func limitCases() []streamCase {
	over := func(n uint64) clientFrame { return clientFrame{op: Text, declared: n} }
	fragments := func(n int, payload string) frames {
		in := frames{part(Binary, payload)}
		for range n - 2 {
			in = append(in, part(Continuation, payload))
		}
		return append(in, whole(Continuation, payload))
	}
	return []streamCase{
		good("9.1 message of exactly the limit", frames{whole(Text, "12345678")}, event{Text, "12345678"}).within(8, 0),
		bad("9.1 one byte over the limit, by its header", MessageTooBig, frames{over(9)}).within(8, 0),
		bad("9.1 one over the default limit", MessageTooBig, frames{over(1_000_001)}),
		good("9.2 fragments up to the limit", frames{part(Text, "1234"), whole(Continuation, "5678")}, event{Text, "12345678"}).within(8, 0),
		bad("9.2 fragments over the limit", MessageTooBig, frames{part(Text, "1234"), whole(Continuation, "56789")}).within(8, 0),
		bad("9.2 third fragment over the limit", MessageTooBig, frames{part(Text, "1234"), part(Continuation, "5678"), clientFrame{op: Continuation, declared: 1}}).within(8, 0),
		good("9.2 empty fragments at the limit", frames{part(Text, "12345678"), part(Continuation, ""), whole(Continuation, "")}, event{Text, "12345678"}).within(8, 0),
		good("9.2 limit counts anew for every message", frames{whole(Text, "12345678"), whole(Text, "12345678")}, event{Text, "12345678"}, event{Text, "12345678"}).within(8, 0),
		good("9.2 control frames do not count", frames{part(Text, "1234"), whole(Ping, "123456789"), whole(Continuation, "5678")}, event{Ping, "123456789"}, event{Text, "12345678"}).within(8, 0),
		bad("9.3 65,536 declared", MessageTooBig, frames{over(65536)}).within(65535, 0),
		bad("9.3 2^31 declared", MessageTooBig, frames{over(1 << 31)}),
		bad("9.3 2^63-1 declared", MessageTooBig, frames{over(1<<63 - 1)}),
		bad("9.3 2^63 declared", MessageTooBig, frames{over(1 << 63)}),
		bad("9.3 2^64-1 declared", MessageTooBig, frames{over(1<<64 - 1)}),
		bad("9.3 length that overflows what is left", MessageTooBig, frames{part(Binary, "1234"), clientFrame{op: Continuation, declared: 1<<63 - 3}}),
		bad("9.3 length that wraps what is left", MessageTooBig, frames{part(Binary, "1234"), clientFrame{op: Continuation, declared: 1<<64 - 4}}),
		good("9.4 as many fragments as allowed", fragments(4, "x"), event{Binary, "xxxx"}).within(0, 4),
		bad("9.4 one fragment too many", PolicyViolated, fragments(5, "x")).within(0, 4),
		bad("9.4 one empty fragment too many", PolicyViolated, fragments(5, "")).within(0, 4),
		good("9.4 1,024 fragments", fragments(1024, "x"), event{Binary, repeat("x", 1024)}),
		bad("9.4 1,025 fragments", PolicyViolated, fragments(1025, "x")),
		bad("9.4 20,000 empty fragments", PolicyViolated, fragments(20_000, "")),
		bad("9.4 fragmentation not allowed at all", PolicyViolated, fragments(2, "x")).within(0, 1),
		good("9.4 pings are no fragments", frames{part(Text, "a"), whole(Ping, ""), whole(Ping, ""), whole(Ping, ""), whole(Continuation, "b")},
			event{Ping, ""}, event{Ping, ""}, event{Ping, ""}, event{Text, "ab"}).within(0, 2),
		good("9.4 fragments count anew for every message", append(fragments(4, "x"), fragments(4, "y")...), event{Binary, "xxxx"}, event{Binary, "yyyy"}).within(0, 4),
	}
}

func headerCases() []streamCase {
	form := func(op Opcode, size int, payload string) clientFrame {
		return clientFrame{op: op, form: size, payload: payload}
	}
	bare := func(op Opcode) clientFrame { return clientFrame{op: op, unmasked: true, payload: "hello"} }
	return []streamCase{
		bad("10.1 text not masked", ProtocolError, frames{bare(Text)}),
		bad("10.1 empty text not masked", ProtocolError, frames{clientFrame{op: Text, unmasked: true}}),
		bad("10.1 ping not masked", ProtocolError, frames{bare(Ping)}),
		bad("10.1 close not masked", ProtocolError, frames{clientFrame{op: Close, unmasked: true}}),
		bad("10.1 continuation not masked", ProtocolError, frames{part(Text, "a"), bare(Continuation)}),
		bad("10.2 length 0 in two bytes", ProtocolError, frames{form(Text, 2, "")}),
		bad("10.2 length 125 in two bytes", ProtocolError, frames{form(Text, 2, repeat("x", 125))}),
		bad("10.2 length 5 in eight bytes", ProtocolError, frames{form(Text, 8, "hello")}),
		bad("10.2 length 65,535 in eight bytes", ProtocolError, frames{form(Binary, 8, repeat("x", 65535))}),
		bad("10.2 ping with its length in two bytes", ProtocolError, frames{form(Ping, 2, "x")}),
		bad("10.2 close with its length in eight bytes", ProtocolError, frames{form(Close, 8, "")}),
		bad("10.3 HTTP where a frame is due", ProtocolError, frames{raw("GET / HTTP/1.1\r\n\r\n")}),
		bad("10.3 TLS where a frame is due", ProtocolError, frames{raw("\x16\x03\x01\x02\x00")}),
		bad("10.3 zeros", ProtocolError, frames{raw("\x00\x00\x00\x00")}),
		bad("10.4 refused by the first byte alone", ProtocolError, frames{raw("\x83")}),
		bad("10.4 refused by the second byte alone", ProtocolError, frames{raw("\x81\x05")}),
		bad("10.4 refused by the length without its key", MessageTooBig, frames{raw("\x81\xff\x00\x00\x00\x00\x00\x0f\x42\x41")}),
		bad("10.4 control frame refused before its length", ProtocolError, frames{raw("\x89\xfe")}),
		good("10.5 the key is zero", frames{raw("\x81\x85\x00\x00\x00\x00Hello")}, event{Text, "Hello"}),
		good("10.5 the example of the RFC", frames{raw("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")}, event{Text, "Hello"}),
	}
}

// cutCases stop in the middle of something; that is no violation.
func cutCases() []streamCase {
	first := func(f clientFrame, n int) raw { return raw(f.bytes()[:n]) }
	long := whole(Binary, repeat("x", 70_000))
	return []streamCase{
		good("11.1 nothing at all", nil),
		ended("11.2 one byte of a header", frames{raw("\x81")}),
		ended("11.3 half a mask key", frames{first(whole(Text, "hello"), 4)}),
		ended("11.4 half a long length", frames{first(long, 6)}),
		ended("11.5 a header and no payload", frames{first(long, 14)}),
		ended("11.6 half a payload", frames{first(long, 40_000)}),
		ended("11.7 half a ping", frames{first(whole(Ping, "hello"), 8)}),
		ended("11.8 half a ping behind a message", frames{whole(Text, "a"), first(whole(Ping, "hello"), 8)}, event{Text, "a"}),
		ended("11.9 one fragment", frames{part(Text, "a")}),
		ended("11.10 an empty fragment", frames{part(Text, "")}),
		ended("11.11 half a ping inside a message", frames{part(Text, "a"), first(whole(Ping, "hello"), 8)}),
		ended("11.12 all but the last byte", frames{part(Text, "a"), first(whole(Continuation, "hello"), 10)}),
		ended("11.13 half a close", frames{first(closing(NormalClosure, "bye"), 8)}),
	}
}
