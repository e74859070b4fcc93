// Command libraryserver is a server of package socketio for the tests with the
// stock client: it prints its address and serves until its input ends. -recovery has clients resume,
// and -msgpack speaks the msgpack parser.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dokkerr/realtime/socketio"
)

func main() {
	recovery := flag.Bool("recovery", false, "have clients resume after a lost connection")
	msgpack := flag.Bool("msgpack", false, "speak the msgpack parser")
	flag.Parse()
	var o socketio.Options
	if *recovery {
		o.Recovery = &socketio.RecoveryOptions{}
	}
	if *msgpack {
		o.Parser = socketio.MsgPack
	}
	srv := socketio.NewServer(&o)
	registerMain(srv.Of("/"))
	registerGuarded(srv.Of("/guarded"))
	if err := serve(srv); err != nil {
		log.Fatal(err)
	}
}

func serve(srv *socketio.Server) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: srv}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	fmt.Printf("http://%s\n", listener.Addr())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return err
	}
	if err := web.Close(); err != nil {
		return err
	}
	if err := <-served; err != http.ErrServerClosed {
		return err
	}
	return nil
}

type photo struct {
	Name  string            `json:"name"`
	Bytes socketio.Binary   `json:"bytes"`
	Tiles []socketio.Binary `json:"tiles"`
}

type none = socketio.None

// registerMain registers what any client may do.
func registerMain(n *socketio.Namespace) {
	n.OnDisconnect(func(s *socketio.Socket, r socketio.Reason) {
		n.Emit("left", map[string]string{"id": s.ID(), "reason": string(r)}) // cannot fail: strings
	})
	socketio.On(n, "echo", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
		return in, nil
	})
	socketio.On(n, "photo", func(_ context.Context, s *socketio.Socket, in photo) (photo, error) {
		in.Name += " developed"
		return in, s.Emit("photo", in)
	})
	socketio.On(n, "ask me", func(ctx context.Context, s *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return socketio.Ask[socketio.Raw](ctx, s, "question", in)
	})
	socketio.On(n, "fail", func(context.Context, *socketio.Socket, none) (none, error) {
		return none{}, &socketio.Error{Code: "CONFLICT", Message: "no"}
	})
	registerRooms(n)
	registerEndings(n)
}

func registerRooms(n *socketio.Namespace) {
	socketio.On(n, "join", func(_ context.Context, s *socketio.Socket, room string) (none, error) {
		s.Join(room)
		return none{}, nil
	})
	socketio.On(n, "leave", func(_ context.Context, s *socketio.Socket, room string) (none, error) {
		s.Leave(room)
		return none{}, nil
	})
	socketio.On(n, "tell", func(_ context.Context, s *socketio.Socket, room string) (none, error) {
		return none{}, s.To(room).Emit("told", room)
	})
	socketio.On(n, "ask all", func(ctx context.Context, s *socketio.Socket, room string) ([]int, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return socketio.AskAll[int](ctx, s.To(room), "number", nil)
	})
	socketio.On(n, "volatile", func(_ context.Context, s *socketio.Socket, in string) (none, error) {
		return none{}, s.Volatile().Emit("volatile", map[string]string{"text": in})
	})
}

func registerEndings(n *socketio.Namespace) {
	socketio.On(n, "kick", func(_ context.Context, s *socketio.Socket, _ none) (none, error) {
		s.Disconnect(false)
		return none{}, nil
	})
	socketio.On(n, "kick hard", func(_ context.Context, s *socketio.Socket, _ none) (none, error) {
		s.Disconnect(true)
		return none{}, nil
	})
	socketio.On(n, "drop", func(_ context.Context, s *socketio.Socket, _ none) (none, error) {
		s.Close("dropped")
		return none{}, nil
	})
}

// registerGuarded lets in only who brings a name.
func registerGuarded(n *socketio.Namespace) {
	n.Use(func(_ context.Context, s *socketio.Socket) error {
		switch string(s.Handshake().Auth) {
		case `{"name":"ann"}`:
			return nil
		case `{"name":"bob"}`:
			return &socketio.Error{Message: "not bob", Data: map[string]string{"try": "ann"}}
		}
		return &socketio.Error{Message: "who are you?"}
	})
	n.OnConnect(func(s *socketio.Socket) { s.Emit("welcome", s.Handshake().Auth) }) // cannot fail: it was parsed
}
