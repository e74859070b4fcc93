package sqlite

import (
	"context"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	selectBlocked = `
WITH a (key) AS (SELECT key FROM user WHERE id = ?1), b (key) AS (SELECT key FROM user WHERE id = ?2)
SELECT EXISTS (SELECT 1 FROM block, a, b WHERE block.user = a.key AND block.other = b.key)
	OR EXISTS (SELECT 1 FROM block, a, b WHERE block.user = b.key AND block.other = a.key)`
	countBlocks = `SELECT count(*) FROM block WHERE user = (SELECT key FROM user WHERE id = ?)`
	insertBlock = `INSERT INTO block (user, other, time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	deleteBlock = `DELETE FROM block WHERE user = ? AND other = ?`
)

// Blocked implements dokkerr.Lookup.
func (l *lookup) Blocked(a, b dokkerr.ID) (blocked bool, err error) {
	err = l.row(selectBlocked, []any{a[:], b[:]}, &blocked)
	return blocked, err
}

// Blocks implements dokkerr.Lookup.
func (l *lookup) Blocks(user dokkerr.ID) (n int, err error) {
	err = l.row(countBlocks, []any{user[:]}, &n)
	return n, err
}

// Blocked implements dokkerr.Lookup from memory: it is asked for every message.
func (t *tx) Blocked(a, b dokkerr.ID) (bool, error) {
	blocked, err := t.w.blocked(pairOf(a, b))
	return blocked, t.answer(err)
}

func (w *writer) blocked(users pair) (blocked bool, err error) {
	if blocked, ok := w.blocks.get(users); ok {
		return blocked, nil
	}
	err = w.conn.row(context.Background(), selectBlocked, []any{users[0][:], users[1][:]}, &blocked)
	if err == nil {
		w.blocks.put(users, blocked)
	}
	return blocked, err
}

// PutBlock implements dokkerr.Tx.
func (t *tx) PutBlock(user, other dokkerr.ID, at dokkerr.Time) {
	t.later(func() error { return t.w.changeBlock(user, other, insertBlock, at.UnixMilli()) })
}

// DeleteBlock implements dokkerr.Tx.
func (t *tx) DeleteBlock(user, other dokkerr.ID) {
	t.later(func() error { return t.w.changeBlock(user, other, deleteBlock) })
}

// changeBlock runs a query about two users, and has what is known of them read again.
func (w *writer) changeBlock(user, other dokkerr.ID, query string, more ...any) error {
	u, err := w.user(user)
	if err != nil {
		return err
	}
	o, err := w.user(other)
	if err != nil {
		return err
	}
	if err := w.exec(query, append([]any{u.key, o.key}, more...)...); err != nil {
		return err
	}
	w.blocks.drop(pairOf(user, other))
	return nil
}
