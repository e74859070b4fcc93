package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

type putPayment struct {
	Idempotent
	ID   fullID `path:"id" doc:"The payment."`
	Body paymentBody
}

type paymentBody struct {
	BookingID shortableID `json:"bookingId" doc:"What it pays for. Fixed at creation."`
	Amount    int64       `json:"amount" minimum:"0" maximum:"9007199254740991" example:"12500" doc:"In minor units, such as cents. Fixed at creation."`
	Currency  string      `json:"currency" pattern:"^[a-z]{3}$" patternDescription:"three lower-case letters" example:"usd" doc:"ISO 4217. Fixed at creation."`
	Status    string      `json:"status" enum:"pending,processing,completed,failed,refunded,partially_refunded,disputed" doc:"The state to move to. The same state again changes nothing."`
	Error     string      `json:"error,omitempty" maxLength:"200" example:"card_declined" doc:"A short code and text, for failed; never a card detail."`
	Version   *int64      `json:"version,omitempty" minimum:"0" maximum:"9007199254740991" example:"1" doc:"The version this change expects to replace, 0 to create; another one is CONFLICT."`
}

type paymentAnswer struct{ Body dokkerr.Payment }

func (a *api) registerPayments(r *routes) {
	register(r, huma.Operation{
		OperationID: "put-payment",
		Method:      http.MethodPut,
		Path:        "/v1/payments/{id}",
		Summary:     "Create or move a payment",
		Description: "pending → processing → completed or failed; a failed attempt may be tried again; completed → refunded, partially_refunded or disputed. A late failure never overrides success: it is CONFLICT. Both parties of the booking are told of every state but pending.",
		Tags:        []string{"payments"},
	}, writeErrors(dokkerr.Conflict), a.putPayment)
}

func (a *api) putPayment(ctx context.Context, in *putPayment) (*paymentAnswer, error) {
	id, err := uuid.Parse(string(in.ID))
	if err != nil {
		return nil, err
	}
	payment, err := a.service.PutPayment(ctx, in.once(ctx), dokkerr.PaymentPut{
		PaymentID: id,
		BookingID: string(in.Body.BookingID),
		Amount:    in.Body.Amount,
		Currency:  in.Body.Currency,
		Status:    in.Body.Status,
		Error:     in.Body.Error,
		Version:   in.Body.Version,
	})
	return &paymentAnswer{payment}, err
}
