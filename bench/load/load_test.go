package main

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPayloadsAreOfOneSize(t *testing.T) {
	if got := len(`["booking.updated",`) + len(booking(123)) + len(`]`); got != 120 {
		t.Errorf("a fan-out event has %d bytes, want 120", got)
	}
	if got := len(message(7)); got != 100 {
		t.Errorf("a unicast payload has %d bytes, want 100", got)
	}
}

func TestSequenceReadsWhatBookingWrote(t *testing.T) {
	for _, seq := range []uint64{0, 7, 1023, 9_999_999_999} {
		if got := sequence(booking(seq)); got != seq {
			t.Errorf("sequence of booking %d is %d", seq, got)
		}
	}
}

func TestFrames(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 125, 126, 1000} {
		payload := bytes.Repeat([]byte{'x'}, size)
		framed := appendFrame(nil, opText, payload)
		head := len(framed) - size
		mask(framed[head:])
		if !bytes.Equal(framed[head:], payload) {
			t.Errorf("%d bytes do not survive masking", size)
		}
	}
	for _, row := range []struct {
		name string
		head []byte
		size int
	}{{"short", []byte{0x81, 5}, 5}, {"16 bit", []byte{0x81, 126, 1, 0}, 256}, {"64 bit", []byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 65536}} {
		whole := append(row.head, bytes.Repeat([]byte{'x'}, row.size)...)
		if f, n := parseFrame(append(whole, "next"...)); n != len(whole) || len(f.payload) != row.size || !f.final || f.opcode != opText {
			t.Errorf("%s: parsed %d of %d bytes", row.name, n, len(whole))
		}
		for cut := range min(len(whole), 300) {
			if _, n := parseFrame(whole[:cut]); n != 0 {
				t.Errorf("%s: parsed a frame from its first %d bytes", row.name, cut)
			}
		}
	}
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	var h histogram
	var all []int64
	for range 100_000 {
		v := rand.Int64N(1 << (1 + rand.IntN(36)))
		h.add(v)
		all = append(all, v)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.99, 0.999} {
		want, got := float64(all[int(q*float64(len(all)))]), h.quantile(q)
		if got < want*0.99-1 || got > want*1.01+1 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := new(histogram).quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
