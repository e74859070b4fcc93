package sqlite

import (
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	// The row of who is erased keeps what is to be deleted, under an id that nobody knows. The bookings stay with the id, and so do
	// the revocations.
	hideUser        = `UPDATE user SET id = randomblob(16), seen = 0 WHERE key = ?`
	insertNobody    = `INSERT INTO user (id, used, past) VALUES (?, ?2, ?2)`
	moveBoater      = `UPDATE booking SET boater = ?2 WHERE boater = ?1`
	moveOwner       = `UPDATE booking SET owner = ?2 WHERE owner = ?1`
	moveRevocations = `UPDATE revocation SET user = ?2 WHERE user = ?1`
	insertErasing   = `INSERT INTO erasing (user) VALUES (?)`

	// chatting is true for an event that goes with either of its two users.
	chatting = `name IN ('message.new', 'message.read')`
	// Behind an event whose other user is named, these leave out what that user's erasure has not come to yet.
	shownA = ` AND NOT (ifnull(user_a, 0) IN (SELECT user FROM erasing) AND ` + chatting + `)`
	shownB = ` AND NOT (ifnull(user_b, 0) IN (SELECT user FROM erasing) AND ` + chatting + `)`
)

// Erase implements dokkerr.Tx.
func (t *tx) Erase(user dokkerr.ID) {
	t.later(func() error { return t.w.erase(user) })
}

// erase gives the id to a new row. What the old one has is not shown from then on, and deleted later, in slices.
func (w *writer) erase(id dokkerr.ID) error {
	u, err := w.user(id)
	if err != nil {
		return err
	}
	past := w.next(u)
	if err := w.exec(hideUser, u.key); err != nil {
		return err
	}
	key, err := w.insert(insertNobody, id[:], int64(past))
	if err != nil {
		return err
	}
	for _, query := range []string{moveBoater, moveOwner, moveRevocations} {
		if err := w.exec(query, u.key, key); err != nil {
			return err
		}
	}
	if err := w.exec(insertErasing, u.key); err != nil {
		return err
	}
	w.users.put(id, &user{key: key, head: past})
	isTheirs := func(users pair) bool { return users[0] == id || users[1] == id }
	w.talks.dropAll(isTheirs)
	w.blocks.dropAll(isTheirs)
	w.erasing = true
	return nil
}

// Past implements dokkerr.Reader.
func (r *reader) Past(user dokkerr.ID) (past dokkerr.Position, err error) {
	err = r.row("SELECT past FROM user WHERE id = ?", []any{user[:]}, &past)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return 0, nil
	}
	return past, err
}
