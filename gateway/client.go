package gateway

import (
	"log/slog"
	"sync/atomic"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// lowWater is how many bytes may wait for a client before durable events are left in the store for later (delivery R11)
// and passing ones are dropped.
const lowWater = 256 << 10

// client is one socket and who is behind it. Fixed when it is connected, but for the lease, unkeyed, pace and the subscription.
type client struct {
	socket   *socketio.Socket
	logger   *slog.Logger
	actor    dokkerr.Actor // its session is the socket's own
	device   dokkerr.Device
	returned bool // its pid is good, so that the session was here before
	plain    bool // keeps its position by itself: no offsets, no replay (delivery R21)
	since    string
	lease    lease

	unkeyed unkeyed
	proving atomic.Bool // the pong to an answer of sync is on its way
	pace    pace
	pressed func() bool // see Options.Pressed

	admitted uint64 // how many revocations there had been when the token was verified

	subscription
}

// clientOf returns the client that login has put into the socket.
func clientOf(s *socketio.Socket) *client { return s.Value.(*client) }

// send queues an event, behind an offset if it is durable. It does not block.
func (c *client) send(e *outgoing, offset string) {
	if c.plain && offset != "" {
		e, offset = e.withPosition(offset), ""
	}
	encoded, err := e.encode(c.socket.Namespace(), offset)
	if err != nil {
		c.logger.Error("event cannot be encoded", "event", e.name, "error", err)
		return
	}
	c.socket.Send(encoded)
}

func (c *client) confirm(proved func()) { c.socket.Confirm(proved) }

// replace leaves the connection of a socket that has ended alone: the session may go on over the same one.
func (c *client) replace() {
	if c.socket.Rooms() != nil {
		c.socket.Close(Replaced)
	}
}

func (c *client) full() bool {
	waiting := c.socket.Buffered()
	return waiting >= lowWater || waiting >= maxBehind && c.pressed()
}

func (c *client) join(booking dokkerr.ID)  { c.socket.Join(bookingRoom(booking)) }
func (c *client) leave(booking dokkerr.ID) { c.socket.Leave(bookingRoom(booking)) }

// greet tells this socket alone of another user's presence.
func (c *client) greet(u presenceUpdate) {
	if err := c.socket.Emit(presenceEvent, u); err != nil {
		c.logger.Error("presence cannot be told", "error", err)
	}
}
