package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
)

// registerKit is mode kit: one event for everything that a client library can do.
func registerKit(srv *socketio.Server, c config) {
	for _, name := range []string{"/", "/custom"} {
		n := srv.Of(name)
		n.Use(authenticate(c.secret, "id"))
		n.OnConnect(func(s *socketio.Socket) { s.Join(userRoom(s.Value.(string))) })
		registerMessages(n)
		registerQuestions(n)
		registerRooms(n)
		registerEndings(n)
	}
}

// denyOnRequest refuses a handshake that asks for it.
func denyOnRequest(r *http.Request) (engineio.Visit, error) {
	if r.URL.Query().Get("deny") == "1" {
		return nil, &engineio.AdmitError{Message: "conformance denied"}
	}
	return nil, nil
}

const answerTime = 5 * time.Second

func registerQuestions(n *socketio.Namespace) {
	socketio.On(n, "ask-me", func(ctx context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		ctx, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		answer, err := socketio.Ask[socketio.Raw](ctx, s, "question", in)
		if err != nil {
			return socketio.None{}, &socketio.Error{Code: "NO_ANSWER", Message: "question was not answered"}
		}
		return socketio.None{}, s.Emit("answer-was", answer)
	})
	socketio.On(n, "volatile-me", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		return socketio.None{}, s.Volatile().Emit("volatile-back", in)
	})
}

func registerRooms(n *socketio.Namespace) {
	socketio.On(n, "to-user", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		id, rest, err := leadingString(in)
		if err != nil {
			return socketio.None{}, err
		}
		sender, err := json.Marshal(s.Value)
		if err != nil {
			return socketio.None{}, err
		}
		return socketio.None{}, n.To(userRoom(id)).Emit("from-user", prepend(sender, rest))
	})
	socketio.On(n, "room-join", func(_ context.Context, s *socketio.Socket, room string) (socketio.None, error) {
		s.Join(room)
		return socketio.None{}, nil
	})
	socketio.On(n, "room-leave", func(_ context.Context, s *socketio.Socket, room string) (socketio.None, error) {
		s.Leave(room)
		return socketio.None{}, nil
	})
	socketio.On(n, "room-emit", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		room, rest, err := leadingString(in)
		if err != nil {
			return socketio.None{}, err
		}
		return socketio.None{}, s.To(room).Emit("room-event", rest)
	})
}

func registerEndings(n *socketio.Namespace) {
	end := func(event string, how func(s *socketio.Socket)) {
		socketio.On(n, event, func(_ context.Context, s *socketio.Socket, _ socketio.Raw) (socketio.None, error) {
			how(s)
			return socketio.None{}, nil
		})
	}
	end("drop-me", func(s *socketio.Socket) { s.Close(engineio.ForcedClose) })
	end("kick-me", func(s *socketio.Socket) { s.Disconnect(false) })
	end("kick-me-hard", func(s *socketio.Socket) { s.Disconnect(true) })
}

// leadingString splits arguments into the first, a string, and the others.
func leadingString(in socketio.Raw) (string, socketio.Raw, error) {
	var first string
	if err := in.Decode(0, &first); err != nil {
		return "", socketio.Raw{}, &socketio.Error{Code: socketio.CodeValidation, Message: "the first argument must be a string", Path: "0"}
	}
	rest := socketio.Raw{Attachments: in.Attachments}
	for i := 1; i < in.Len(); i++ {
		rest = appendArgument(rest, in.At(i))
	}
	return first, rest, nil
}

func prepend(first json.RawMessage, rest socketio.Raw) socketio.Raw {
	whole := appendArgument(socketio.Raw{Attachments: rest.Attachments}, first)
	if rest.Len() > 0 {
		whole = appendArgument(whole, rest.JSON)
	}
	return whole
}

func appendArgument(args socketio.Raw, text []byte) socketio.Raw {
	if len(args.JSON) > 0 {
		args.JSON = append(args.JSON, ',')
	}
	args.JSON = append(args.JSON, text...)
	return args
}
