package sqlite

import (
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

// erasable are the events that go with a user: those for this user alone, and all of its conversations.
const erasable = `
	SELECT key FROM event WHERE user_a = ?1 AND (user_b IS NULL OR name IN ('message.new', 'message.read'))
	UNION ALL
	SELECT key FROM event WHERE user_b = ?1 AND name IN ('message.new', 'message.read')`

const (
	keepPositions = `
UPDATE user SET used = max(used, gone.pos) FROM (
	SELECT user, max(pos) AS pos FROM (
		SELECT user_a AS user, pos_a AS pos FROM event WHERE key IN (` + erasable + `)
		UNION ALL
		SELECT user_b, pos_b FROM event WHERE key IN (` + erasable + `) AND user_b IS NOT NULL)
	GROUP BY user) AS gone
WHERE user.key = gone.user`
	deleteEvents        = `DELETE FROM event WHERE key IN (` + erasable + `)`
	deleteConversations = `DELETE FROM conversation WHERE low = ?1 OR high = ?1`
	deleteConfirmed     = `DELETE FROM confirmed WHERE user = ?1`
	endPast             = `UPDATE user SET seen = 0, used = ?2, past = ?2 WHERE key = ?1`
)

// Erase implements dokkerr.Tx.
func (t *tx) Erase(user dokkerr.ID) {
	t.later(func() error { return t.w.erase(user) })
}

// erase takes time in proportion to the user's events, and nobody else writes meanwhile.
func (w *writer) erase(id dokkerr.ID) error {
	u, err := w.user(id)
	if err != nil {
		return err
	}
	for _, query := range []string{keepPositions, deleteEvents, deleteConversations, deleteConfirmed, deleteBlocks} {
		if err := w.exec(query, u.key); err != nil {
			return err
		}
	}
	isTheirs := func(users pair) bool { return users[0] == id || users[1] == id }
	w.talks.dropAll(isTheirs)
	w.blocks.dropAll(isTheirs)
	u.seen = false
	u.head = w.next(u)
	return w.exec(endPast, u.key, int64(u.head))
}

// Past implements dokkerr.Reader.
func (r *reader) Past(user dokkerr.ID) (past dokkerr.Position, err error) {
	err = r.row("SELECT past FROM user WHERE id = ?", []any{user[:]}, &past)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return 0, nil
	}
	return past, err
}
