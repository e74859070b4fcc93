package sqlite

import "github.com/dokkerr/realtime/dokkerr"

const (
	selectRevocations = `
SELECT kind, name, time FROM revocation
WHERE user = (SELECT key FROM user WHERE id = ?1)
	AND (kind, name) IN (VALUES ('user', ''), ('session', ?2), ('token', ?3))`
	putRevocation = `
INSERT INTO revocation (user, kind, name, time, until) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET time = max(time, excluded.time), until = max(until, excluded.until)`
	trimRevocations = `DELETE FROM revocation WHERE until <= ?`
)

// Revocations implements dokkerr.Lookup.
func (l *lookup) Revocations(user dokkerr.ID, session, token string) (all []dokkerr.Revocation, err error) {
	err = l.each(selectRevocations, []any{user[:], session, token}, func(scan func(...any) error) error {
		var kind, name string
		var at int64
		err := scan(&kind, &name, &at)
		r := dokkerr.Revocation{User: user, At: timeOf(at)}
		switch kind {
		case "session":
			r.SessionID = name
		case "token":
			r.TokenID = name
		}
		all = append(all, r)
		return err
	})
	return all, err
}

// PutRevocation implements dokkerr.Tx.
func (t *tx) PutRevocation(r dokkerr.Revocation, until dokkerr.Time) {
	kind, name := "user", ""
	switch {
	case r.TokenID != "":
		kind, name = "token", r.TokenID
	case r.SessionID != "":
		kind, name = "session", r.SessionID
	}
	t.later(func() error {
		u, err := t.w.user(r.User)
		if err != nil {
			return err
		}
		if err := t.w.exec(trimRevocations, r.At.UnixMilli()); err != nil {
			return err
		}
		return t.w.exec(putRevocation, u.key, kind, name, r.At.UnixMilli(), until.UnixMilli())
	})
}
