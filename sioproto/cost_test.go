package sioproto_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/sioproto"
)

// TestCost reads a megabyte of each kind that was used in attacks, or might be: time
// and memory stay in proportion to the input.
func TestCost(t *testing.T) {
	const size = 1 << 20
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (size-len(head)-len(tail))/len(part)) + tail
	}
	for name, text := range map[string]string{
		"type digits":           fill("", "2", ""),
		"count digits":          fill("5", "1", "-"),
		"id digits":             fill("2", "1", `["x"]`),
		"namespace":             fill("0/", "a", ","),
		"namespace of digits":   fill("2/", "2", ""),
		"open arrays":           fill("2", "[", ""),
		"open objects":          fill("2", `{"a":`, ""),
		"white space":           fill("2", " ", `["x"]`),
		"space in array":        fill(`2["x"`, " ", "]"),
		"one string":            fill(`2["x","`, "a", `"]`),
		"escapes":               fill(`2["x","`, `\u00e9`, `"]`),
		"backslashes":           fill(`2["x","`, `\\`, `"]`),
		"name of escapes":       fill(`2["`, `\u00e9`, `"]`),
		"combining marks":       fill(`2["x","e`, "\u0301", `"]`),
		"one number":            fill(`2["x",1`, "0", "]"),
		"numbers":               fill(`2["x"`, ",1", "]"),
		"empty arrays":          fill(`2["x"`, ",[]", "]"),
		"keys":                  fill(`2["x",{"a":1`, `,"a":1`, "}]"),
		"escaped keys":          fill(`51-["x",{"a":1`, `,"\u0061":1`, "}]"),
		"placeholders":          fill(`51-["x"`, `,{"_placeholder":true,"num":0}`, "]"),
		"placeholder in itself": fill(`51-["x"`, `,{"a":{"_placeholder":true,"num":0},"_placeholder":true,"num":0}`, "]"),
		"shallow arrays":        fill(`2["x"`, ","+nested(60), "]"),
		"cut string":            fill(`2["x","`, "a", ""),
	} {
		t.Run(name, func(t *testing.T) {
			b := []byte(text)
			took, allocated := cost(func() { readAll(b) })
			if most := slowdown * 50 * time.Millisecond; took > most {
				t.Errorf("took %v for 1 MiB, want at most %v", took, most)
			}
			if limit := uint64(4*len(b) + 4<<10); allocated > limit {
				t.Errorf("allocated %d bytes, want at most %d", allocated, limit)
			}
		})
	}
}

// readAll does with a text all that a server does.
func readAll(b []byte) {
	p, err := sioproto.Parse(b, sioproto.Limits{})
	if err != nil || p.Data == nil {
		return
	}
	if p.Attachments > 0 {
		sioproto.ReplacePlaceholders(make([]byte, 0, len(p.Data)), p.Data, putMark)
		return
	}
	_, args, err := sioproto.SplitEvent(p.Data)
	if err != nil {
		return
	}
	for range sioproto.Elements(args) {
	}
}

// cost returns the shortest time of some calls and what one of them allocated.
func cost(do func()) (took time.Duration, allocated uint64) {
	took = time.Hour
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		do()
		took = min(took, time.Since(start))
		runtime.ReadMemStats(&after)
		allocated = after.TotalAlloc - before.TotalAlloc
	}
	return took, allocated
}
