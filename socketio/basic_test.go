package socketio_test

import (
	"context"
	"testing"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

func TestEcho(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			io := socketio.NewServer(nil)
			socketio.On(io.Of("/"), "message", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
				return socketio.None{}, s.Emit("message-back", in)
			})
			socketio.On(io.Of("/"), "ack", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
				return in, nil
			})
			server := siotest.NewServer(t, io)
			c := siotest.Connect(t, server.URL, &siotest.Options{Client: server.Client, Transport: transport})
			c.Emit("message", 1, "2", []byte{3})
			p := c.Expect("message-back")
			if p.Text != `51-["message-back",1,"2",{"_placeholder":true,"num":0}]` {
				t.Error(p.Text)
			}
			if p := c.Ask("ack", 1, 2); p.Text != `31[1,2]` {
				t.Error(p.Text)
			}
		})
	}
}
