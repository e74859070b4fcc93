package dokkerr

import (
	"bytes"
	"encoding/json"
)

// The durable events of the contract, §3.
const (
	messageNew        = "message.new"
	messageRead       = "message.read"
	bookingCreated    = "booking.created"
	bookingUpdated    = "booking.updated"
	bookingCancelled  = "booking.cancelled"
	paymentProcessing = "payment.processing"
	paymentCompleted  = "payment.completed"
	paymentFailed     = "payment.failed"
	notificationNew   = "notification.new"
)

// newEntry encodes a durable event for one or two users, once for both.
func newEntry(name string, payload any, at Time, to ...ID) (Entry, error) {
	data, err := encode(payload)
	if err != nil {
		return Entry{}, err
	}
	receivers := make([]Recipient, len(to))
	for i, user := range to {
		receivers[i].User = user
	}
	return Entry{Event: Event{Name: name, Data: data, To: receivers, Durable: true}, Time: at}, nil
}

// encode writes JSON as a browser would: <, > and & stand for themselves.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
