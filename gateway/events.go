package gateway

import (
	"context"
	"strings"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// register sets the handlers of the contract's client events (§2).
func (g *Gateway) register() {
	g.handleMessages()
	handle(g, "message.read", g.readMessage)
	handle(g, "message.typing", g.typingStarted)
	handle(g, "message.history", g.history)
	handleCall(g, "sync", g.answerSync)
	handle(g, "conversation.list", g.conversations)
	handle(g, "booking.list", g.bookings)
	handle(g, "notification.list", g.notifications)
	handle(g, "notification.read", g.readNotification)
	handle(g, "auth.refresh", g.refresh)
	handle(g, "user.block", g.block)
	handle(g, "user.unblock", g.unblock)
	g.lobby.Fallback(g.refuseEvent)
}

// handle registers a handler that returns the acknowledgement.
func handle[Out any](g *Gateway, event string, h func(ctx context.Context, c *client, in payload) (Out, error)) {
	handleCall(g, event, func(ctx context.Context, c *client, call *socketio.Call, in payload) error {
		out, err := h(ctx, c, in)
		if err != nil {
			return err
		}
		return call.Answer(out)
	})
}

// callHandler answers a call by itself.
type callHandler func(ctx context.Context, c *client, call *socketio.Call, in payload) error

// handleCall registers a handler behind what every client event passes: its limits, the command's deadline, the event's schema, and
// the translation of errors.
func handleCall(g *Gateway, event string, h callHandler) {
	s, ok := schemas[event]
	if !ok {
		panic("gateway: no schema for " + event)
	}
	g.lobby.Handle(event, func(ctx context.Context, call *socketio.Call) error {
		c := clientOf(call.Socket)
		dropped, err := g.admit(c, event)
		switch {
		case err != nil:
		case dropped:
			err = ignore(call, &s)
		default:
			err = g.serve(ctx, call, &s, h)
		}
		return g.refusal(c, event, err)
	})
}

func (g *Gateway) serve(ctx context.Context, call *socketio.Call, s *schema, h callHandler) error {
	ctx, cancel := g.commandContext(ctx)
	defer cancel()
	in, err := s.decode(call.Args)
	if err != nil {
		return err
	}
	return h(ctx, clientOf(call.Socket), call, in)
}

// ignore answers as if the call had been served.
func ignore(call *socketio.Call, s *schema) error {
	if _, err := s.decode(call.Args); err != nil {
		return err
	}
	return call.Answer(struct{}{})
}

// refuseEvent answers an event without a handler: what only the server tells is forbidden, anything else is unknown.
func (g *Gateway) refuseEvent(ctx context.Context, s *socketio.Socket, event string, _ socketio.Raw) (socketio.Raw, error) {
	if _, err := g.admit(clientOf(s), event); err != nil {
		return socketio.Raw{}, g.refusal(clientOf(s), unknownEvent, err)
	}
	refused := &dokkerr.Error{Code: dokkerr.NotFound, Message: "no such event"}
	if strings.HasPrefix(event, "booking.") || strings.HasPrefix(event, "payment.") {
		refused = &dokkerr.Error{Code: dokkerr.Forbidden, Message: "only the server sends this event"}
	}
	return socketio.Raw{}, g.refusal(clientOf(s), unknownEvent, refused)
}

func (g *Gateway) readMessage(ctx context.Context, c *client, in payload) (dokkerr.ReadReceipt, error) {
	return g.service.Read(ctx, c.actor, in.text("messageId"))
}

func (g *Gateway) history(ctx context.Context, c *client, in payload) (dokkerr.HistoryPage, error) {
	return g.service.History(ctx, c.actor, dokkerr.HistoryQuery{
		ConversationID: in.text("conversationId"),
		Before:         in.bound("before"),
		After:          in.bound("after"),
		Limit:          in.integer("limit"),
	})
}

func (g *Gateway) conversations(ctx context.Context, c *client, in payload) (dokkerr.ConversationPage, error) {
	return g.service.Conversations(ctx, c.actor, pageQuery(in))
}

// bookingList is the answer to booking.list.
type bookingList struct {
	Bookings []dokkerr.Booking `json:"bookings"`
}

func (g *Gateway) bookings(ctx context.Context, c *client, _ payload) (bookingList, error) {
	bookings, err := g.service.Bookings(ctx, c.actor)
	return bookingList{bookings}, err
}

func (g *Gateway) notifications(ctx context.Context, c *client, in payload) (dokkerr.NotificationPage, error) {
	return g.service.Notifications(ctx, c.actor, pageQuery(in))
}

func (g *Gateway) readNotification(ctx context.Context, c *client, in payload) (dokkerr.NotificationReceipt, error) {
	return g.service.ReadNotification(ctx, c.actor, in.text("notificationId"))
}

func pageQuery(in payload) dokkerr.PageQuery {
	return dokkerr.PageQuery{Cursor: in.text("cursor"), Limit: in.integer("limit")}
}
