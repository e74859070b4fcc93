package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// refusal translates an error of the service for the client. What is not for clients is logged, without the payload.
func (g *Gateway) refusal(c *client, event string, err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*dokkerr.Error](err); ok {
		g.logDenied(c, event, refused.Code)
		return &socketio.Error{
			Code:       string(refused.Code),
			Message:    refused.Message,
			Path:       refused.Path,
			RetryAfter: seconds(refused.RetryAfter),
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &socketio.Error{Code: string(dokkerr.StorageUnavailable), Message: "the service is busy, try again", RetryAfter: 1}
	}
	g.logger.Error("command failed", "event", event, "user", c.actor.User, "error", err)
	return &socketio.Error{Code: string(dokkerr.InternalError), Message: "internal error"}
}

// seconds rounds up, so that who waits as told does not come too early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// invalid is the refusal of a payload, with the path of the field that is wrong.
func invalid(path, message string) error {
	return &dokkerr.Error{Code: dokkerr.ValidationError, Message: message, Path: path}
}
