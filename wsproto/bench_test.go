package wsproto

import (
	"bytes"
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
