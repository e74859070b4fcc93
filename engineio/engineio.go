// Package engineio is an Engine.IO protocol 4 server: sessions over
// long-polling and WebSocket, the upgrade between them, heartbeat, a bounded
// outbox and named endings. It is an http.Handler. Protocol 3, of older
// clients, is an option. The protocol is that of
// https://github.com/socketio/engine.io-protocol; what is stricter here is
// in docs/protocol.md.
//
// The layer above is driven by callbacks and never sees a blocking read, so
// that the same code serves a goroutine per connection and a poller.
package engineio

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Handler is told what happens to sessions. The calls for one session come one
// after the other: Open first, Close last and exactly once. Calls for
// different sessions run at once. A callback that blocks holds up its own
// session's reader only.
type Handler interface {
	// Open is called when the handshake was accepted, before the client can
	// send anything.
	Open(s *Session)
	// Message hands over one message. Its data are lent until Message returns.
	Message(s *Session, m Message)
	// Close is called when the session has ended, whoever ended it. What was
	// sent before may still be on its way out.
	Close(s *Session, reason Reason)
}

// Message is one message as the client sent it, text (valid UTF-8) or binary.
type Message struct {
	Binary bool
	Data   []byte // lent, see Handler.Message
}

// Reason names why a session ended. The names are those of the official
// server where it has one.
type Reason string

// The endings of a session.
const (
	TransportClose Reason = "transport close"      // the client closed, or its connection did
	TransportError Reason = "transport error"      // the connection broke, a request was cut, or the client broke the transport's rules
	PingTimeout    Reason = "ping timeout"         // no pong in time
	ParseError     Reason = "parse error"          // bytes that are no packet
	ForcedClose    Reason = "forced close"         // Session.Close without a better name
	ServerShutdown Reason = "server shutting down" // Server.Shutdown
	SlowReader     Reason = "slow reader"          // the outbox is full, a write made no progress, or all clients that are stuck have too much waiting
)

// Options configures a Server; the zero value has the official server's
// defaults.
type Options struct {
	PingInterval   time.Duration // between a pong and the next ping; 0: 25 s
	PingTimeout    time.Duration // for the pong; 0: 20 s
	UpgradeTimeout time.Duration // from the second connection to the upgrade packet; 0: 10 s
	MaxPayload     int           // bytes of one message or polling body; 0: 1,000,000
	MaxPackets     int           // packets in one polling body; 0: no limit
	MaxUntrusted   int           // bytes of all that a client sends until Session.Trust; 0: no limit
	MaxOutbox      int           // bytes waiting for one client, each frame with FrameCost more; 0: 1 MiB
	MaxStuck       int           // bytes waiting for clients that take nothing, all together; beyond, those with the most are ended; 0: no limit
	WriteTimeout   time.Duration // a write without progress; 0: 10 s
	BodyTimeout    time.Duration // for a whole polling body to arrive; 0: 10 s
	MessageTimeout time.Duration // for a whole WebSocket message to arrive, from its first byte; 0: 30 s
	Compress       int           // polling answers above so many bytes are gzipped; 0: 1,024; negative: never
	Goroutines     bool          // read every connection by a goroutine of its own, also where a poller could
	Deflate        bool          // offer permessage-deflate, for frames from 1 KiB; costs CPU, and memory while compressing
	AllowEIO3      bool          // serve clients of protocol 3 too (socket.io-client 1.x and 2.x)

	// CheckOrigin says whether a request is served, on every transport, by its
	// Origin. Nil: no Origin, or one whose host is the request's. It may run
	// at once.
	CheckOrigin func(r *http.Request) bool
	// Admit may refuse a handshake; nil admits all. An *AdmitError chooses the
	// answer; any other error is 403 {"code":4,"message":"Forbidden"}. A Visit
	// that is not nil is told of the end, and kept in Request.Visit. It may run
	// at once.
	Admit func(r *http.Request) (Visit, error)
	// Logger gets what operators need to know; nil: slog.Default().
	Logger *slog.Logger
}

// Visit is what Options.Admit keeps of a client that it admitted.
type Visit interface {
	// End is called once: when the session has ended, or none was made. It must not block.
	End()
}

func (o Options) withDefaults() Options {
	o.PingInterval = cmp.Or(o.PingInterval, 25*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, 20*time.Second)
	o.UpgradeTimeout = cmp.Or(o.UpgradeTimeout, 10*time.Second)
	o.MaxPayload = cmp.Or(o.MaxPayload, 1_000_000)
	o.MaxOutbox = cmp.Or(o.MaxOutbox, 1<<20)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	o.BodyTimeout = cmp.Or(o.BodyTimeout, 10*time.Second)
	o.MessageTimeout = cmp.Or(o.MessageTimeout, 30*time.Second)
	o.Compress = cmp.Or(o.Compress, 1024)
	if o.CheckOrigin == nil {
		o.CheckOrigin = sameOrigin
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}
