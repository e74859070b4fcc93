package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	ofUser = `user_a = (SELECT key FROM user WHERE id = ?1) AND name = 'notification.new' AND key <= ?2`

	selectNotification  = `SELECT data, read_at FROM event WHERE ` + ofUser + ` AND id = ?3`
	selectNotifications = `SELECT data, read_at FROM event INDEXED BY event_notification WHERE ` + ofUser +
		` AND key < ifnull((SELECT key FROM event WHERE id = ?3), ?4) ORDER BY key DESC LIMIT ?5`
	countUnread = `SELECT count(*) FROM event WHERE ` + ofUser + ` AND read_at IS NULL`
)

// Notification implements dokkerr.Lookup.
func (l *lookup) Notification(user, id dokkerr.ID) (n dokkerr.Notification, err error) {
	var data []byte
	var readAt *int64
	if err := l.row(selectNotification, []any{user[:], l.horizon, id[:]}, &data, &readAt); err != nil {
		return n, err
	}
	return decodeNotification(data, readAt)
}

// decodeNotification reads a notification out of its event's payload.
func decodeNotification(data []byte, readAt *int64) (n dokkerr.Notification, err error) {
	if err := json.Unmarshal(data, &n); err != nil {
		return n, fmt.Errorf("sqlite: stored notification: %w", err)
	}
	if readAt != nil {
		at := timeOf(*readAt)
		n.ReadAt = &at
	}
	return n, nil
}

// Notifications implements dokkerr.Reader.
func (r *reader) Notifications(user, before dokkerr.ID, limit int) ([]dokkerr.Notification, int64, error) {
	var list []dokkerr.Notification
	args := []any{user[:], r.horizon, before[:], int64(everything), limit}
	err := r.each(selectNotifications, args, func(scan func(...any) error) error {
		var data []byte
		var readAt *int64
		if err := scan(&data, &readAt); err != nil {
			return err
		}
		n, err := decodeNotification(data, readAt)
		list = append(list, n)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	var unread int64
	err = r.row(countUnread, []any{user[:], r.horizon}, &unread)
	return list, unread, err
}

// PutReadAt implements dokkerr.Tx.
func (t *tx) PutReadAt(id dokkerr.ID, at dokkerr.Time) {
	t.later(func() error {
		return t.w.exec("UPDATE event SET read_at = ? WHERE id = ?", at.UnixMilli(), id[:])
	})
}
