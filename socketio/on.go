package socketio

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/dokkerr/realtime/sioproto"
)

// maxLogged is how much of a name that a client chose is logged or sent back.
const maxLogged = 64

// handler is what is registered for an event.
type handler struct {
	event string // "" for the fallback
	call  func(ctx context.Context, s *Socket, event string, in Raw) (any, error)
	serve func(ctx context.Context, c *Call) error // instead of call
}

// On registers the handler of an event. Handlers of one socket run one after
// the other, in the order of arrival; those of different sockets run at once.
// ctx ends with the socket; what had arrived when the client left is still
// handled, with a ctx that has ended. On panics for a reserved event and for
// one that has a handler.
//
// In is decoded from the event's first argument: any type encoding/json
// decodes (attachments inside become Binary or []byte), Binary, Raw for all
// arguments as they came, or None. Out is the acknowledgement, if the client
// asked for one: any type encoding/json encodes (with Binary anywhere inside),
// Args for several values, Raw, or None for an empty one.
//
// An error is answered in the acknowledgement as {"error": {...}} or, when
// none is asked for, as the event "error": an *Error as it is, any other as
// INTERNAL_ERROR, and logged. So is a panic, with its stack, for this client
// alone. Payloads that do not decode are answered with VALIDATION_ERROR.
func On[In, Out any](n *Namespace, event string, h func(ctx context.Context, s *Socket, in In) (Out, error)) {
	n.register(&handler{event: event, call: func(ctx context.Context, s *Socket, _ string, in Raw) (any, error) {
		v, err := decode[In](in)
		if err != nil {
			return nil, invalid(err)
		}
		return h(ctx, s, v)
	}})
}

func (n *Namespace) register(h *handler) {
	event := h.event
	if reserved(event) {
		panic("socketio: handler for the reserved event " + event)
	}
	if n.handlers[event] != nil {
		panic("socketio: second handler for the event " + event)
	}
	n.handlers[event] = h
}

// reserved tells the names that no event on the wire may have.
func reserved(event string) bool {
	switch event {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

// received tells the application of an event that has a handler of its own.
func (s *Socket) received(e *event) {
	if hook := s.conn.server.options.Hooks.Received; hook != nil && e.handler.event != "" {
		hook(e.name)
	}
}

// handle runs an event's handler and answers.
func (s *Socket) handle(e *event) {
	s.received(e)
	ctx := s.Context()
	if e.handler.serve != nil {
		s.serve(ctx, e)
		return
	}
	reply := newEncoder(&s.conn.server.options)
	defer reply.free()
	err := s.call(ctx, e, reply)
	switch {
	case err != nil:
		s.fail(ctx, e, err)
	case e.ack.wanted:
		s.sendPacket(reply, sioproto.Ack, e.ack)
	}
}

// fail tells the client, and the log, what has come of an event.
func (s *Socket) fail(ctx context.Context, e *event, err error) {
	s.logFailure(ctx, e.name, err)
	s.tellFailure(e, err)
}

func (s *Socket) tellFailure(e *event, err error) {
	if e.ack.wanted {
		s.answerError(e.ack, err)
	} else {
		s.sendError(err)
	}
}

// call runs the handler and encodes its acknowledgement.
func (s *Socket) call(ctx context.Context, e *event, reply *encoder) (err error) {
	defer s.catch(e.name, &err)
	out, err := e.handler.call(ctx, s, e.name, e.args)
	if err != nil || !e.ack.wanted {
		return err
	}
	return reply.list(out)
}

func (s *Socket) answerError(ack ackID, err error) {
	reply := newEncoder(&s.conn.server.options)
	defer reply.free()
	failed := reply.list(struct {
		Error *Error `json:"error"`
	}{public(err)})
	if failed != nil {
		s.conn.server.options.Logger.Error("socketio: error does not encode", "error", failed)
		return
	}
	s.sendPacket(reply, sioproto.Ack, ack)
}

// sendError tells the client of an error that no acknowledgement can carry.
func (s *Socket) sendError(err error) {
	if failed := s.Emit("error", public(err)); failed != nil {
		s.conn.server.options.Logger.Error("socketio: error does not encode", "error", failed)
	}
}

// logFailure logs an error that the client learns nothing of, unless it is the socket's own end.
func (s *Socket) logFailure(ctx context.Context, event string, err error) {
	_, told := errors.AsType[*Error](err)
	ended := ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)) || errors.Is(err, ErrDisconnected))
	if told || ended || errors.Is(err, errPanicked) {
		return
	}
	s.conn.server.options.Logger.Error("socketio: handler failed",
		"namespace", s.namespace.name, "socket", s.id, "event", cut(event, maxLogged), "error", err)
}

// catch is deferred around the application's code. It turns a panic into an error and logs its stack.
func (s *Socket) catch(event string, err *error) {
	cause := recover()
	if cause == nil {
		return
	}
	*err = errPanicked
	s.conn.server.options.Logger.Error("socketio: handler panicked",
		"namespace", s.namespace.name, "socket", s.id, "event", cut(event, maxLogged),
		"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if hook := s.conn.server.options.Hooks.Panicked; hook != nil {
		hook(s, event)
	}
}
