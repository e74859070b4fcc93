package sqlite

import "github.com/dokkerr/realtime/dokkerr"

const selectPayment = `
SELECT p.id, b.id, p.amount, p.currency, p.status, p.version, p.time
FROM payment p JOIN booking b ON b.key = p.booking WHERE p.id = ?`

// Payment implements dokkerr.Lookup.
func (l *lookup) Payment(id dokkerr.ID) (p dokkerr.Payment, err error) {
	var at int64
	err = l.row(selectPayment, []any{id[:]},
		&p.PaymentID, &p.BookingID, &p.Amount, &p.Currency, &p.Status, &p.Version, &at)
	p.Timestamp = timeOf(at)
	return p, err
}

const putPayment = `
INSERT INTO payment (id, booking, amount, currency, status, version, time)
VALUES (?, (SELECT key FROM booking WHERE id = ?), ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, version = excluded.version, time = excluded.time`

// PutPayment implements dokkerr.Tx.
func (t *tx) PutPayment(p dokkerr.Payment) {
	t.later(func() error {
		return t.w.exec(putPayment, p.PaymentID[:], p.BookingID[:], p.Amount, p.Currency, p.Status, p.Version,
			p.Timestamp.UnixMilli())
	})
}
