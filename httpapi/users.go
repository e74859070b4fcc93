package httpapi

import (
	"context"
	"net/http"

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
	ID   shortableID `path:"id" doc:"The user."`
	Body *disconnectBody
}

type disconnectBody struct {
	SessionID string `json:"sessionId,omitempty" minLength:"1" maxLength:"512" doc:"Only sockets whose token has this sessionId."`
	TokenID   string `json:"jti,omitempty" minLength:"1" maxLength:"512" doc:"Only sockets whose token has this jti."`
}

func (a *api) registerUsers(r *routes) {
	register(r, huma.Operation{
		OperationID: "get-presence",
		Method:      http.MethodGet,
		Path:        "/v1/users/{id}/presence",
		Summary:     "Whether a user is connected",
		Tags:        []string{"users"},
	}, []dokkerr.Code{dokkerr.NotFound}, a.presence)
	register(r, huma.Operation{
		OperationID: "disconnect-user",
		Method:      http.MethodPost,
		Path:        "/v1/users/{id}/disconnect",
		Summary:     "End the sockets of a user, or of one session or token",
		Description: "They do not come back by themselves. Doing it again is harmless. Without a body: all of the user's.",
		Tags:        []string{"users"},
	}, []dokkerr.Code{dokkerr.NotFound, dokkerr.PayloadTooLarge}, a.disconnect)
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
	user, err := a.service.User(ctx, string(in.ID))
	if err != nil {
		return nil, err
	}
	var of disconnectBody
	if in.Body != nil {
		of = *in.Body
	}
	if of.SessionID != "" && of.TokenID != "" {
		return nil, &dokkerr.Error{Code: dokkerr.ValidationError, Path: "jti", Message: "jti and sessionId exclude each other"}
	}
	ended := a.sockets.Disconnect(user, of.SessionID, of.TokenID)
	requestOf(ctx).log.Info("sockets ended by the back end", "user", user, "sockets", ended)
	return &done{}, nil
}
