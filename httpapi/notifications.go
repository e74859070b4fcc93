package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dokkerr/realtime/dokkerr"
)

type newNotification struct {
	Idempotent
	Body notificationBody
}

type notificationBody struct {
	UserID shortableID `json:"userId" doc:"Who gets it. A user who never connected will find it."`
	Type   string      `json:"type" minLength:"1" maxLength:"64" example:"review_received" doc:"What it is about, for programs."`
	Title  string      `json:"title" minLength:"1" maxLength:"200" example:"A review" doc:"For people, in printable characters."`
	Body   string      `json:"body" maxLength:"4000" example:"Five stars" doc:"For people; may have several lines."`
	Data   *jsonObject `json:"data,omitempty" doc:"What the application needs to open it."`
}

type notificationAnswer struct {
	Body struct {
		NotificationID dokkerr.ID `json:"notificationId"`
	} `nameHint:"NotificationReceipt"`
}

func (a *api) registerNotifications(r *routes) {
	register(r, huma.Operation{
		OperationID: "post-notification",
		Method:      http.MethodPost,
		Path:        "/v1/notifications",
		Summary:     "Notify a user",
		Tags:        []string{"notifications"},
	}, writeErrors(), a.postNotification)
}

func (a *api) postNotification(ctx context.Context, in *newNotification) (*notificationAnswer, error) {
	notification := dokkerr.NotificationNew{
		UserID: string(in.Body.UserID), Type: in.Body.Type, Title: in.Body.Title, Body: in.Body.Body,
	}
	if in.Body.Data != nil {
		notification.Data = in.Body.Data.RawMessage
	}
	var answer notificationAnswer
	var err error
	answer.Body.NotificationID, err = a.service.Notify(ctx, in.once(ctx), notification)
	return &answer, err
}
