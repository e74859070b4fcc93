package main

import "math/bits"

// histogram counts durations with an error below 1 %, in constant space.
type histogram struct {
	counts [64 * steps]uint64
	total  uint64
}

const (
	stepBits = 7
	steps    = 1 << stepBits // per power of two
)

func (h *histogram) add(nanoseconds int64) {
	h.counts[bucket(uint64(max(nanoseconds, 0)))]++
	h.total++
}

func bucket(v uint64) int {
	if v < steps {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - stepBits
	return (shift+1)*steps + int(v>>shift) - steps
}

// bucketFloor is the smallest value of bucket i.
func bucketFloor(i int) uint64 {
	if i < steps {
		return uint64(i)
	}
	return uint64(i%steps+steps) << (i/steps - 1)
}

// quantile returns the value in nanoseconds below which the share q of all lies; 0 when there is none.
func (h *histogram) quantile(q float64) float64 {
	rank := uint64(q * float64(h.total))
	var seen uint64
	for i, n := range h.counts {
		seen += n
		if n > 0 && seen > rank {
			return float64(bucketFloor(i)+bucketFloor(i+1)) / 2
		}
	}
	return 0
}

func (h *histogram) reset() { *h = histogram{} }
