package wsproto

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkFeedText128(b *testing.B) { benchmarkFeed(b, 1) }

func BenchmarkFeedText128Pipelined16(b *testing.B) { benchmarkFeed(b, 16) }

// benchmarkFeed reads so many frames of 128 bytes in one piece.
func benchmarkFeed(b *testing.B, n int) {
	frame := whole(Text, repeat("x", 128)).bytes()
	stream := bytes.Repeat(frame, n)
	input := make([]byte, len(stream))
	var r Reader
	messages := 0
	each := func(Opcode, []byte) error { messages++; return nil }
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		copy(input, stream)
		if err := r.Feed(input, each); err != nil {
			b.Fatal(err)
		}
	}
	if messages != n*b.N {
		b.Fatalf("%d messages of %d", messages, n*b.N)
	}
}

// BenchmarkFeedLong reads a message of 64 KiB in reads of 4 KiB.
func BenchmarkFeedLong(b *testing.B) {
	stream := whole(Text, repeat("x", 65536)).bytes()
	input := make([]byte, len(stream))
	var r Reader
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		copy(input, stream)
		for p := input; len(p) > 0; {
			n := min(4096, len(p))
			if err := r.Feed(p[:n], func(Opcode, []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
			p = p[n:]
		}
	}
}

func BenchmarkMask4KiB(b *testing.B) {
	p := make([]byte, 4096)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		mask(p, 0x3d21fa37)
	}
}

func BenchmarkAppendFrame128(b *testing.B) {
	payload := make([]byte, 128)
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendFrame(dst[:0], Text, payload)
	}
}

// history is n bytes of what an application sends most when it sends much.
func history(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	p := []byte(`42["message.history",[`)
	for len(p) < n {
		p = fmt.Appendf(p, `{"messageId":"%08x-%04x-4%03x","senderId":"%08x","content":"See you at the dock at %d, bring %d ropes","timestamp":"2026-11-22T18:%02d:00.000Z","seq":%d},`,
			rnd.Uint32(), rnd.Uint32()>>16, rnd.Uint32()>>20, rnd.Uint32(), rnd.IntN(24), rnd.IntN(9), rnd.IntN(60), rnd.IntN(10_000))
	}
	return p[:n]
}

// BenchmarkFeedDeflated reads compressed frames; its MB/s are inflated ones.
func BenchmarkFeedDeflated(b *testing.B) {
	for _, n := range []int{1024, 4096, 65536} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			stream := squeezed(Text, squeeze(string(history(n)), flate.DefaultCompression)).bytes()
			input := make([]byte, len(stream))
			r := Reader{Deflate: true}
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				copy(input, stream)
				if err := r.Feed(input, func(Opcode, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppendDeflated tells also how big the frame is, in per cent of the plain one.
func BenchmarkAppendDeflated(b *testing.B) {
	for _, n := range []int{1024, 4096, 65536} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			message := history(n)
			var frame []byte
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				frame = AppendDeflated(nil, Text, message)
			}
			b.ReportMetric(float64(100*len(frame))/float64(len(AppendFrame(nil, Text, message))), "%size")
		})
	}
}

// BenchmarkInflateBomb is the dearest kilobyte that a client can send.
func BenchmarkInflateBomb(b *testing.B) {
	payload := []byte(bomb(1_000_000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inflate(payload, defaultMaxMessage); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(payload)), "sent-B")
}
