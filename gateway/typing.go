package gateway

import (
	"context"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
)

// maxTypists bounds how many typing signs are remembered; the oldest is forgotten first and may then go out early.
const maxTypists = 1 << 16

// maxBehind is how many bytes may wait for a client that is still told who types: what comes late is wrong.
const maxBehind = 4 << 10

// typist is who types where.
type typist struct {
	conversation, user dokkerr.ID
}

// typingSign is the payload of message.typing to the other user.
type typingSign struct {
	UserID         dokkerr.ID `json:"userId"`
	ConversationID dokkerr.ID `json:"conversationId"`
}

func newTyping(interval time.Duration) *limit.Keyed[typist] {
	return limit.NewKeyed[typist](limit.Rate{PerSecond: 1 / interval.Seconds(), Burst: 1}, maxTypists)
}

// typingStarted tells the other user's sockets, at most once per interval; a sign in between, or to where there is a block, is
// answered alike.
func (g *Gateway) typingStarted(ctx context.Context, c *client, in payload) (struct{}, error) {
	target, err := g.service.Typing(ctx, c.actor, in.text("conversationId"), in.text("recipientId"))
	if err != nil || target.Blocked {
		return struct{}{}, err
	}
	if ok, _ := g.typing.Allow(typist{target.ConversationID, c.actor.User}, time.Now()); !ok {
		return struct{}{}, nil
	}
	return struct{}{}, g.tellTyping(target.OtherUserID, typingSign{UserID: c.actor.User, ConversationID: target.ConversationID})
}

// tellTyping leaves out sockets that do not keep up. It is not Socket.IO's volatile, which loses a sign to any client that is
// between two polls, or has another event on its way, and so to one who has just been written to.
func (g *Gateway) tellTyping(to dokkerr.ID, sign typingSign) error {
	e, err := g.lobby.Encode("message.typing", sign)
	if err != nil {
		return err
	}
	for _, s := range g.lobby.To(userRoom(to)).FetchSockets() {
		if s.Buffered() < maxBehind {
			s.Send(e)
		}
	}
	return nil
}
