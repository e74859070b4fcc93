package sqlite

import "github.com/dokkerr/realtime/dokkerr"

const selectConfirmed = `SELECT device, pos, time FROM confirmed WHERE user = (SELECT key FROM user WHERE id = ?)`

// Confirmed implements dokkerr.Reader.
func (r *reader) Confirmed(user dokkerr.ID) (all []dokkerr.Confirmation, err error) {
	err = r.each(selectConfirmed, []any{user[:]}, func(scan func(...any) error) error {
		c := dokkerr.Confirmation{Device: dokkerr.Device{User: user}}
		var at int64
		err := scan(&c.Name, &c.Position, &at)
		c.At = timeOf(at)
		all = append(all, c)
		return err
	})
	return all, err
}

const (
	insertConfirmed = `
INSERT INTO confirmed (user, device, pos, time) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET pos = max(pos, excluded.pos), time = excluded.time`
	trimConfirmed = `
DELETE FROM confirmed WHERE user = ?1 AND device NOT IN (
	SELECT device FROM confirmed WHERE user = ?1 ORDER BY time DESC LIMIT ?2)`
	updateConfirmed = `UPDATE confirmed SET pos = max(pos, ?), time = ? WHERE user = ? AND device = ?`
)

// AddDevice implements dokkerr.Tx.
func (t *tx) AddDevice(c dokkerr.Confirmation, most int) {
	t.later(func() error {
		u, err := t.w.user(c.User)
		if err != nil {
			return err
		}
		if err := t.w.exec(insertConfirmed, u.key, c.Name, int64(c.Position), c.At.UnixMilli()); err != nil {
			return err
		}
		return t.w.exec(trimConfirmed, u.key, most)
	})
}

// Confirm implements dokkerr.Tx.
func (t *tx) Confirm(c dokkerr.Confirmation) {
	t.later(func() error {
		u, err := t.w.user(c.User)
		if err != nil {
			return err
		}
		return t.w.exec(updateConfirmed, int64(c.Position), c.At.UnixMilli(), u.key, c.Name)
	})
}
