package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

// user is what the writer knows of one.
type user struct {
	key  int64
	seen bool
	head dokkerr.Position // the last one assigned
}

const selectUser = `
SELECT key, seen, max(used,
	ifnull((SELECT pos_a FROM event WHERE user_a = user.key ORDER BY pos_a DESC LIMIT 1), 0),
	ifnull((SELECT pos_b FROM event WHERE user_b = user.key ORDER BY pos_b DESC LIMIT 1), 0))
FROM user WHERE id = ?`

// user finds a user, or makes a row for it.
func (w *writer) user(id dokkerr.ID) (*user, error) {
	if u, ok := w.users.get(id); ok {
		return u, nil
	}
	u := &user{}
	err := w.conn.row(context.Background(), selectUser, []any{id[:]}, &u.key, &u.seen, &u.head)
	if errors.Is(err, sql.ErrNoRows) {
		u.key, err = w.insert("INSERT INTO user (id) VALUES (?)", id[:])
	}
	if err != nil {
		return nil, err
	}
	w.users.put(id, u)
	return u, nil
}

// insert returns the key of the new row.
func (w *writer) insert(query string, args ...any) (int64, error) {
	result, err := w.conn.exec(context.Background(), query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// next is the user's next position (delivery R6).
func (w *writer) next(u *user) dokkerr.Position { return max(u.head+1, w.floor) }

func (w *writer) seeUser(id dokkerr.ID) error {
	u, err := w.user(id)
	if err != nil || u.seen {
		return err
	}
	u.seen = true
	return w.exec("UPDATE user SET seen = 1 WHERE key = ?", u.key)
}

// Seen implements dokkerr.Lookup.
func (l *lookup) Seen(id dokkerr.ID) (seen bool, err error) {
	err = l.row("SELECT seen FROM user WHERE id = ?", []any{id[:]}, &seen)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return false, nil
	}
	return seen, err
}
