package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// pair is the two users of a conversation, the lower id first.
type pair [2]dokkerr.ID

func pairOf(a, b dokkerr.ID) pair {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return pair{a, b}
}

// conversation is what the writer knows of one: the state with its users in the order of pair, and what rows need.
type conversation struct {
	dokkerr.ConversationState
	key     int64
	lowSent int64 // how many of its messages are from the first user
}

const selectConversation = `
SELECT c.key, c.id, low.id, high.id, c.low_read, c.low_read_at, c.high_read, c.high_read_at,
	ifnull(last.seq, 0), ifnull(last.low_sent, 0)
FROM conversation c JOIN user low ON low.key = c.low JOIN user high ON high.key = c.high
LEFT JOIN event last ON last.key = (
	SELECT key FROM event WHERE conversation = c.key AND seq > 0 AND key <= ?1 ORDER BY seq DESC LIMIT 1)
WHERE `

const (
	conversationByID = selectConversation + `c.id = ?2
	AND c.low NOT IN (SELECT user FROM erasing) AND c.high NOT IN (SELECT user FROM erasing)`
	conversationByUsers = selectConversation +
		`c.low = (SELECT key FROM user WHERE id = ?2) AND c.high = (SELECT key FROM user WHERE id = ?3)`
)

// conversation reads one row of selectConversation.
func (c *conn) conversation(ctx context.Context, query string, args ...any) (*conversation, error) {
	var t conversation
	var readAt [2]int64
	err := c.row(ctx, query, args, &t.key, &t.ID, &t.Users[0], &t.Users[1],
		&t.Read[0].Seq, &readAt[0], &t.Read[1].Seq, &readAt[1], &t.Seq, &t.lowSent)
	for side, at := range readAt {
		t.Read[side].At = timeOf(at)
	}
	return &t, err
}

// timeOf reads a column of milliseconds.
func timeOf(milli int64) dokkerr.Time { return dokkerr.TimeOf(time.UnixMilli(milli)) }

// Conversation implements dokkerr.Lookup.
func (l *lookup) Conversation(id dokkerr.ID) (dokkerr.ConversationState, error) {
	t, err := l.conn.conversation(l.ctx, conversationByID, l.horizon, id[:])
	return t.ConversationState, l.answer(err)
}

// ConversationOf implements dokkerr.Lookup.
func (l *lookup) ConversationOf(a, b dokkerr.ID) (dokkerr.ConversationState, error) {
	users := pairOf(a, b)
	t, err := l.conn.conversation(l.ctx, conversationByUsers, l.horizon, users[0][:], users[1][:])
	return t.ConversationState, l.answer(err)
}

// ConversationOf implements dokkerr.Lookup from memory.
func (t *tx) ConversationOf(a, b dokkerr.ID) (dokkerr.ConversationState, error) {
	talk, err := t.w.conversation(pairOf(a, b))
	if err != nil {
		return dokkerr.ConversationState{}, t.answer(err)
	}
	return talk.ConversationState, nil
}

// conversation finds a conversation, or gives sql.ErrNoRows.
func (w *writer) conversation(users pair) (*conversation, error) {
	if t, ok := w.talks.get(users); ok {
		return t, nil
	}
	t, err := w.conn.conversation(context.Background(), conversationByUsers, int64(everything), users[0][:], users[1][:])
	if err != nil {
		return nil, err
	}
	w.talks.put(users, t)
	return t, nil
}

// beginUnlessUsed begins the conversation of a message that is the first between two users, unless its key was used to another one.
func (w *writer) beginUnlessUsed(e dokkerr.Entry, users pair) (*conversation, error) {
	used, err := w.keyUsed(e)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, dokkerr.ErrKeyUsed
	}
	return w.begin(e.Message.ConversationID, users)
}

// begin makes the row of a conversation whose first message is being written.
func (w *writer) begin(id dokkerr.ID, users pair) (*conversation, error) {
	low, err := w.user(users[0])
	if err != nil {
		return nil, err
	}
	high, err := w.user(users[1])
	if err != nil {
		return nil, err
	}
	t := &conversation{ConversationState: dokkerr.ConversationState{ID: id, Users: users}}
	t.key, err = w.insert("INSERT INTO conversation (id, low, high) VALUES (?, ?, ?)", id[:], low.key, high.key)
	if err != nil {
		return nil, err
	}
	w.talks.put(users, t)
	return t, nil
}

// placed holds the columns that only messages have.
type placed struct {
	conversation, seq, lowSent, key any // nil: it is no message
	talk                            *conversation
}

// place finds a message's place in its conversation. It begins none for a message whose key was used before.
func (w *writer) place(e dokkerr.Entry) (placed, error) {
	if e.Message == nil {
		return placed{}, nil
	}
	users := pairOf(e.To[0].User, e.To[1].User)
	t, err := w.conversation(users)
	if errors.Is(err, sql.ErrNoRows) {
		t, err = w.beginUnlessUsed(e, users)
	}
	if err != nil {
		return placed{}, err
	}
	lowSent := t.lowSent
	if sender := e.To[1].User; sender == users[0] {
		lowSent++
	}
	p := placed{conversation: t.key, seq: e.Message.Seq, lowSent: lowSent, talk: t}
	if e.Message.Key != "" {
		p.key = e.Message.Key
	}
	return p, nil
}

func (p placed) assign() {
	if p.talk != nil {
		p.talk.Seq, p.talk.lowSent = p.seq.(int64), p.lowSent.(int64)
	}
}

// PutReadMarks implements dokkerr.Tx.
func (t *tx) PutReadMarks(c dokkerr.ConversationState) {
	t.later(func() error { return t.w.putReadMarks(c) })
}

const updateReadMarks = `
UPDATE conversation SET low_read = ?, low_read_at = ?, high_read = ?, high_read_at = ? WHERE key = ?`

func (w *writer) putReadMarks(c dokkerr.ConversationState) error {
	t, err := w.conversation(pairOf(c.Users[0], c.Users[1]))
	if err != nil {
		return err
	}
	t.Read = c.Read
	return w.exec(updateReadMarks, t.Read[0].Seq, t.Read[0].At.UnixMilli(), t.Read[1].Seq, t.Read[1].At.UnixMilli(), t.key)
}
