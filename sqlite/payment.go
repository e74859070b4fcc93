package sqlite

import "github.com/dokkerr/realtime/dokkerr"

const selectPayments = `
SELECT p.id, b.id, p.amount, p.currency, p.status, p.version, p.time
FROM payment p JOIN booking b ON b.key = p.booking WHERE `

const (
	paymentByID       = selectPayments + `p.id = ?`
	paymentsOfBooking = selectPayments + `b.id = ? ORDER BY p.key`
)

func scanPayment(scan func(...any) error) (p dokkerr.Payment, err error) {
	var at int64
	err = scan(&p.PaymentID, &p.BookingID, &p.Amount, &p.Currency, &p.Status, &p.Version, &at)
	p.Timestamp = timeOf(at)
	return p, err
}

// Payment implements dokkerr.Lookup.
func (l *lookup) Payment(id dokkerr.ID) (dokkerr.Payment, error) {
	return scanPayment(func(dest ...any) error { return l.row(paymentByID, []any{id[:]}, dest...) })
}

// Payments implements dokkerr.Lookup.
func (l *lookup) Payments(booking dokkerr.ID) (list []dokkerr.Payment, err error) {
	err = l.each(paymentsOfBooking, []any{booking[:]}, func(scan func(...any) error) error {
		p, err := scanPayment(scan)
		list = append(list, p)
		return err
	})
	return list, err
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
