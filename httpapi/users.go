package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dokkerr/realtime/dokkerr"
)

type getPresence struct {
	ID shortableID `path:"id" doc:"The user."`
}

type presenceAnswer struct{ Body presence }

type presence struct {
	UserID   dokkerr.ID    `json:"userId"`
	Online   bool          `json:"online" doc:"Whether a socket of the user is connected."`
	LastSeen *dokkerr.Time `json:"lastSeen,omitempty" doc:"When the last one was; absent when online or not known."`
}

type disconnectUser struct {
	Idempotent
	ID   shortableID `path:"id" doc:"The user."`
	Body *disconnectBody
}

type disconnectBody struct {
	SessionID string `json:"sessionId,omitempty" minLength:"1" maxLength:"512" example:"s-1" doc:"Only the tokens of this session."`
	TokenID   string `json:"jti,omitempty" minLength:"1" maxLength:"512" example:"t-1" doc:"Only the token with this id."`
}

func (a *api) registerUsers(r *routes) {
	register(r, huma.Operation{
		OperationID: "get-presence",
		Method:      http.MethodGet,
		Path:        "/v1/users/{id}/presence",
		Summary:     "Whether a user is connected",
		Tags:        []string{"users"},
	}, readErrors(), a.presence)
	register(r, huma.Operation{
		OperationID: "disconnect-user",
		Method:      http.MethodPost,
		Path:        "/v1/users/{id}/disconnect",
		Summary:     "End the sockets of a user, or of one session or token, and refuse their tokens",
		Description: "The sockets end at once and do not come back by themselves. The user's tokens, or those of the session, that were issued until now are refused from now on, and so is the token of that id; the service remembers it until they have expired. Issue new ones a second later: iat counts seconds. A token without iat counts as old. Without a body: all of the user's.",
		Tags:        []string{"users"},
	}, writeErrors(), a.disconnect)
}

type exportUser struct {
	ID     shortableID `path:"id" doc:"The user."`
	Cursor int64       `query:"cursor" minimum:"0" maximum:"9007199254740991" example:"4711" doc:"The last answer's; none for the beginning."`
	Limit  int         `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"How many events at most."`
}

type exportAnswer struct {
	Body struct {
		UserID dokkerr.ID      `json:"userId"`
		Events []exportedEvent `json:"events" doc:"All that the user caused or was told and that is kept, in its order: every message, notification, booking and payment is in one."`
		Cursor string          `json:"cursor,omitempty" doc:"Where the next page goes on; absent on the last one."`
	} `nameHint:"Export"`
}

type exportedEvent struct {
	Event    string     `json:"event"`
	Data     jsonObject `json:"data"`
	Position string     `json:"position" doc:"The event's place among the user's; a whole number."`
}

type eraseUser struct {
	Idempotent
	ID shortableID `path:"id" doc:"The user."`
}

func (a *api) registerPersonalData(r *routes) {
	register(r, huma.Operation{
		OperationID: "export-user",
		Method:      http.MethodGet,
		Path:        "/v1/users/{id}/export",
		Summary:     "What is kept of a person, in pages",
		Tags:        []string{"users"},
	}, readErrors(), a.export)
	register(r, huma.Operation{
		OperationID: "erase-user",
		Method:      http.MethodDelete,
		Path:        "/v1/users/{id}",
		Summary:     "Erase a person, end their sockets, and refuse their tokens",
		Description: "Conversations go for both sides. Bookings and payments stay: they are the back end's records. What a device or a backup has is not reached.",
		Tags:        []string{"users"},
	}, writeErrors(), a.erase)
}

func (a *api) export(ctx context.Context, in *exportUser) (*exportAnswer, error) {
	user, err := a.service.User(ctx, string(in.ID))
	if err != nil {
		return nil, err
	}
	page, err := a.service.Export(ctx, user, dokkerr.Position(in.Cursor), in.Limit)
	if err != nil {
		return nil, err
	}
	var answer exportAnswer
	answer.Body.UserID = user
	answer.Body.Events = make([]exportedEvent, len(page.Events))
	for i, e := range page.Events {
		position := strconv.FormatInt(int64(e.Position), 10)
		answer.Body.Events[i] = exportedEvent{Event: e.Name, Data: jsonObject{e.Data}, Position: position}
		if page.HasMore {
			answer.Body.Cursor = position
		}
	}
	return &answer, nil
}

func (a *api) erase(ctx context.Context, in *eraseUser) (*done, error) {
	revoked, err := a.service.Erase(ctx, in.once(ctx), string(in.ID))
	if err != nil {
		return nil, err
	}
	ended := a.sockets.Disconnect(revoked)
	requestOf(ctx).log.Info("user erased by the back end", "user", revoked.User, "sockets", ended)
	return &done{}, nil
}

func (a *api) presence(ctx context.Context, in *getPresence) (*presenceAnswer, error) {
	user, err := a.service.User(ctx, string(in.ID))
	if err != nil {
		return nil, err
	}
	online, lastSeen := a.sockets.Presence(user)
	answer := presence{UserID: user, Online: online}
	if !online && !lastSeen.IsZero() {
		t := dokkerr.TimeOf(lastSeen)
		answer.LastSeen = &t
	}
	return &presenceAnswer{answer}, nil
}

func (a *api) disconnect(ctx context.Context, in *disconnectUser) (*done, error) {
	var of disconnectBody
	if in.Body != nil {
		of = *in.Body
	}
	revoked, err := a.service.Revoke(ctx, in.once(ctx), string(in.ID), dokkerr.Revocation{SessionID: of.SessionID, TokenID: of.TokenID})
	if err != nil {
		return nil, err
	}
	ended := a.sockets.Disconnect(revoked)
	requestOf(ctx).log.Info("tokens revoked by the back end", "user", revoked.User, "sockets", ended)
	return &done{}, nil
}
