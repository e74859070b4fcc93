package gateway

import (
	"context"
	"log/slog"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// logConnect writes the line of a socket's beginning. socket is its public id, which the client knows too and which other lines name.
func (g *Gateway) logConnect(c *client) {
	s := c.socket
	g.logger.LogAttrs(context.Background(), slog.LevelInfo, "connected",
		slog.String("user", c.actor.User.String()), slog.String("socket", s.ID()), slog.String("peer", s.Handshake().RemoteAddr), origin(s),
		slog.String("transport", s.Transport()), slog.Bool("recovered", s.Recovered()))
}

// logDisconnect writes the line of its end, with how long its connection was there.
func (g *Gateway) logDisconnect(c *client, reason socketio.Reason) {
	h := c.socket.Handshake()
	g.logger.LogAttrs(context.Background(), slog.LevelInfo, "disconnected",
		slog.String("user", c.actor.User.String()), slog.String("socket", c.socket.ID()), slog.String("peer", h.RemoteAddr),
		slog.String("reason", string(reason)), slog.Duration("took", time.Since(h.Time)))
}

// unknownEvent stands in the log for the name of an event without a handler, as that is the client's to choose.
const unknownEvent = "unknown"

// logDenied writes the line of an event that was not the user's to send, or came too often. It is for level debug, as a client may have
// many of them written.
func (g *Gateway) logDenied(c *client, event string, code dokkerr.Code) {
	ctx := context.Background()
	if code == dokkerr.ValidationError || !g.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	g.logger.LogAttrs(ctx, slog.LevelDebug, "event denied", slog.String("user", c.actor.User.String()), slog.String("socket", c.socket.ID()),
		slog.String("event", event), slog.String("code", string(code)))
}

// origin is the page that a socket was opened by, which was let in for it; no attribute for native clients.
func origin(s *socketio.Socket) slog.Attr {
	if said := s.Handshake().Header().Get("Origin"); said != "" {
		return slog.String("origin", said)
	}
	return slog.Attr{}
}
