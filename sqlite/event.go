package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dokkerr/realtime/dokkerr"
)

// insertEvent writes nothing if the table knows the hash of the message's key, if it has one.
const insertEvent = `
INSERT INTO event (key, name, time, origin, user_a, pos_a, user_b, pos_b, id, conversation, seq, low_sent, client_key, data)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM message_key WHERE hash = ?)`

// append gives the event its positions, its row and its place among those to be told.
func (w *writer) append(e dokkerr.Entry) error {
	if e.Durable {
		if err := w.insertEvent(e); err != nil {
			return err
		}
	}
	w.tx.events = append(w.tx.events, e.Event)
	return nil
}

// insertEvent writes the row, and moves the heads once that has worked.
func (w *writer) insertEvent(e dokkerr.Entry) error {
	m, err := w.place(e)
	if err != nil {
		return err
	}
	a, err := w.receiver(e.To[:1])
	if err != nil {
		return err
	}
	b, err := w.receiver(e.To[1:])
	if err != nil {
		return err
	}
	err = w.insertRow(e, w.lastKey+1, e.Name, e.Time.UnixMilli(), e.Origin, a.key, a.position, b.key, b.position,
		nullID(e.ID), m.conversation, m.seq, m.lowSent, m.key, string(e.Data))
	if err != nil {
		return err
	}
	w.lastKey++
	a.assign()
	b.assign()
	m.assign()
	return nil
}

// insertRow gives dokkerr.ErrKeyUsed for a message whose key its sender has used before.
func (w *writer) insertRow(e dokkerr.Entry, columns ...any) error {
	if e.Message == nil || e.Message.Key == "" {
		return w.exec(insertEvent, append(columns, nil)...)
	}
	hash := w.keys.hash(e.To[1].User, e.Message.Key)
	isNew, err := !w.keys.isRecent(hash), error(nil)
	if isNew {
		isNew, err = w.insertUnlessKnown(append(columns, hash))
	}
	if !isNew && err == nil {
		err = w.insertUnlessUsed(e, columns)
	}
	if err != nil {
		return err
	}
	return w.keys.add(hash, w.lastKey+1)
}

func (w *writer) insertUnlessKnown(columns []any) (isNew bool, err error) {
	result, err := w.conn.exec(context.Background(), insertEvent, columns...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// insertUnlessUsed inserts a message whose key has the hash of another one.
func (w *writer) insertUnlessUsed(e dokkerr.Entry, columns []any) error {
	used, err := w.keyUsed(e)
	if err != nil {
		return err
	}
	if used {
		return dokkerr.ErrKeyUsed
	}
	return w.exec(insertEvent, append(columns, nil)...)
}

// keyUsed says whether a message has a key that its sender has used before.
func (w *writer) keyUsed(e dokkerr.Entry) (bool, error) {
	if e.Message.Key == "" {
		return false, nil
	}
	_, err := w.messageByKey(e.To[1].User, e.Message.Key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// received holds the columns of one receiver of an event.
type received struct {
	key, position any // nil: there is no such receiver
	user          *user
	to            *dokkerr.Recipient
}

// receiver gives a receiver, if there is one, its next position.
func (w *writer) receiver(to []dokkerr.Recipient) (received, error) {
	if len(to) == 0 {
		return received{}, nil
	}
	u, err := w.user(to[0].User)
	if err != nil {
		return received{}, err
	}
	return received{u.key, int64(w.next(u)), u, &to[0]}, nil
}

func (r received) assign() {
	if r.user != nil {
		r.user.head = dokkerr.Position(r.position.(int64))
		r.to.Position = r.user.head
	}
}

// nullID is the column of an id that may be missing.
func nullID(id dokkerr.ID) any {
	if id == (dokkerr.ID{}) {
		return nil
	}
	return id[:]
}

const selectHead = `
SELECT max(used,
	ifnull((SELECT pos_a FROM event WHERE user_a = user.key AND key <= ?1 ORDER BY pos_a DESC LIMIT 1), 0),
	ifnull((SELECT pos_b FROM event WHERE user_b = user.key AND key <= ?1 ORDER BY pos_b DESC LIMIT 1), 0))
FROM user WHERE id = ?2`

// Head implements dokkerr.Reader.
func (r *reader) Head(user dokkerr.ID) (head dokkerr.Position, err error) {
	err = r.row(selectHead, []any{r.horizon, user[:]}, &head)
	if errors.Is(err, dokkerr.ErrNotFound) {
		return 0, nil
	}
	return head, err
}

const selectInbox = `
SELECT pos_a AS pos, name, origin, data FROM event
WHERE user_a = (SELECT key FROM user WHERE id = ?1) AND pos_a > ?2 AND key <= ?3` + shownB + `
UNION ALL
SELECT pos_b, name, origin, data FROM event
WHERE user_b = (SELECT key FROM user WHERE id = ?1) AND pos_b > ?2 AND key <= ?3` + shownA + `
ORDER BY pos LIMIT ?4`

// Inbox implements dokkerr.Reader.
func (r *reader) Inbox(user dokkerr.ID, after dokkerr.Position, limit int) (inbox []dokkerr.Delivery, err error) {
	args := []any{user[:], int64(after), r.horizon, max(limit, 0)}
	err = r.each(selectInbox, args, func(scan func(...any) error) error {
		var d dokkerr.Delivery
		err := scan(&d.Position, &d.Name, &d.Origin, (*[]byte)(&d.Data))
		inbox = append(inbox, d)
		return err
	})
	return inbox, err
}
