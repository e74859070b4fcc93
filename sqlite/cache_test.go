package sqlite

import "testing"

// TestCache puts and asks in turns: what was used in the last limit steps is there, and never more than twice as much.
func TestCache(t *testing.T) {
	const limit = 10
	c := newCache[int, int](limit)
	for i := range 1000 {
		if v, ok := c.get(i % 100 / 10); ok && v != i%100/10 {
			t.Fatalf("%d in place of %d", v, i%100/10)
		}
		c.put(1000+i, i)
		for back := range limit - 1 {
			if v, ok := c.get(1000 + i - back); i >= back && (!ok || v != i-back) {
				t.Fatalf("step %d: what was put %d steps ago is %d, %v", i, back, v, ok)
			}
		}
		if n := len(c.young) + len(c.old); n > 2*limit {
			t.Fatalf("%d entries", n)
		}
	}
	c.clear()
	if _, ok := c.get(1999); ok {
		t.Error("something is left")
	}
}
