package dokkerr

import (
	"context"
	"errors"
	"regexp"
)

const (
	maxAmount       = 1<<53 - 1 // what a client can count exactly
	maxPaymentError = 200
)

var (
	currencyCode = regexp.MustCompile(`^[a-z]{3}$`)
	cardNumber   = regexp.MustCompile(`[0-9]([ -]?[0-9]){11}`)
)

// The payloads of the payment events, keys in the order of the contract.
type (
	paymentProcessingEvent struct {
		PaymentID ID     `json:"paymentId"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
		BookingID ID     `json:"bookingId"`
		Version   int64  `json:"version"`
		Timestamp Time   `json:"timestamp"`
	}
	paymentCompletedEvent struct {
		PaymentID ID     `json:"paymentId"`
		Status    string `json:"status"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
		BookingID ID     `json:"bookingId"`
		Version   int64  `json:"version"`
		Timestamp Time   `json:"timestamp"`
	}
	paymentFailedEvent struct {
		PaymentID ID     `json:"paymentId"`
		Error     string `json:"error"`
		BookingID ID     `json:"bookingId"`
		Version   int64  `json:"version"`
		Timestamp Time   `json:"timestamp"`
	}
)

// PutPayment creates or moves a payment (contract §4). The same status again changes nothing. A move that its state machine does not
// have, another version than the expected one and another booking, amount or currency are a Conflict.
func (s *Service) PutPayment(ctx context.Context, o Once, in PaymentPut) (Payment, error) {
	if err := checkPayment(in); err != nil {
		return Payment{}, err
	}
	p, err := once(ctx, s, o, func(tx Tx) (Payment, error) { return s.putPayment(tx, in) })
	return p, s.counted(err)
}

func checkPayment(in PaymentPut) error {
	if in.Amount < 0 || in.Amount > maxAmount {
		return invalid("amount", "must be a whole number of minor units, 0 to 2^53-1")
	}
	if !currencyCode.MatchString(in.Currency) {
		return invalid("currency", "must be three lower-case letters")
	}
	if err := paymentMachine.check(in.Status); err != nil {
		return err
	}
	if cardNumber.MatchString(in.Error) {
		return invalid("error", "must not hold a card number")
	}
	return checkLine("error", in.Error, 0, maxPaymentError)
}

func (s *Service) putPayment(tx Tx, in PaymentPut) (Payment, error) {
	b, p, err := findPayment(tx, in)
	if err != nil {
		return Payment{}, err
	}
	from := p.Status
	changed, err := paymentMachine.change(from, in.Status, p.Version, in.Version)
	if err != nil || !changed {
		return p, err
	}
	p.Status, p.Version, p.Timestamp = in.Status, p.Version+1, TimeOf(s.now())
	tx.PutPayment(p)
	if err := tellPayment(tx, b, p, in.Error); err != nil {
		return Payment{}, err
	}
	return p, notifyOfPayment(tx, b, p, from)
}

// findPayment finds the payment, or the one that is about to be, in version 0 and without a status, and what it pays for. It refuses
// to change what was agreed.
func findPayment(tx Tx, in PaymentPut) (b Booking, p Payment, err error) {
	booking, err := resolve(tx, KindBooking, "bookingId", in.BookingID)
	if err != nil {
		return b, p, err
	}
	if b, err = tx.Booking(booking); err != nil {
		return b, p, err
	}
	p, err = tx.Payment(in.PaymentID)
	if errors.Is(err, ErrNotFound) {
		return b, Payment{PaymentID: in.PaymentID, BookingID: booking, Amount: in.Amount, Currency: in.Currency}, nil
	}
	if err == nil && (p.BookingID != booking || p.Amount != in.Amount || p.Currency != in.Currency) {
		err = conflict("a payment's booking, amount and currency are fixed at its creation")
	}
	return b, p, err
}

// succeeded says whether the payment was ever completed.
func (p Payment) succeeded() bool {
	switch p.Status {
	case completed, refunded, partiallyRefunded, disputed:
		return true
	}
	return false
}

// tellPayment tells both parties of every state but pending.
func tellPayment(tx Tx, b Booking, p Payment, cause string) error {
	if p.Status == pending {
		return nil
	}
	e, err := paymentEntry(b, p, cause)
	if err == nil {
		tx.Append(e)
	}
	return err
}

func paymentEntry(b Booking, p Payment, cause string) (Entry, error) {
	entry := func(name string, payload any) (Entry, error) {
		return newEntry(name, payload, p.Timestamp, b.BoaterID, b.OwnerID)
	}
	switch p.Status {
	case processing:
		return entry(paymentProcessing,
			paymentProcessingEvent{p.PaymentID, p.Amount, p.Currency, p.BookingID, p.Version, p.Timestamp})
	case failed:
		if cause == "" {
			cause = "failed: no reason was given"
		}
		return entry(paymentFailed, paymentFailedEvent{p.PaymentID, cause, p.BookingID, p.Version, p.Timestamp})
	default:
		return entry(paymentCompleted,
			paymentCompletedEvent{p.PaymentID, p.Status, p.Amount, p.Currency, p.BookingID, p.Version, p.Timestamp})
	}
}
