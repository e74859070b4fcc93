package sqlite

import (
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	passing = `SELECT key, origin, user_a, pos_a, ifnull(user_b, 0), ifnull(pos_b, 0) FROM event INDEXED BY event_passing
		WHERE id IS NULL AND time < ? AND key <= ? ORDER BY time LIMIT ?`

	selectExpired = `SELECT EXISTS (` + passing + `)`
	deleteEvent   = `DELETE FROM event WHERE key = ?`
	// A position is used for ever, deleted or not.
	putTrimmed = `
UPDATE user SET used = max(used, ?2), trimmed = max(trimmed, ?2), trimmed_origin = iif(?2 > trimmed, ?3, trimmed_origin),
	trimmed_other = CASE
		WHEN trimmed_origin = ?3 THEN trimmed_other
		WHEN ?2 > trimmed THEN trimmed
		ELSE max(trimmed_other, ?2)
	END
WHERE key = ?1`
	selectTrimmed = `SELECT iif(trimmed_origin = ?2, trimmed_other, trimmed) FROM user WHERE id = ?1`
)

// Expired implements dokkerr.Reader.
func (r *reader) Expired(before dokkerr.Time) (some bool, err error) {
	err = r.row(selectExpired, []any{before.UnixMilli(), r.horizon, 1}, &some)
	return some, err
}

// Trimmed implements dokkerr.Reader.
func (r *reader) Trimmed(user dokkerr.ID, session string) (p dokkerr.Position, err error) {
	err = r.row(selectTrimmed, []any{user[:], ownOrigin(session)}, &p)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return 0, nil
	}
	return p, err
}

// Trim implements dokkerr.Tx.
func (t *tx) Trim(before dokkerr.Time, limit int) {
	t.later(func() error { return t.w.trim(before, limit) })
}

// vacated is a place in an inbox that becomes a hole.
type vacated struct{ user, pos int64 }

// old is an event to delete.
type old struct {
	key    int64
	origin string
	from   [2]vacated // user 0 is nobody
}

func (w *writer) trim(before dokkerr.Time, limit int) error {
	var all []old
	args := []any{before.UnixMilli(), w.horizon.Load(), limit}
	err := w.conn.each(w.tx.ctx, passing, args, func(scan func(...any) error) error {
		var o old
		a, b := &o.from[0], &o.from[1]
		err := scan(&o.key, &o.origin, &a.user, &a.pos, &b.user, &b.pos)
		all = append(all, o)
		return err
	})
	for i := 0; i < len(all) && err == nil; i++ {
		err = w.delete(all[i])
	}
	return err
}

func (w *writer) delete(o old) error {
	for _, v := range o.from {
		if v.user == 0 {
			continue
		}
		if err := w.exec(putTrimmed, v.user, v.pos, o.origin); err != nil {
			return err
		}
	}
	return w.exec(deleteEvent, o.key)
}
