package dokkerr

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
)

const (
	maxNotificationType = 64
	maxTitle            = 200
	maxBody             = 4000
	maxData             = 64 << 10
)

// What the service itself notifies of (contract §3).
const (
	bookingConfirmedType = "booking_confirmed"
	bookingCancelledType = "booking_cancelled"
	paymentReceivedType  = "payment_received"
	paymentFailedType    = "payment_failed"
)

// Notify commits a notification and returns its id.
func (s *Service) Notify(ctx context.Context, o Once, in NotificationNew) (ID, error) {
	data, err := checkNotification(in)
	if err != nil {
		return ID{}, err
	}
	return once(ctx, s, o, func(tx Tx) (ID, error) {
		ids := finder{lookup: tx}
		user := ids.find(KindUser, "userId", in.UserID)
		if ids.err != nil {
			return ID{}, ids.err
		}
		return notify(tx, user, Notification{
			Type: in.Type, Title: in.Title, Body: in.Body, Data: data, Timestamp: TimeOf(s.now()),
		})
	})
}

func checkNotification(in NotificationNew) (json.RawMessage, error) {
	if err := checkLine("type", in.Type, 1, maxNotificationType); err != nil {
		return nil, err
	}
	if err := checkLine("title", in.Title, 1, maxTitle); err != nil {
		return nil, err
	}
	if err := checkText("body", in.Body, 0, maxBody); err != nil {
		return nil, err
	}
	if in.Data == nil {
		return json.RawMessage("{}"), nil
	}
	return compactObject("data", in.Data)
}

// notify gives the notification an id and tells its user.
func notify(tx Tx, user ID, n Notification) (ID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return ID{}, err
	}
	n.NotificationID = id
	e, err := newEntry(notificationNew, n, n.Timestamp, user)
	if err != nil {
		return ID{}, err
	}
	e.ID = id
	tx.Append(e)
	return id, nil
}

// notifyParties makes a notification for the boater and one for the owner.
func notifyParties(tx Tx, b Booking, n Notification, data any) (err error) {
	if n.Data, err = encode(data); err != nil {
		return err
	}
	for _, user := range []ID{b.BoaterID, b.OwnerID} {
		if _, err := notify(tx, user, n); err != nil {
			return err
		}
	}
	return nil
}

func notifyOfBooking(tx Tx, b Booking, reason string) error {
	n := Notification{Timestamp: b.Timestamp}
	data := struct {
		BookingID ID     `json:"bookingId"`
		ListingID ID     `json:"listingId"`
		Reason    string `json:"reason,omitempty"`
	}{BookingID: b.BookingID, ListingID: b.ListingID}
	switch b.Status {
	case confirmed:
		n.Type, n.Title, n.Body = bookingConfirmedType, "Booking confirmed", "The booking is confirmed."
	case cancelled:
		n.Type, n.Title, n.Body = bookingCancelledType, "Booking cancelled", "The booking was cancelled."
		data.Reason = reason
	default:
		return nil
	}
	return notifyParties(tx, b, n, data)
}

// notifyOfPayment tells of money that came or did not come; a dispute that was won brought no money.
func notifyOfPayment(tx Tx, b Booking, p Payment, from string) error {
	n := Notification{Timestamp: p.Timestamp}
	switch {
	case p.Status == completed && from != disputed:
		n.Type, n.Title, n.Body = paymentReceivedType, "Payment received", "The payment for the booking was received."
	case p.Status == failed:
		n.Type, n.Title, n.Body = paymentFailedType, "Payment failed", "The payment for the booking failed."
	default:
		return nil
	}
	return notifyParties(tx, b, n, struct {
		PaymentID ID     `json:"paymentId"`
		BookingID ID     `json:"bookingId"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
	}{p.PaymentID, b.BookingID, p.Amount, p.Currency})
}

// ReadNotification marks one of the actor's notifications as read, once.
func (s *Service) ReadNotification(ctx context.Context, by Actor, notificationID string) (NotificationReceipt, error) {
	id, err := parseID("notificationId", notificationID)
	if err != nil {
		return NotificationReceipt{}, err
	}
	return update(ctx, s.store, func(tx Tx) (NotificationReceipt, error) {
		n, err := tx.Notification(by.User, id)
		if err != nil {
			return NotificationReceipt{}, err
		}
		if n.ReadAt == nil {
			now := TimeOf(s.now())
			n.ReadAt = &now
			tx.PutReadAt(id, now)
		}
		return NotificationReceipt{NotificationID: id, ReadAt: *n.ReadAt}, nil
	})
}
