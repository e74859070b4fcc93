package sqlite

import (
	"github.com/dokkerr/realtime/dokkerr"
)

const selectBookings = `
SELECT b.id, b.listing, boater.id, owner.id, b.status, b.version, b.time,
	p.id, p.amount, p.currency, p.status, p.version, p.time
FROM booking b JOIN user boater ON boater.key = b.boater JOIN user owner ON owner.key = b.owner
LEFT JOIN payment p ON p.booking = b.key
`

const bookingByID = `
SELECT b.id, b.listing, boater.id, owner.id, b.status, b.version, b.time
FROM booking b JOIN user boater ON boater.key = b.boater JOIN user owner ON owner.key = b.owner WHERE b.id = ?`

const bookingsOfUser = selectBookings + `WHERE b.key IN (
	SELECT key FROM booking WHERE boater = (SELECT key FROM user WHERE id = ?1) AND status IN ('pending', 'confirmed', 'active')
	UNION ALL
	SELECT key FROM booking WHERE owner = (SELECT key FROM user WHERE id = ?1) AND status IN ('pending', 'confirmed', 'active'))
ORDER BY b.key, p.key`

// bookings reads rows of selectBookings, of which a booking has one for each of its payments, or one without.
func (l *lookup) bookings(query string, args ...any) (list []dokkerr.Booking, err error) {
	err = l.each(query, args, func(scan func(...any) error) error {
		b, p, err := scanBooking(scan)
		if err != nil {
			return err
		}
		if len(list) == 0 || list[len(list)-1].BookingID != b.BookingID {
			list = append(list, b)
		}
		if last := &list[len(list)-1]; p != nil {
			last.Payments = append(last.Payments, *p)
		}
		return nil
	})
	return list, err
}

func scanBooking(scan func(...any) error) (dokkerr.Booking, *dokkerr.Payment, error) {
	b := dokkerr.Booking{Payments: []dokkerr.Payment{}}
	var at int64
	var p struct {
		id                  []byte
		amount, version, at *int64
		currency, status    *string
	}
	err := scan(&b.BookingID, &b.ListingID, &b.BoaterID, &b.OwnerID, &b.Status, &b.Version, &at,
		&p.id, &p.amount, &p.currency, &p.status, &p.version, &p.at)
	b.Timestamp = timeOf(at)
	if err != nil || p.id == nil {
		return b, nil, err
	}
	return b, &dokkerr.Payment{
		PaymentID: dokkerr.ID(p.id), BookingID: b.BookingID, Amount: *p.amount, Currency: *p.currency,
		Status: *p.status, Version: *p.version, Timestamp: timeOf(*p.at),
	}, nil
}

// Booking implements dokkerr.Lookup.
func (l *lookup) Booking(id dokkerr.ID) (dokkerr.Booking, error) {
	b := dokkerr.Booking{Payments: []dokkerr.Payment{}}
	var at int64
	err := l.row(bookingByID, []any{id[:]},
		&b.BookingID, &b.ListingID, &b.BoaterID, &b.OwnerID, &b.Status, &b.Version, &at)
	b.Timestamp = timeOf(at)
	return b, err
}

// Bookings implements dokkerr.Reader.
func (r *reader) Bookings(user dokkerr.ID) ([]dokkerr.Booking, error) {
	return r.bookings(bookingsOfUser, user[:])
}

const putBooking = `
INSERT INTO booking (id, listing, boater, owner, status, version, time) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, version = excluded.version, time = excluded.time`

// PutBooking implements dokkerr.Tx.
func (t *tx) PutBooking(b dokkerr.Booking) {
	t.later(func() error {
		boater, err := t.w.user(b.BoaterID)
		if err != nil {
			return err
		}
		owner, err := t.w.user(b.OwnerID)
		if err != nil {
			return err
		}
		return t.w.exec(putBooking, b.BookingID[:], b.ListingID[:], boater.key, owner.key, b.Status, b.Version,
			b.Timestamp.UnixMilli())
	})
}
