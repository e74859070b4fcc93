package gateway

import (
	"context"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

func userRoom(user dokkerr.ID) string       { return "user:" + user.String() }
func bookingRoom(booking dokkerr.ID) string { return "booking:" + booking.String() }

// joinRooms joins the user's room and one for each active booking. The socket is attached to its feed already.
func (g *Gateway) joinRooms(s *socketio.Socket, c *client) {
	s.Join(userRoom(c.actor.User))
	ctx, cancel := context.WithTimeout(context.Background(), g.timeout)
	defer cancel()
	bookings, err := g.service.Bookings(ctx, c.actor)
	if err != nil {
		g.logger.Error("bookings cannot be read", "user", c.actor.User, "error", err)
		s.Close(StorageUnavailable)
		return
	}
	c.subscription.settle(bookings)
}

// settle joins the bookings of a list that was read after the subscription was attached, but those that
// an event has told of meanwhile: the event is later.
func (s *subscription) settle(bookings []dokkerr.Booking) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	for _, b := range bookings {
		if _, told := s.changed[b.BookingID]; !told {
			s.sink.join(b.BookingID)
		}
	}
	s.changed = nil
}

// follow joins the room of a booking that an event makes active; the event comes after. The caller holds the feed's lock.
func (s *subscription) follow(change *dokkerr.BookingChange) {
	if change == nil {
		return
	}
	if s.changed != nil {
		s.changed[change.ID] = struct{}{}
	}
	if change.Active {
		s.sink.join(change.ID)
	}
}

// unfollow leaves the room of a booking behind its last event. The caller holds the feed's lock.
func (s *subscription) unfollow(change *dokkerr.BookingChange) {
	if change != nil && !change.Active {
		s.sink.leave(change.ID)
	}
}
