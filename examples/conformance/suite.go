package main

import (
	"context"
	"log/slog"

	"github.com/dokkerr/realtime/socketio"
)

// registerSuite is mode socket: the application of the official Socket.IO test suite (wire.md §5).
func registerSuite(srv *socketio.Server, _ config) {
	for _, name := range []string{"/", "/custom"} {
		srv.Of(name).OnConnect(func(s *socketio.Socket) {
			if err := s.Emit("auth", s.Handshake().Auth); err != nil {
				slog.Error("emit auth", "err", err)
			}
		})
	}
	registerMessages(srv.Of("/"))
}

// registerMessages answers `message` by an event and `message-with-ack` by its acknowledgement.
func registerMessages(n *socketio.Namespace) {
	socketio.On(n, "message", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		return socketio.None{}, s.Emit("message-back", in)
	})
	socketio.On(n, "message-with-ack", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
		return in, nil
	})
}
