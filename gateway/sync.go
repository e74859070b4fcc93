package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// syncEvent is a durable event in an answer to sync.
type syncEvent struct {
	Event    string          `json:"event"`
	Data     json.RawMessage `json:"data"`
	Position string          `json:"position"`
}

// syncPage is the answer to sync.
type syncPage struct {
	Events   []syncEvent `json:"events"`
	Position string      `json:"position"`
	HasMore  bool        `json:"hasMore"`
}

// syncGap is the answer to a sync from where nothing is kept any more, or from ahead of a store that was rolled back. A sync from oldest
// has the rest.
type syncGap struct {
	Gap    bool   `json:"gap"`
	Oldest string `json:"oldest"`
}

// fromStart is a since that asks for all that is kept.
const fromStart = "0"

// answerSync answers a client that keeps its position by itself with what followed it (delivery R21). The position that it asks from,
// and with the pong the one that it is given, are confirmed (delivery R7, R24).
func (g *Gateway) answerSync(ctx context.Context, c *client, call *socketio.Call, in payload) error {
	answer, position, err := g.sync(ctx, c, in)
	if err != nil {
		return err
	}
	if !c.plain || position == 0 || c.proving.Swap(true) {
		return call.Answer(answer)
	}
	return call.AnswerConfirmed(answer, func() {
		c.proving.Store(false)
		g.feeds.vouch(&c.subscription, position)
	})
}

// sync returns a page, and the position up to which a client has everything that has it.
func (g *Gateway) sync(ctx context.Context, c *client, in payload) (answer any, position dokkerr.Position, err error) {
	var since *dokkerr.Position
	if text := in.text("since"); text != fromStart {
		at, ok := readOffset(c.actor.User, text)
		if !ok {
			return nil, 0, invalid("since", `since must be a position of this user, or "0"`)
		}
		since = &at
	}
	found, err := g.service.Sync(ctx, c.actor, since, in.integer("limit"))
	if err != nil {
		return nil, 0, err
	}
	if c.plain && since != nil && *since <= found.Position {
		g.feeds.vouch(&c.subscription, *since)
	}
	offset := formatOffset(c.feed.tag, found.Position)
	if found.Gap {
		return syncGap{Gap: true, Oldest: offset}, 0, nil
	}
	page := syncPage{Events: make([]syncEvent, len(found.Events)), Position: offset, HasMore: found.HasMore}
	for i, e := range found.Events {
		page.Events[i] = syncEvent{Event: e.Name, Data: e.Data, Position: formatOffset(c.feed.tag, e.Position)}
	}
	return page, found.Position, nil
}

// withPosition returns the event with its position as the last key of the payload.
func (e *outgoing) withPosition(offset string) *outgoing {
	data := append([]byte(nil), e.data[:len(e.data)-1]...)
	if len(data) > 1 {
		data = append(data, ',')
	}
	data = fmt.Appendf(data, `"position":%q}`, offset)
	return &outgoing{name: e.name, data: data}
}
