package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dokkerr/realtime/dokkerr"
)

type putBooking struct {
	Idempotent
	ID   shortableID `path:"id" doc:"The booking; a short id only of one that exists."`
	Body bookingBody
}

type bookingBody struct {
	ListingID shortableID `json:"listingId" doc:"The dock. Fixed at creation."`
	BoaterID  shortableID `json:"boaterId" doc:"The user who rents it. Fixed at creation."`
	OwnerID   shortableID `json:"ownerId" doc:"The user who lets it. Fixed at creation."`
	Status    string      `json:"status" enum:"pending,confirmed,active,completed,cancelled,refunded" doc:"The state to move to. The same state again changes nothing."`
	Reason    string      `json:"reason,omitempty" maxLength:"500" example:"The dock is under repair." doc:"Why it was cancelled; both parties see it."`
	Version   *int64      `json:"version,omitempty" minimum:"0" maximum:"9007199254740991" example:"1" doc:"The version this change expects to replace, 0 to create; another one is CONFLICT."`
}

type bookingAnswer struct{ Body dokkerr.Booking }

func (a *api) registerBookings(r *routes) {
	register(r, huma.Operation{
		OperationID: "put-booking",
		Method:      http.MethodPut,
		Path:        "/v1/bookings/{id}",
		Summary:     "Create or move a booking",
		Description: "pending → confirmed → active → completed; from any of the first three → cancelled; cancelled or completed → refunded once a payment completed. Any other change is CONFLICT. Both parties are told, and their sockets join or leave the booking's room.",
		Tags:        []string{"bookings"},
	}, writeErrors(dokkerr.Conflict), a.putBooking)
}

func (a *api) putBooking(ctx context.Context, in *putBooking) (*bookingAnswer, error) {
	booking, err := a.service.PutBooking(ctx, in.once(ctx), dokkerr.BookingPut{
		BookingID: string(in.ID),
		ListingID: string(in.Body.ListingID),
		BoaterID:  string(in.Body.BoaterID),
		OwnerID:   string(in.Body.OwnerID),
		Status:    in.Body.Status,
		Reason:    in.Body.Reason,
		Version:   in.Body.Version,
	})
	return &bookingAnswer{booking}, err
}

// readErrors is what every route may answer that looks something up.
func readErrors() []dokkerr.Code { return []dokkerr.Code{dokkerr.NotFound, dokkerr.StorageUnavailable} }

// writeErrors is what every write may answer, and more.
func writeErrors(more ...dokkerr.Code) []dokkerr.Code {
	return append(more, dokkerr.NotFound, dokkerr.IdempotencyConflict, dokkerr.StorageUnavailable, dokkerr.StorageFull)
}
