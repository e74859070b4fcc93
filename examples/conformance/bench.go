package main

import (
	"context"

	"github.com/dokkerr/realtime/socketio"
)

// registerBench is mode bench: what the load generator of bench/ drives, the same in every server it compares.
func registerBench(srv *socketio.Server, c config) {
	n := srv.Of("/")
	n.Use(authenticate(c.secret, "sub"))
	n.OnConnect(func(s *socketio.Socket) { s.Join(userRoom(s.Value.(string)), "bench") })

	socketio.On(n, "bench.broadcast", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		return socketio.None{}, n.To("bench").Emit("booking.updated", in)
	})
	socketio.On(n, "bench.echo", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
		return in, nil
	})
	socketio.On(n, "message.new", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (delivered, error) {
		var m struct {
			To string `json:"to"`
		}
		if err := in.Decode(0, &m); err != nil {
			return delivered{}, err
		}
		return delivered{true}, n.To(userRoom(m.To)).Emit("message.new", in)
	})
}

type delivered struct {
	OK bool `json:"ok"`
}
