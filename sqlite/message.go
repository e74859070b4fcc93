package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	messageByID = `SELECT data FROM event WHERE id = ? AND name = 'message.new' AND key <= ?` + shownA + shownB

	ofSender      = ` AND user_b = (SELECT key FROM user WHERE id = ?2) AND client_key = ?3`
	recentMessage = `SELECT data FROM event WHERE key = ?1` + ofSender
	messageByKey  = `SELECT data FROM event WHERE key IN (SELECT event FROM message_key WHERE hash = ?1)` + ofSender
)

// messageBySession looks at the last events that have the sender in second place, where messages have it.
const messageBySession = `
SELECT data FROM (
	SELECT pos_b, name, origin, client_key, data FROM event
	WHERE user_b = (SELECT key FROM user WHERE id = ?) AND key <= ? ORDER BY pos_b DESC LIMIT 256)
WHERE name = 'message.new' AND origin = ? AND client_key IS NULL ORDER BY pos_b DESC LIMIT 1`

// Message implements dokkerr.Lookup.
func (l *lookup) Message(id dokkerr.ID) (dokkerr.Message, error) {
	return l.message(messageByID, id[:], l.horizon)
}

// MessageByKey implements dokkerr.Tx.
func (t *tx) MessageByKey(sender dokkerr.ID, key string) (dokkerr.Message, error) {
	data, err := t.w.messageByKey(sender, key)
	if err != nil {
		return dokkerr.Message{}, t.answer(err)
	}
	return decodeMessage(data)
}

// messageByKey finds a message's payload, or gives sql.ErrNoRows.
func (w *writer) messageByKey(sender dokkerr.ID, key string) (data []byte, err error) {
	hash := w.keys.hash(sender, key)
	for event := range w.keys.recent(hash) {
		err = w.conn.row(context.Background(), recentMessage, []any{event, sender[:], key}, &data)
		if !errors.Is(err, sql.ErrNoRows) {
			return data, err
		}
	}
	err = w.conn.row(context.Background(), messageByKey, []any{hash, sender[:], key}, &data)
	return data, err
}

// MessageBySession implements dokkerr.Lookup.
func (l *lookup) MessageBySession(sender dokkerr.ID, session string) (dokkerr.Message, error) {
	return l.message(messageBySession, sender[:], l.horizon, session)
}

func (l *lookup) message(query string, args ...any) (dokkerr.Message, error) {
	var data []byte
	if err := l.row(query, args, &data); err != nil {
		return dokkerr.Message{}, err
	}
	return decodeMessage(data)
}

// decodeMessage reads a message out of its event's payload.
func decodeMessage(data []byte) (m dokkerr.Message, err error) {
	if err = json.Unmarshal(data, &m); err != nil {
		err = fmt.Errorf("sqlite: stored message: %w", err)
	}
	return m, err
}

const (
	lowestMessages = `SELECT data FROM event WHERE conversation = (SELECT key FROM conversation WHERE id = ?)
		AND seq > ? AND seq < ? AND key <= ? ORDER BY seq LIMIT ?`
	highestMessages = `SELECT data FROM event WHERE conversation = (SELECT key FROM conversation WHERE id = ?)
		AND seq > ? AND seq < ? AND key <= ? ORDER BY seq DESC LIMIT ?`
)

// Messages implements dokkerr.Reader.
func (r *reader) Messages(conversation dokkerr.ID, span dokkerr.Span) (messages []dokkerr.Message, err error) {
	query := lowestMessages
	if span.Newest {
		query = highestMessages
	}
	args := []any{conversation[:], span.After, span.Before, r.horizon, span.Limit}
	err = r.each(query, args, func(scan func(...any) error) error {
		var data []byte
		if err := scan(&data); err != nil {
			return err
		}
		m, err := decodeMessage(data)
		messages = append(messages, m)
		return err
	})
	if span.Newest {
		slices.Reverse(messages)
	}
	return messages, err
}
