package gateway

import (
	"context"
	"slices"
)

// block ends what the two hear of each other. They part as if both had left, if they knew of each other at all.
func (g *Gateway) block(ctx context.Context, c *client, in payload) (struct{}, error) {
	contacts, err := g.service.Contacts(ctx, c.actor.User)
	if err != nil {
		return struct{}{}, err
	}
	other, err := g.service.Block(ctx, c.actor, in.text("userId"))
	if err == nil && slices.Contains(contacts, other) {
		g.presence.part(c.actor.User, other)
	}
	return struct{}{}, err
}

func (g *Gateway) unblock(ctx context.Context, c *client, in payload) (struct{}, error) {
	_, err := g.service.Unblock(ctx, c.actor, in.text("userId"))
	if err == nil {
		g.presence.introduce(c.actor.User)
	}
	return struct{}{}, err
}
