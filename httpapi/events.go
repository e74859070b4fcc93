package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dokkerr/realtime/dokkerr"
)

type newEvent struct {
	Idempotent
	Body eventBody
}

type eventBody struct {
	Event     string       `json:"event" minLength:"1" maxLength:"64" example:"dock.weather" doc:"The application's own name; those of the contract and reserved names are refused."`
	Data      jsonObject   `json:"data" doc:"What the clients get."`
	UserID    *shortableID `json:"userId,omitempty" doc:"Who gets it; either this or bookingId."`
	BookingID *shortableID `json:"bookingId,omitempty" doc:"Whose parties get it; either this or userId."`
	Durable   *bool        `json:"durable,omitempty" default:"true" doc:"Whether it waits for who is not there. Otherwise it is told once to who is."`
}

// done is an answer that says nothing but 2xx.
type done struct {
	Body struct{} `nameHint:"Done"`
}

func (a *api) registerEvents(r *routes) {
	register(r, huma.Operation{
		OperationID: "post-event",
		Method:      http.MethodPost,
		Path:        "/v1/events",
		Summary:     "Tell a user, or a booking's parties, an event of your own",
		Tags:        []string{"events"},
	}, writeErrors(), a.postEvent)
}

func (a *api) postEvent(ctx context.Context, in *newEvent) (*done, error) {
	event := dokkerr.ApplicationEvent{
		Event:   in.Body.Event,
		Data:    in.Body.Data.RawMessage,
		Durable: in.Body.Durable == nil || *in.Body.Durable,
	}
	if in.Body.UserID != nil {
		event.UserID = string(*in.Body.UserID)
	}
	if in.Body.BookingID != nil {
		event.BookingID = string(*in.Body.BookingID)
	}
	return &done{}, a.service.Announce(ctx, in.once(ctx), event)
}
