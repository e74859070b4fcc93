package sqlite

import "maps"

// cache keeps at least the limit last used entries and at most twice as many.
type cache[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{limit: limit, young: map[K]V{}}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	v, ok := c.young[key]
	if ok {
		return v, true
	}
	if v, ok = c.old[key]; ok {
		c.put(key, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(key K, v V) {
	if len(c.young) >= c.limit {
		c.old, c.young = c.young, map[K]V{}
	}
	c.young[key] = v
}

// drop forgets one entry.
func (c *cache[K, V]) drop(key K) {
	delete(c.young, key)
	delete(c.old, key)
}

// dropAll forgets the entries whose key is meant.
func (c *cache[K, V]) dropAll(meant func(K) bool) {
	for _, entries := range []map[K]V{c.young, c.old} {
		maps.DeleteFunc(entries, func(key K, _ V) bool { return meant(key) })
	}
}

func (c *cache[K, V]) clear() {
	clear(c.young)
	c.old = nil
}
