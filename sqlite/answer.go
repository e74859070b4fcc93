package sqlite

import (
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// keepAnswers is how long a repetition by the back end is known.
const keepAnswers = 30 * 24 * time.Hour

// Answer implements dokkerr.Tx.
func (t *tx) Answer(key string) (dokkerr.Answer, error) {
	a := dokkerr.Answer{Key: key}
	var body []byte
	var at int64
	if err := t.row("SELECT body, data, time FROM answer WHERE key = ?", []any{key}, &body, &a.Data, &at); err != nil {
		return a, err
	}
	copy(a.Body[:], body)
	a.Time = timeOf(at)
	return a, nil
}

// PutAnswer implements dokkerr.Tx. What is too old is deleted on the way.
func (t *tx) PutAnswer(a dokkerr.Answer) {
	t.later(func() error {
		if err := t.w.exec("DELETE FROM answer WHERE time < ?", a.Time.Add(-keepAnswers).UnixMilli()); err != nil {
			return err
		}
		return t.w.exec("INSERT INTO answer (key, body, data, time) VALUES (?, ?, ?, ?)",
			a.Key, a.Body[:], string(a.Data), a.Time.UnixMilli())
	})
}
