package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/dokkerr/realtime/socketio"
)

// A chat: who has a name comes in, everybody sees what anybody says, and each
// message is acknowledged.
func Example() {
	type message struct {
		From string    `json:"from"`
		Text string    `json:"text"`
		At   time.Time `json:"at"`
	}
	type receipt struct {
		At time.Time `json:"at"`
	}
	io := socketio.NewServer(nil)
	chat := io.Of("/")
	chat.Use(func(_ context.Context, s *socketio.Socket) error {
		name := s.Handshake().URL().Query().Get("name")
		if name == "" {
			return &socketio.Error{Message: "a name, please"}
		}
		s.Value = name
		return nil
	})
	chat.OnConnect(func(s *socketio.Socket) {
		s.Broadcast().Emit("joined", s.Value)
	})
	socketio.On(chat, "say", func(_ context.Context, s *socketio.Socket, text string) (receipt, error) {
		now := time.Now()
		return receipt{now}, s.Broadcast().Emit("said", message{s.Value.(string), text, now})
	})
	chat.OnDisconnect(func(s *socketio.Socket, _ socketio.Reason) {
		chat.Emit("left", s.Value)
	})
	log.Fatal(http.ListenAndServe(":3000", io))
}

// The returned value is the acknowledgement; an *Error is told to the client,
// any other error is logged and told as an internal one.
func ExampleOn() {
	type order struct {
		Dock   string `json:"dock"`
		Nights int    `json:"nights"`
	}
	type offer struct {
		Price int `json:"price"`
	}
	io := socketio.NewServer(nil)
	socketio.On(io.Of("/"), "price", func(ctx context.Context, s *socketio.Socket, in order) (offer, error) {
		if in.Nights < 1 {
			return offer{}, &socketio.Error{Code: "VALIDATION_ERROR", Message: "at least one night", Path: "nights"}
		}
		return offer{Price: 4500 * in.Nights}, nil
	})
}

// A server may ask as well: the client's acknowledgement is the reply.
func ExampleAsk() {
	io := socketio.NewServer(nil)
	io.Of("/").OnConnect(func(s *socketio.Socket) {
		ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
		defer cancel()
		depth, err := socketio.Ask[float64](ctx, s, "draught", "of your boat, in metres")
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			s.Disconnect(true)
		case err == nil && depth > 2.5:
			s.Join("deep water")
		}
	})
}

// AskAll gathers what many clients reply in time.
func ExampleAskAll() {
	io := socketio.NewServer(nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	votes, err := socketio.AskAll[bool](ctx, io.Of("/").To("crew"), "vote", "shall we sail?")
	fmt.Println(len(votes), "voted;", err)
}

// Rooms are joined on the server. A broadcast to several reaches each socket
// once.
func ExampleNamespace_To() {
	io := socketio.NewServer(nil)
	harbour := io.Of("/harbour")
	harbour.OnConnect(func(s *socketio.Socket) { s.Join("pier 1", "boats") })
	socketio.On(harbour, "horn", func(_ context.Context, s *socketio.Socket, _ socketio.None) (socketio.None, error) {
		return socketio.None{}, s.To("pier 1", "pier 2").Except("asleep").Emit("horn", s.ID())
	})
	if err := harbour.To("boats").Volatile().Emit("tide", map[string]any{"metres": 1.2}); err != nil {
		log.Print(err)
	}
}

// An event for many sockets is encoded once, also when each gets an offset of
// its own.
func ExampleNamespace_Encode() {
	io := socketio.NewServer(nil)
	news, err := io.Of("/").Encode("news", map[string]string{"text": "the lock is open"})
	if err != nil {
		log.Fatal(err)
	}
	for i, s := range io.Of("/").Sockets() {
		s.Send(news.WithOffset(fmt.Sprint(i)))
	}
}

// Bytes travel as attachments, also inside other values.
func ExampleBinary() {
	type photo struct {
		Name string          `json:"name"`
		JPEG socketio.Binary `json:"jpeg"`
	}
	io := socketio.NewServer(nil)
	socketio.On(io.Of("/"), "photo", func(_ context.Context, s *socketio.Socket, in photo) (int, error) {
		return len(in.JPEG), s.Broadcast().Emit("photo", in)
	})
}
