package dokkerr

import (
	"context"
	"errors"
	"fmt"
)

// Outcome is what became of what the payment provider told.
type Outcome string

// The outcomes. All but Repeated are stored.
const (
	Applied  Outcome = "applied"  // the payment stands where the event says, be it that it stood there before
	Late     Outcome = "late"     // something newer or final had come before; nothing changed
	Parked   Outcome = "parked"   // it does not fit what is known here; somebody must look, and let the provider send it again
	Ignored  Outcome = "ignored"  // it says nothing of a payment
	Repeated Outcome = "repeated" // it was heard before, and not parked; nothing changed
)

// ProviderEvent is what the payment provider told, once it is known to be the provider's.
type ProviderEvent struct {
	ID      string      // the provider's
	Body    [32]byte    // SHA-256 of what was sent, to the byte
	Type    string      // the provider's
	Created Time        // by the provider's clock, which counts seconds
	Payment *PaymentPut // what it says of a payment; nil: nothing
	Reason  string      // why it is parked; of one that was not heard yet: why it must be
	Outcome Outcome     // "" until it was heard
	Heard   Time        // zero until then
}

// Hear commits what the payment provider told with its effect, and returns it with its outcome. Any order and any
// repetition of a payment's events end in the same state: success overrides everything, and among the attempts before it
// the last by the provider's clock counts (contract §4). The same id with another body is IdempotencyConflict.
func (s *Service) Hear(ctx context.Context, in ProviderEvent) (ProviderEvent, error) {
	return update(ctx, s.store, func(tx Tx) (ProviderEvent, error) {
		first, err := tx.ProviderEvent(in.ID)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && first.Body == in.Body && first.Outcome == Parked:
			return s.hear(tx, in)
		case err == nil && first.Body != in.Body:
			return first, &Error{Code: IdempotencyConflict, Message: "the event was heard before with another body"}
		}
		first.Outcome = Repeated
		return first, err
	})
}

func (s *Service) hear(tx Tx, in ProviderEvent) (_ ProviderEvent, err error) {
	in.Heard = TimeOf(s.now())
	in.Outcome, err = s.apply(tx, in)
	if misfits(err) {
		in.Outcome, in.Reason, err = Parked, err.Error(), nil
	}
	if err == nil {
		tx.PutProviderEvent(in)
	}
	return in, err
}

// misfits tells what is wrong about an event from what is wrong with the store.
func misfits(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == NotFound || e.Code == Conflict || e.Code == ValidationError)
}

func (s *Service) apply(tx Tx, in ProviderEvent) (Outcome, error) {
	switch {
	case in.Reason != "":
		return Parked, nil
	case in.Payment == nil:
		return Ignored, nil
	}
	if err := checkPayment(*in.Payment); err != nil {
		return "", err
	}
	_, p, err := findPayment(tx, *in.Payment)
	if err != nil {
		return "", err
	}
	if late, err := isLate(tx, p, in); late || err != nil {
		return Late, err
	}
	if _, err := s.putPayment(tx, *in.Payment); err != nil {
		return "", err
	}
	return Applied, nil
}

// isLate says whether the payment has already gone beyond what the event tells. Its order is total, so that the highest
// event wins whenever it comes: pending, then attempts by their time and in one second by their end, then success.
func isLate(tx Tx, p Payment, in ProviderEvent) (bool, error) {
	switch status := in.Payment.Status; {
	case p.succeeded():
		return true, nil
	case status == completed, p.Status == "":
		return false, nil
	case status == pending:
		return p.Status != pending, nil
	case status != processing && status != failed:
		return false, fmt.Errorf("dokkerr: no provider's event tells %q", status)
	}
	last, err := tx.LastAttempt(p.PaymentID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if in.Created.Equal(last.Time) {
		return p.Status == failed && in.Payment.Status == processing, err
	}
	return in.Created.Before(last.Time), err
}
