package sqlite

import (
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

// missed are a user's events after a position but a session's own, ascending.
const missed = `
	SELECT pos_a AS pos, time FROM event
	WHERE user_a = (SELECT key FROM user WHERE id = ?1) AND pos_a > ?2 AND origin <> ?3 AND key <= ?4` + shownB + `
	UNION ALL
	SELECT pos_b, time FROM event
	WHERE user_b = (SELECT key FROM user WHERE id = ?1) AND pos_b > ?2 AND origin <> ?3 AND key <= ?4` + shownA + `
	ORDER BY pos LIMIT ?5`

const (
	selectMissed = `SELECT count(*) FROM (` + missed + `)`
	selectFirst  = `SELECT time FROM (` + missed + `)`
)

// ownOrigin is the origin of a session's own events. A session "" has none, while the back end's events have the origin "".
func ownOrigin(session string) string {
	if session == "" {
		return "\x00"
	}
	return session
}

// Missed implements dokkerr.Reader. A session "" has no events of its own.
func (r *reader) Missed(user dokkerr.ID, after dokkerr.Position, session string, limit int) (m dokkerr.Missed, err error) {
	own := ownOrigin(session)
	var first int64
	err = r.row(selectFirst, []any{user[:], int64(after), own, r.horizon, 1}, &first)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return dokkerr.Missed{}, nil
	}
	if err != nil {
		return dokkerr.Missed{}, err
	}
	m.First = timeOf(first)
	err = r.row(selectMissed, []any{user[:], int64(after), own, r.horizon, limit}, &m.Count)
	return m, err
}

// newest are a user's events, descending.
const newest = `
	SELECT pos_a AS pos, time FROM event
	WHERE user_a = (SELECT key FROM user WHERE id = ?1) AND pos_a > ?2 AND time < ?3 AND key <= ?4` + shownB + `
	UNION ALL
	SELECT pos_b, time FROM event
	WHERE user_b = (SELECT key FROM user WHERE id = ?1) AND pos_b > ?2 AND time < ?3 AND key <= ?4` + shownA + `
	ORDER BY pos DESC LIMIT 1 OFFSET ?5`

const selectOldest = `SELECT pos FROM (` + newest + `)`

// Oldest implements dokkerr.Reader.
func (r *reader) Oldest(user dokkerr.ID, before dokkerr.Time, behind int) (dokkerr.Position, error) {
	counted, err := r.newest(user, 0, everything, behind)
	if err != nil {
		return 0, err
	}
	aged, err := r.newest(user, counted, before.UnixMilli(), 0)
	return max(counted, aged), err
}

// newest returns the position of the newest event after a position and before a time, but so many; 0 for none.
func (r *reader) newest(user dokkerr.ID, after dokkerr.Position, before int64, but int) (p dokkerr.Position, err error) {
	err = r.row(selectOldest, []any{user[:], int64(after), before, r.horizon, but}, &p)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return 0, nil
	}
	return p, err
}
