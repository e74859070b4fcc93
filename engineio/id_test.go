package engineio

import (
	"encoding/base64"
	"testing"
)

// A million session ids: none comes twice, and each byte in them is as likely as another.
func TestSessionIDsCannotBeGuessed(t *testing.T) {
	const n = 1_000_000
	seen := make(map[[15]byte]bool, n)
	var counts [256]float64
	for range n {
		b, err := base64.RawURLEncoding.DecodeString(newID())
		if err != nil || len(b) != 15 {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		id := [15]byte(b)
		if seen[id] {
			t.Fatalf("%x came twice", id)
		}
		seen[id] = true
		for _, c := range id {
			counts[c]++
		}
	}
	sum := 0.0
	for _, count := range counts {
		const expected = n * 15 / 256.0
		sum += (count - expected) * (count - expected) / expected
	}
	if sum > 390 { // at 255 degrees of freedom once in ten million runs
		t.Errorf("chi-square %.1f", sum)
	}
}
