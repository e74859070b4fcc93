package gateway

import (
	"log/slog"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/token"
)

// lowWater is how many bytes may wait for a client before durable events are left in the store for later (delivery R11)
// and passing ones are dropped.
const lowWater = 256 << 10

// client is one socket and who is behind it. Fixed at birth, but for the subscription.
type client struct {
	socket   *socketio.Socket
	logger   *slog.Logger
	identity token.Identity
	actor    dokkerr.Actor // its session is the socket's own
	deviceID string        // as the client names its device; "" when it does not
	since    string        // a position, for clients without recovery (delivery R21); "" for none

	subscription subscription
}

// clientOf returns the client that login has put into the socket.
func clientOf(s *socketio.Socket) *client { return s.Value.(*client) }

// send queues an event, behind an offset if it is durable. It does not block.
func (c *client) send(e *outgoing, offset string) {
	encoded, err := e.encode(c.socket.Namespace())
	if err != nil {
		c.logger.Error("event cannot be encoded", "event", e.name, "error", err)
		return
	}
	if offset != "" {
		encoded = encoded.WithOffset(offset)
	}
	c.socket.Send(encoded)
}

func (c *client) full() bool { return c.socket.Buffered() >= lowWater }

func (c *client) join(booking dokkerr.ID)  { c.socket.Join(bookingRoom(booking)) }
func (c *client) leave(booking dokkerr.ID) { c.socket.Leave(bookingRoom(booking)) }

// greet tells this socket alone of another user's presence.
func (c *client) greet(u presenceUpdate) {
	if err := c.socket.Emit(presenceEvent, u); err != nil {
		c.logger.Error("presence cannot be told", "error", err)
	}
}
