package stripe

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// statusOf is what each event that counts tells of a payment. An attempt that was cancelled will not succeed any more.
var statusOf = map[string]string{
	"payment_intent.created":        "pending",
	"payment_intent.processing":     "processing",
	"payment_intent.succeeded":      "completed",
	"payment_intent.payment_failed": "failed",
	"payment_intent.canceled":       "failed",
}

// Counts says whether events of the type change payments here.
func Counts(eventType string) bool { return statusOf[eventType] != "" }

var (
	eventName = regexp.MustCompile(`^[!-~]{1,255}$`)
	shortCode = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// event is the part of a provider's event that is used here.
type event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"` // seconds since 1970
	Data    struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// intent is the part of a PaymentIntent that is used here.
type intent struct {
	ID             string            `json:"id"`
	Amount         int64             `json:"amount"`
	AmountReceived *int64            `json:"amount_received"`
	Currency       string            `json:"currency"`
	Metadata       map[string]string `json:"metadata"`
	Cancellation   string            `json:"cancellation_reason"`
	LastError      struct {
		Code        string `json:"code"`
		DeclineCode string `json:"decline_code"`
	} `json:"last_payment_error"`
}

var errEvent = errors.New("the body is no event: one JSON object with id, type, created and data.object")

// parseEvent reads a body that is authentic. What it says of a payment and cannot be used becomes the event's Reason.
func parseEvent(body []byte) (dokkerr.ProviderEvent, error) {
	var e event
	err := json.Unmarshal(body, &e)
	if err != nil || !eventName.MatchString(e.ID) || !eventName.MatchString(e.Type) || e.Created < 0 {
		return dokkerr.ProviderEvent{}, errEvent
	}
	told := dokkerr.ProviderEvent{
		ID: e.ID, Body: sha256.Sum256(body), Type: e.Type, Created: dokkerr.TimeOf(time.Unix(e.Created, 0)),
	}
	if !Counts(e.Type) {
		return told, nil
	}
	var i intent
	if err := json.Unmarshal(e.Data.Object, &i); err != nil {
		told.Reason = "data.object is no PaymentIntent"
		return told, nil
	}
	if told.Payment, err = i.put(e.Type); err != nil {
		told.Reason = err.Error()
	}
	return told, nil
}

// put is what the intent asks for; nil when it is not for a booking.
func (i intent) put(eventType string) (*dokkerr.PaymentPut, error) {
	id, named := i.Metadata["bookingId"]
	if !named {
		return nil, nil
	}
	booking, err := uuid.Parse(id)
	if err != nil {
		return nil, fmt.Errorf("metadata.bookingId %.64q is no UUID", id)
	}
	if !eventName.MatchString(i.ID) {
		return nil, errors.New("the PaymentIntent has no id")
	}
	status := statusOf[eventType]
	if status == "completed" && i.AmountReceived != nil && *i.AmountReceived != i.Amount {
		return nil, fmt.Errorf("%d was received of %d", *i.AmountReceived, i.Amount)
	}
	put := &dokkerr.PaymentPut{
		PaymentID: PaymentID(i.ID), BookingID: booking.String(), Amount: i.Amount, Currency: i.Currency, Status: status,
	}
	if status == "failed" {
		put.Error = i.failure(eventType)
	}
	return put, nil
}

// failure is a short code and text. The provider's own text is left out: it may name a card.
func (i intent) failure(eventType string) string {
	if eventType == "payment_intent.canceled" {
		return codeOr("canceled", i.Cancellation) + ": the payment was cancelled"
	}
	return codeOr("failed", i.LastError.DeclineCode, i.LastError.Code) + ": the payment did not succeed"
}

func codeOr(fallback string, codes ...string) string {
	for _, code := range codes {
		if shortCode.MatchString(code) {
			return code
		}
	}
	return fallback
}

var intents = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("stripe.com"))

// PaymentID is the payment that a PaymentIntent is: the UUID, version 5, of its id, in the name space that is the UUID,
// version 5, of stripe.com among the names of DNS.
func PaymentID(paymentIntent string) dokkerr.ID { return uuid.NewSHA1(intents, []byte(paymentIntent)) }
