package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/dokkerr/realtime/dokkerr"
)

// selectConversations counts what is unread from low_sent, without visiting what is unread: the other user's messages up
// to the last one, less those up to where this user has read.
const selectConversations = `
WITH me (key) AS (SELECT key FROM user WHERE id = ?1),
mine (key, id, other, read, other_read, is_low) AS (
	SELECT c.key, c.id, high, low_read, high_read, 1 FROM conversation c JOIN me ON low = me.key
	WHERE high NOT IN (SELECT user FROM erasing)
	UNION ALL
	SELECT c.key, c.id, low, high_read, low_read, 0 FROM conversation c JOIN me ON high = me.key
	WHERE low NOT IN (SELECT user FROM erasing))
SELECT mine.id, other.id, last.data, mine.read, mine.other_read,
	max(0, CASE WHEN is_low
		THEN (last.seq - last.low_sent) - ifnull((
			SELECT seq - low_sent FROM event WHERE conversation = mine.key AND seq = mine.read), 0)
		ELSE last.low_sent - ifnull((
			SELECT low_sent FROM event WHERE conversation = mine.key AND seq = mine.read), 0)
	END)
FROM mine JOIN user other ON other.key = mine.other
JOIN event last ON last.key = (
	SELECT key FROM event WHERE conversation = mine.key AND seq > 0 AND key <= ?2 ORDER BY seq DESC LIMIT 1)
WHERE last.key < ifnull((SELECT key FROM event WHERE id = ?3), ?4)
ORDER BY last.key DESC LIMIT ?5`

// Conversations implements dokkerr.Reader.
func (r *reader) Conversations(user, before dokkerr.ID, limit int) (list []dokkerr.Conversation, err error) {
	args := []any{user[:], r.horizon, before[:], int64(everything), limit}
	err = r.each(selectConversations, args, func(scan func(...any) error) error {
		c, err := scanConversation(scan)
		list = append(list, c)
		return err
	})
	return list, err
}

func scanConversation(scan func(...any) error) (c dokkerr.Conversation, err error) {
	var data []byte
	err = scan(&c.ConversationID, &c.OtherUserID, &data, &c.ReadSeq, &c.OtherReadSeq, &c.UnreadCount)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c.LastMessage); err != nil {
		return c, fmt.Errorf("sqlite: stored message: %w", err)
	}
	return c, nil
}

const selectContacts = `
WITH me (key) AS (SELECT key FROM user WHERE id = ?)
SELECT user.id FROM user WHERE key IN (
	SELECT high FROM conversation, me WHERE low = me.key
	UNION SELECT low FROM conversation, me WHERE high = me.key
	UNION SELECT owner FROM booking, me WHERE boater = me.key AND status IN ('pending', 'confirmed', 'active')
	UNION SELECT boater FROM booking, me WHERE owner = me.key AND status IN ('pending', 'confirmed', 'active')
	EXCEPT SELECT user FROM erasing
	EXCEPT SELECT other FROM block, me WHERE user = me.key
	EXCEPT SELECT user FROM block, me WHERE other = me.key)`

// Contacts implements dokkerr.Reader.
func (r *reader) Contacts(user dokkerr.ID) (contacts []dokkerr.ID, err error) {
	err = r.each(selectContacts, []any{user[:]}, func(scan func(...any) error) error {
		var id dokkerr.ID
		err := scan(&id)
		contacts = append(contacts, id)
		return err
	})
	return contacts, err
}
