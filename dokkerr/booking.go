package dokkerr

import (
	"context"
	"errors"
	"slices"
)

const maxReason = 500

// The payloads of the booking events, keys in the order of the contract.
type (
	bookingCreatedEvent struct {
		BookingID ID     `json:"bookingId"`
		ListingID ID     `json:"listingId"`
		Status    string `json:"status"`
		Version   int64  `json:"version"`
		Timestamp Time   `json:"timestamp"`
	}
	bookingUpdatedEvent struct {
		BookingID ID     `json:"bookingId"`
		Status    string `json:"status"`
		Timestamp Time   `json:"timestamp"`
		Version   int64  `json:"version"`
	}
	bookingCancelledEvent struct {
		BookingID ID     `json:"bookingId"`
		Reason    string `json:"reason"`
		Version   int64  `json:"version"`
		Timestamp Time   `json:"timestamp"`
	}
)

// PutBooking creates or moves a booking (contract §4). The same status again changes nothing. A move that its state machine does not
// have, another version than the expected one and another listing, boater or owner are a Conflict.
func (s *Service) PutBooking(ctx context.Context, o Once, in BookingPut) (Booking, error) {
	if err := checkBooking(in); err != nil {
		return Booking{}, err
	}
	b, err := once(ctx, s, o, func(tx Tx) (Booking, error) { return s.putBooking(tx, in) })
	return b, s.counted(err)
}

func checkBooking(in BookingPut) error {
	if err := bookingMachine.check(in.Status); err != nil {
		return err
	}
	return checkText("reason", in.Reason, 0, maxReason)
}

func (s *Service) putBooking(tx Tx, in BookingPut) (Booking, error) {
	named, err := namedBooking(tx, in)
	if err != nil {
		return Booking{}, err
	}
	b, err := findBooking(tx, named)
	if err != nil {
		return Booking{}, err
	}
	if b.ListingID != named.ListingID || b.BoaterID != named.BoaterID || b.OwnerID != named.OwnerID {
		return Booking{}, conflict("a booking's listing, boater and owner are fixed at its creation")
	}
	changed, err := bookingMachine.change(b.Status, in.Status, b.Version, in.Version)
	if err != nil || !changed {
		return b, err
	}
	if in.Status == refunded && !b.paid() {
		return Booking{}, illegalChange(b.Status+" and was never paid", refunded)
	}
	b.Status, b.Version, b.Timestamp = in.Status, b.Version+1, TimeOf(s.now())
	return b, tellBooking(tx, b, in.Reason)
}

// namedBooking is the booking with the ids that are meant, in version 0 and without a status.
func namedBooking(tx Tx, in BookingPut) (Booking, error) {
	ids := finder{lookup: tx}
	b := Booking{
		BookingID: ids.find(KindBooking, "bookingId", in.BookingID),
		ListingID: ids.find(KindListing, "listingId", in.ListingID),
		BoaterID:  ids.find(KindUser, "boaterId", in.BoaterID),
		OwnerID:   ids.find(KindUser, "ownerId", in.OwnerID),
		Payments:  []Payment{},
	}
	if ids.err == nil && b.BoaterID == b.OwnerID {
		ids.err = invalid("ownerId", "must not be the boater")
	}
	return b, ids.err
}

// findBooking finds the booking with its payments, or gives back the one that is about to be.
func findBooking(tx Tx, named Booking) (Booking, error) {
	b, err := tx.Booking(named.BookingID)
	if errors.Is(err, ErrNotFound) {
		return named, nil
	}
	if err != nil {
		return b, err
	}
	payments, err := tx.Payments(b.BookingID)
	b.Payments = append(b.Payments, payments...)
	return b, err
}

func tellBooking(tx Tx, b Booking, reason string) error {
	e, err := bookingEntry(b, reason)
	if err != nil {
		return err
	}
	e.Booking = &BookingChange{ID: b.BookingID, Active: b.active()}
	tx.SeeUser(b.BoaterID)
	tx.SeeUser(b.OwnerID)
	tx.PutBooking(b)
	tx.Append(e)
	return notifyOfBooking(tx, b, reason)
}

func bookingEntry(b Booking, reason string) (Entry, error) {
	entry := func(name string, payload any) (Entry, error) {
		return newEntry(name, payload, b.Timestamp, b.BoaterID, b.OwnerID)
	}
	switch {
	case b.Version == 1:
		return entry(bookingCreated, bookingCreatedEvent{b.BookingID, b.ListingID, b.Status, b.Version, b.Timestamp})
	case b.Status == cancelled:
		return entry(bookingCancelled, bookingCancelledEvent{b.BookingID, reason, b.Version, b.Timestamp})
	default:
		return entry(bookingUpdated, bookingUpdatedEvent{b.BookingID, b.Status, b.Timestamp, b.Version})
	}
}

// active says whether the booking has a room, and its parties are each other's contacts.
func (b Booking) active() bool {
	return b.Status == pending || b.Status == confirmed || b.Status == active
}

// paid says whether a payment for the booking was ever completed.
func (b Booking) paid() bool {
	return slices.ContainsFunc(b.Payments, Payment.succeeded)
}
