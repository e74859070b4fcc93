// Package socketio is a Socket.IO server (protocol 5, clients 3.x and 4.x, and
// with engineio's AllowEIO3 those of 2.x too):
// namespaces, sockets, typed events, acknowledgements both ways, rooms and
// broadcast. It is an http.Handler. The protocol is that of
// https://github.com/socketio/socket.io-protocol; what is stricter here is in
// docs/protocol.md.
//
// A client that connects to a namespace is a Socket there. It passes the
// namespace's middlewares, joins rooms, and sends events to the handlers that
// were registered with On. Events for clients go out through Socket.Emit,
// through a Broadcast to many sockets, or through Ask, which waits for an answer.
//
// # Order
//
// The middlewares of a socket, its OnConnect, its handlers and its OnDisconnect
// run one after the other, in the order in which things arrived, on a goroutine
// that exists only while there is something to do. Different sockets run at
// once. Acknowledgements do not wait in that line: a handler may ask its own
// client, with a deadline, as the answer comes behind what the client sent before.
//
// # Payloads
//
// A payload is any value that encoding/json encodes. Binary anywhere inside
// travels as an attachment; Args is several arguments; Raw is arguments as they
// are on the wire; json.RawMessage is one JSON text that is checked and passed
// as it is; nil and None are no argument.
package socketio

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

// Reason names why a socket ended: one of the constants here or of engineio,
// or what the application gave to Socket.Close.
type Reason = engineio.Reason

// The endings of a socket beside those of its connection.
const (
	ClientDisconnect Reason = "client namespace disconnect"
	ServerDisconnect Reason = "server namespace disconnect"
	Replaced         Reason = "replaced" // the client has resumed on another connection
)

// Parser is how packets are written. A client has to be told which, as there is no negotiation.
type Parser int

// The parsers of the official server.
const (
	JSON    Parser = iota
	MsgPack        // one binary message for a packet, as npm's socket.io-msgpack-parser has it
)

// Options configures a Server; the zero value has the official server's
// defaults.
type Options struct {
	Engine         engineio.Options
	Parser         Parser           // MsgPack costs time here, as payloads go through JSON; for clients that are to send less
	Path           string           // where requests are served; "": "/socket.io/"
	ConnectTimeout time.Duration    // from the opening to the first joined namespace; 0: 45 s
	MaxNamespaces  int              // joined by one connection, which else is closed; 0: no limit
	MaxDynamic     int              // namespaces that clients made (see OfFunc) and that live; 0: 1,000
	MaxInbox       int              // events of one socket waiting for its handlers; a full inbox slows the reader, and one full for longer than a pong may take ends the connection; 0: 64
	MaxPendingAcks int              // answers awaited from one socket; 0: 256
	MaxDepth       int              // of JSON nesting; 0: 64
	MaxAttachments int              // of one packet, both ways; 0: 10
	Recovery       *RecoveryOptions // has clients resume after a lost connection, in every namespace without a Recovery of its own; nil: none do
	Logger         *slog.Logger     // nil: slog.Default()
	Hooks          Hooks
}

// Hooks watches a Server. Every field may be nil. The functions must be fast
// and may run at once.
type Hooks struct {
	Connected    func(s *Socket)                   // before OnConnect
	Disconnected func(s *Socket, r Reason)         // before OnDisconnect
	Received     func(event string)                // an event with a handler of its own, before that runs
	Sent         func(event string, receivers int) // an event queued for sockets
	Panicked     func(s *Socket, event string)     // event is "connect" or "disconnect" for what is no event's handler
}

func (o Options) withDefaults() Options {
	o.Path = cmp.Or(o.Path, "/socket.io/")
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 45*time.Second)
	o.MaxDynamic = cmp.Or(o.MaxDynamic, 1000)
	o.MaxInbox = cmp.Or(o.MaxInbox, 64)
	o.MaxPendingAcks = cmp.Or(o.MaxPendingAcks, 256)
	o.MaxDepth = cmp.Or(o.MaxDepth, 64)
	o.MaxAttachments = cmp.Or(o.MaxAttachments, 10)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// pongWait is how long the engine waits for a sign of life.
func (o *Options) pongWait() time.Duration {
	return cmp.Or(o.Engine.PingInterval, 25*time.Second) + cmp.Or(o.Engine.PingTimeout, 20*time.Second)
}
