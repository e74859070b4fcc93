package limit

// recent keeps a value for each of the keys used last, at most a fixed number: the longest unused one is forgotten first.
// It is not for concurrent use.
type recent[K comparable, V any] struct {
	capacity int         // fixed at birth
	none     V           // fixed at birth: the value of a key that is not remembered
	places   map[K]int32 // where a key is in entries
	entries  []entry[K, V]
}

// entry is one key's. entries is a ring by last use, in which entries[0] belongs to no key and joins the ends; they name each other by
// index, so that the garbage collector need not follow them.
type entry[K comparable, V any] struct {
	key          K
	value        V
	newer, older int32
}

func newRecent[K comparable, V any](capacity int, none V) recent[K, V] {
	return recent[K, V]{capacity: max(capacity, 1), none: none, places: make(map[K]int32), entries: make([]entry[K, V], 1)}
}

// peek returns a key's value, and remembers nothing.
func (r *recent[K, V]) peek(key K) V {
	if i, known := r.places[key]; known {
		return r.entries[i].value
	}
	return r.none
}

// use returns where a key's value is until the next call. The key is now the newest.
func (r *recent[K, V]) use(key K) *V {
	if newest := r.entries[0].older; newest != 0 && r.entries[newest].key == key {
		return &r.entries[newest].value // who comes in bursts is not looked up each time
	}
	i, known := r.places[key]
	if known {
		r.unlink(i)
	} else {
		i = r.vacate()
		r.entries[i] = entry[K, V]{key: key, value: r.none}
		r.places[key] = i
	}
	r.link(i)
	return &r.entries[i].value
}

// vacate returns an unused entry, or the oldest one, emptied.
func (r *recent[K, V]) vacate() int32 {
	if len(r.places) < r.capacity {
		r.entries = append(r.entries, entry[K, V]{})
		return int32(len(r.entries) - 1)
	}
	oldest := r.entries[0].newer
	delete(r.places, r.entries[oldest].key)
	r.unlink(oldest)
	return oldest
}

func (r *recent[K, V]) unlink(i int32) {
	e := &r.entries[i]
	r.entries[e.older].newer = e.newer
	r.entries[e.newer].older = e.older
}

// link puts an entry at the ring's new end.
func (r *recent[K, V]) link(i int32) {
	newest := r.entries[0].older
	r.entries[i].older, r.entries[i].newer = newest, 0
	r.entries[newest].newer = i
	r.entries[0].older = i
}
