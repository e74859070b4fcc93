package dokkerr

import (
	"context"
	"slices"
)

const maxEventName = 64

// taken are the names that an application's event must not have: those of the contract, §2 and §3, and those that the
// client library keeps for itself.
var taken = []string{
	messageNew, messageRead, "message.typing", "message.history", "conversation.list",
	"booking.list", bookingCreated, bookingUpdated, bookingCancelled,
	paymentProcessing, paymentCompleted, paymentFailed,
	notificationNew, "notification.list", "notification.read",
	"sync", "sync.gap", "auth.refresh", "auth.expiring", "user.block", "user.unblock", "presence.update", "error",
	"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
}

// Announce commits, or when it is not durable just tells, an application's own event. Both are told in the order of commits.
func (s *Service) Announce(ctx context.Context, o Once, in ApplicationEvent) error {
	in, err := checkAnnouncement(in)
	if err != nil {
		return err
	}
	_, err = once(ctx, s, o, func(tx Tx) (struct{}, error) { return struct{}{}, s.announce(tx, in) })
	return err
}

func checkAnnouncement(in ApplicationEvent) (ApplicationEvent, error) {
	if err := checkLine("event", in.Event, 1, maxEventName); err != nil {
		return in, err
	}
	if slices.Contains(taken, in.Event) {
		return in, invalid("event", "must not be a name of the contract or of the client library")
	}
	if (in.UserID == "") == (in.BookingID == "") {
		return in, invalid("userId", "or bookingId must be given, and not both")
	}
	data, err := compactObject("data", in.Data)
	in.Data = data
	return in, err
}

func (s *Service) announce(tx Tx, in ApplicationEvent) error {
	to, err := receivers(tx, in)
	if err != nil {
		return err
	}
	e, err := newEntry(in.Event, in.Data, TimeOf(s.now()), to...)
	if err != nil {
		return err
	}
	e.Durable = in.Durable
	tx.Append(e)
	return nil
}

// receivers finds the user, or the booking's parties.
func receivers(tx Tx, in ApplicationEvent) ([]ID, error) {
	ids := finder{lookup: tx}
	if in.UserID != "" {
		return []ID{ids.find(KindUser, "userId", in.UserID)}, ids.err
	}
	id := ids.find(KindBooking, "bookingId", in.BookingID)
	if ids.err != nil {
		return nil, ids.err
	}
	b, err := tx.Booking(id)
	return []ID{b.BoaterID, b.OwnerID}, err
}
