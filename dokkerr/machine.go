package dokkerr

import (
	"errors"
	"fmt"
	"slices"
)

// machine is a state machine of the contract, §4: which states may follow a state. Those after "" may be the first.
type machine map[string][]string

const (
	pending           = "pending"
	confirmed         = "confirmed"
	active            = "active"
	completed         = "completed"
	cancelled         = "cancelled"
	refunded          = "refunded"
	processing        = "processing"
	failed            = "failed"
	partiallyRefunded = "partially_refunded"
	disputed          = "disputed"
)

// A booking may be heard of first at any time of its active life.
var bookingMachine = machine{
	"":        {pending, confirmed, active},
	pending:   {confirmed, cancelled},
	confirmed: {active, cancelled},
	active:    {completed, cancelled},
	completed: {refunded},
	cancelled: {refunded},
	refunded:  {},
}

// A payment may be heard of first by its outcome. A failed attempt is not final, and a late failure never overrides
// success.
var paymentMachine = machine{
	"":                {pending, processing, completed, failed},
	pending:           {processing, completed, failed},
	processing:        {completed, failed},
	failed:            {processing, completed},
	completed:         {refunded, partiallyRefunded, disputed},
	partiallyRefunded: {refunded, disputed},
	disputed:          {completed, refunded},
	refunded:          {},
}

// check refuses a state that the machine does not have.
func (m machine) check(status string) error {
	if _, ok := m[status]; !ok || status == "" {
		return invalid("status", "must be one of the contract")
	}
	return nil
}

// change decides what becomes of what stands at from in a version: whether it changes, or why it must not. The same state
// again is no change.
func (m machine) change(from, to string, version int64, expected *int64) (bool, error) {
	switch {
	case expected != nil && *expected != version:
		return false, conflict(fmt.Sprintf("the version is %d, not %d", version, *expected))
	case from == to:
		return false, nil
	case !slices.Contains(m[from], to):
		return false, illegalChange(from, to)
	}
	return true, nil
}

func illegalChange(from, to string) error {
	if from == "" {
		return &Error{Code: Conflict, Message: "nothing begins as " + to, illegal: true}
	}
	return &Error{Code: Conflict, Message: "what is " + from + " cannot become " + to, illegal: true}
}

// counted counts an illegal change.
func (s *Service) counted(err error) error {
	var e *Error
	if errors.As(err, &e) && e.illegal {
		s.illegal.Add(1)
	}
	return err
}

// IllegalChanges returns how many changes were refused by a state machine since the start.
func (s *Service) IllegalChanges() uint64 { return s.illegal.Load() }
