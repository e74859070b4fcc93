package sqlite

import (
	"github.com/dokkerr/realtime/dokkerr"
)

const selectProviderEvent = `
SELECT body, type, created, outcome, reason, heard FROM provider_event WHERE id = ?`

const selectLastAttempt = `
SELECT created FROM provider_event
WHERE payment = ? AND outcome = 'applied' AND status IN ('processing', 'failed')
ORDER BY created DESC LIMIT 1`

const putProviderEvent = `
INSERT INTO provider_event (id, body, type, created, payment, status, outcome, reason, heard)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason, heard = excluded.heard`

// ProviderEvent implements dokkerr.Tx.
func (l *lookup) ProviderEvent(id string) (dokkerr.ProviderEvent, error) {
	e := dokkerr.ProviderEvent{ID: id}
	var body []byte
	var created, heard int64
	err := l.row(selectProviderEvent, []any{id}, &body, &e.Type, &created, &e.Outcome, &e.Reason, &heard)
	copy(e.Body[:], body)
	e.Created, e.Heard = timeOf(created), timeOf(heard)
	return e, err
}

// LastAttempt implements dokkerr.Tx.
func (t *tx) LastAttempt(payment dokkerr.ID) (dokkerr.Time, error) {
	var created int64
	err := t.row(selectLastAttempt, []any{payment[:]}, &created)
	return timeOf(created), err
}

// PutProviderEvent implements dokkerr.Tx.
func (t *tx) PutProviderEvent(e dokkerr.ProviderEvent) {
	var payment, status any
	if e.Payment != nil {
		payment, status = e.Payment.PaymentID[:], e.Payment.Status
	}
	t.later(func() error {
		return t.w.exec(putProviderEvent, e.ID, e.Body[:], e.Type, e.Created.UnixMilli(), payment, status,
			string(e.Outcome), e.Reason, e.Heard.UnixMilli())
	})
}
