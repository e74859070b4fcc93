package sqlite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/dokkerr/realtime/dokkerr"
)

// keyLimit is how many keys are collected before they go into the table: 1 MB of memory with those that are on their way, and twice as
// many rows to read at Open.
const keyLimit = 1 << 13

// keys knows which messages have keys. Those of older messages are in the table message_key; those of the newest are here, and go
// into the table in the order of their hashes, as many with each commit as it brings: so a page of the table takes many at
// once, where each would else be a page of its own in the write-ahead log. What is lost here with the process is read from the messages'
// rows at Open. Its owner is the writer's goroutine.
type keys struct {
	conn  *conn
	hash  func(sender dokkerr.ID, key string) int64 // fixed at birth
	limit int                                       // of young, with which it becomes old; fixed at birth

	young map[int64]int64 // events by hash
	old   []keyed         // on their way into the table, ascending
	end   int64           // when they are there, so are the keys of all events up to this one

	added  []int64 // hashes that the transaction has put into young
	merged int     // how many of old the transaction has put into the table
}

// keyed is an event whose message has a key.
type keyed struct{ hash, event int64 }

func (k keyed) compare(other keyed) int {
	return cmp.Or(cmp.Compare(k.hash, other.hash), cmp.Compare(k.event, other.event))
}

func newKeys(c *conn, o *Options) *keys {
	k := &keys{conn: c, hash: o.keyHash, limit: cmp.Or(o.keyLimit, keyLimit), young: map[int64]int64{}}
	if k.hash == nil {
		k.hash = hashKey
	}
	return k
}

// hashKey is the start of a SHA-256: nobody can make so many keys with one hash that finding them takes long.
func hashKey(sender dokkerr.ID, key string) int64 {
	var text [len(sender) + 4*64]byte // a key has at most 64 characters
	n := copy(text[:], sender[:])
	sum := sha256.Sum256(append(text[:n], key...))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// recent yields the events with a hash whose keys are not in the table yet.
func (k *keys) recent(hash int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		if event, ok := k.young[hash]; ok && !yield(event) {
			return
		}
		first, _ := slices.BinarySearchFunc(k.old, keyed{hash: hash}, keyed.compare)
		for _, e := range k.old[first:] {
			if e.hash != hash || !yield(e.event) {
				return
			}
		}
	}
}

func (k *keys) isRecent(hash int64) bool {
	for range k.recent(hash) {
		return true
	}
	return false
}

const insertKey = `INSERT OR IGNORE INTO message_key (hash, event) VALUES (?, ?)`

// add notes an event of the transaction. Of two with one hash the second goes into the table at once.
func (k *keys) add(hash, event int64) error {
	if _, taken := k.young[hash]; taken {
		return k.exec(insertKey, hash, event)
	}
	k.young[hash] = event
	k.added = append(k.added, hash)
	return nil
}

// merge puts as many of the old keys into the table as the transaction has brought new ones.
func (k *keys) merge() error {
	n := min(len(k.added), len(k.old))
	for _, e := range k.old[:n] {
		if err := k.exec(insertKey, e.hash, e.event); err != nil {
			return err
		}
	}
	k.merged = n
	if n == 0 || n < len(k.old) {
		return nil
	}
	return k.exec("UPDATE message_key_mark SET event = ?", k.end)
}

// committed follows the transaction. When no old keys are left and there are enough young ones, those are the old ones: of all events
// up to the last.
func (k *keys) committed(last int64) {
	k.old = k.old[k.merged:]
	k.added, k.merged = k.added[:0], 0
	if len(k.old) > 0 || len(k.young) < k.limit {
		return
	}
	k.old = make([]keyed, 0, len(k.young))
	for hash, event := range maps.All(k.young) {
		k.old = append(k.old, keyed{hash, event})
	}
	slices.SortFunc(k.old, keyed.compare)
	clear(k.young)
	k.end = last
}

// undone follows a transaction that came to nothing.
func (k *keys) undone() {
	for _, hash := range k.added {
		delete(k.young, hash)
	}
	k.added, k.merged = k.added[:0], 0
}

// load takes up what an earlier process had in memory. It writes only when that is more than one can have had.
func (k *keys) load(last int64) error {
	// The events behind the last were deleted, and their numbers will be given again.
	if err := k.exec("UPDATE message_key_mark SET event = ?1 WHERE event > ?1", last); err != nil {
		return err
	}
	for {
		more, err := k.read(last)
		if err != nil || !more && len(k.old) <= 2*k.limit+maxBatch {
			return err
		}
		if err := k.mergeAll(); err != nil {
			return errors.Join(err, k.exec("ROLLBACK"))
		}
	}
}

const selectKeyed = `
SELECT user.id, client_key, event.key FROM event JOIN user ON user.key = user_b
WHERE event.key > (SELECT event FROM message_key_mark) AND client_key IS NOT NULL ORDER BY event.key LIMIT ?`

// read reads the first of the keys that may not be in the table, 16 times the limit. There may be more.
func (k *keys) read(last int64) (more bool, err error) {
	most := 16 * k.limit
	k.old, k.end = nil, last
	err = k.conn.each(context.Background(), selectKeyed, []any{most}, func(scan func(...any) error) error {
		var sender dokkerr.ID
		var key string
		var event int64
		err := scan(&sender, &key, &event)
		k.old = append(k.old, keyed{k.hash(sender, key), event})
		return err
	})
	if more = len(k.old) == most; more {
		k.end = k.old[most-1].event
	}
	slices.SortFunc(k.old, keyed.compare)
	return more, err
}

func (k *keys) mergeAll() error {
	if err := k.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, e := range k.old {
		if err := k.exec(insertKey, e.hash, e.event); err != nil {
			return err
		}
	}
	if err := k.exec("UPDATE message_key_mark SET event = ?", k.end); err != nil {
		return err
	}
	return k.exec("COMMIT")
}

func (k *keys) exec(query string, args ...any) error {
	_, err := k.conn.exec(context.Background(), query, args...)
	return err
}
