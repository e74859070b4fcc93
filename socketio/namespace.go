package socketio

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// Namespace is a set of sockets with handlers of their own. Register handlers
// before serving; everything else may be called at any time from any goroutine.
type Namespace struct {
	*behaviour          // shared by the namespaces of one OfFunc
	server     *Server  // fixed at birth
	name       string   // fixed at birth
	dynamic    bool     // fixed at birth; a client has made it
	history    *history // fixed before serving; nil: Options.Recovery is, or there is a Recovery
	index      *index
	asked      atomic.Uint64 // counts the acknowledgements asked for

	sockets  int       // under server.mu; being authenticated, too
	emptied  time.Time // under server.mu; when there was none left
	expiring bool      // under server.mu; a timer is to drop it
}

// behaviour is what an application registers with a namespace. It is fixed before serving.
type behaviour struct {
	middlewares  []func(context.Context, *Socket) error
	onConnect    []func(*Socket)
	onDisconnect []func(*Socket, Reason)
	handlers     map[string]*handler // by event
	fallback     *handler            // nil: other events are ignored
	recovery     Recovery            // nil: no socket resumes, but by the history
}

func newNamespace(srv *Server, name string, b *behaviour) *Namespace {
	n := &Namespace{behaviour: b, server: srv, name: name, index: newIndex()}
	if srv.options.Recovery != nil && b.recovery == nil {
		n.history = newHistory(&srv.options)
	}
	return n
}

// Name returns the name with its slash.
func (n *Namespace) Name() string { return n.name }

// Use adds a middleware. All run in order before a socket is connected; an
// error refuses it with a CONNECT_ERROR that carries an *Error's message and
// data, or only the words "internal error" for any other error, which is
// logged. What is sent to a socket that is not connected yet is dropped. ctx
// ends with the connection, or when the last middleware has returned.
func (n *Namespace) Use(m func(ctx context.Context, s *Socket) error) {
	n.middlewares = append(n.middlewares, m)
}

// OnConnect adds a function that runs when a socket is connected, behind the
// CONNECT reply and before the first event's handler.
func (n *Namespace) OnConnect(f func(s *Socket)) { n.onConnect = append(n.onConnect, f) }

// OnDisconnect adds a function that runs once when a connected socket has
// ended, after its last handler returned.
func (n *Namespace) OnDisconnect(f func(s *Socket, r Reason)) {
	n.onDisconnect = append(n.onDisconnect, f)
}

// Fallback sets the handler of events that no other handler is registered
// for; clients choose their names. Without one they are ignored.
func (n *Namespace) Fallback(h func(ctx context.Context, s *Socket, event string, in Raw) (Raw, error)) {
	n.fallback = &handler{call: func(ctx context.Context, s *Socket, event string, in Raw) (any, error) {
		return h(ctx, s, event, in)
	}}
}

// Sockets returns the connected sockets.
func (n *Namespace) Sockets() []*Socket { return n.index.appendAll(nil) }

// Rooms returns the number of rooms with a member, the sockets' own rooms not
// counted.
func (n *Namespace) Rooms() int { return n.index.countRooms() }

// Broadcast aims at every socket of the namespace.
func (n *Namespace) Broadcast() Broadcast { return Broadcast{namespace: n} }

// To aims at the members of any of the rooms, each once.
func (n *Namespace) To(rooms ...string) Broadcast { return n.Broadcast().To(rooms...) }

// Emit sends an event to every socket of the namespace. The error is the
// payload's, or that the event is reserved.
func (n *Namespace) Emit(event string, payload any) error { return n.Broadcast().Emit(event, payload) }

// Encode encodes an event of this namespace once, to be sent to many sockets.
// The payload may be changed afterwards.
func (n *Namespace) Encode(event string, payload any) (Encoded, error) {
	frames, err := n.frames(event, payload, ackID{})
	if err != nil {
		return Encoded{}, err
	}
	return Encoded{namespace: n, event: event, frames: frames}, nil
}

// frames encodes an event as one unit.
func (n *Namespace) frames(event string, payload any, ack ackID) ([]engineio.Frame, error) {
	e := newEncoder(&n.server.options)
	defer e.free()
	if err := e.event(event, payload); err != nil {
		return nil, err
	}
	return e.frames(sioproto.Event, n.name, ack), nil
}
