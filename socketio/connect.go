package socketio

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// connect answers a CONNECT: with a refusal, or by starting the socket's goroutine, which answers. auth is lent; nil is
// none.
func (c *conn) connect(namespace string, auth json.RawMessage) {
	n, refusal := c.server.enter(namespace)
	if refusal != nil {
		c.refuse(cut(namespace, maxLogged), refusal)
		return
	}
	if auth == nil {
		auth = json.RawMessage("{}")
	}
	s := &Socket{id: c.newSocketID(n.name), conn: c, namespace: n}
	s.inbox.busy = true
	s.arrival.Store(&arrival{Handshake: Handshake{Request: c.session.Request(), Auth: bytes.Clone(auth)}})
	if !c.hold(s) {
		c.server.leave(n)
		c.close(engineio.ForcedClose)
		return
	}
	c.server.tasks.start()
	go s.begin()
}

// hold keeps a socket until forget. It fails when the connection has ended or has as many as it may have.
func (c *conn) hold(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := c.server.options.MaxNamespaces
	if c.ended || most > 0 && len(c.sockets) >= most {
		return false
	}
	c.sockets = append(c.sockets, s)
	return true
}

func (c *conn) forget(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.sockets, s); i >= 0 {
		c.sockets = slices.Delete(c.sockets, i, i+1)
	}
}

// join lets packets to the socket in. It fails when the connection has ended.
func (c *conn) join(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	s.joined = true
	c.session.Trust()
	c.stopTimer()
	return true
}

// refuse sends a CONNECT_ERROR. The client may try again, but not for ever.
func (c *conn) refuse(namespace string, err *Error) {
	c.sendRefusal(namespace, err)
	c.mu.Lock()
	c.refusals++
	tooMany := c.refusals >= maxRefusals
	c.mu.Unlock()
	if tooMany {
		c.close(engineio.ForcedClose)
	}
}

// sendRefusal sends the error's data only when there is some: the stock client shows even null to the application.
func (c *conn) sendRefusal(namespace string, err *Error) {
	e := newEncoder(&c.server.options)
	defer e.free()
	if failed := e.refusal(err, c.speaksProtocol3()); failed != nil {
		c.server.options.Logger.Error("socketio: data of a refusal does not encode", "error", failed)
		c.sendRefusal(namespace, &Error{Message: err.Message})
		return
	}
	c.session.Send(e.options.frame(sioproto.Packet{Type: sioproto.ConnectError, Namespace: namespace, Data: e.text}))
}

// refusal encodes the payload of a CONNECT_ERROR, which has no attachments; it may be only a message. The data's own
// encoder may panic.
func (e *encoder) refusal(err *Error, plain bool) (failed error) {
	defer func() {
		if cause := recover(); cause != nil {
			failed = fmt.Errorf("panic: %v", cause)
		}
	}()
	var payload any = err.Message
	if !plain {
		payload = struct {
			Message string `json:"message"`
			Data    any    `json:"data,omitempty"`
		}{err.Message, err.Data}
	}
	if failed = e.value(payload); failed != nil {
		return failed
	}
	if len(e.attachments) > 0 {
		return errors.New("binary cannot be attached")
	}
	return e.close()
}

// cut shortens s to n bytes at most, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// begin runs the life of a new socket: its middlewares, then what arrives for it.
func (s *Socket) begin() {
	defer s.conn.server.tasks.done()
	if err := s.authenticate(); err != nil {
		s.end(ServerDisconnect) // first: the client may try again as soon as it is told
		s.conn.refuse(s.namespace.name, err)
		return
	}
	if s.accept() {
		s.connected()
	}
	s.work()
}

// authenticate runs the middlewares with a context that ends with them, so that an
// idle socket need not keep one.
func (s *Socket) authenticate() *Error {
	if len(s.namespace.middlewares) == 0 && s.namespace.recovery == nil && s.namespace.history == nil {
		return nil
	}
	ctx := s.lendContext()
	defer s.returnContext()
	for _, m := range s.namespace.middlewares {
		if err := s.runMiddleware(ctx, m); err != nil {
			return s.refusal(ctx, err)
		}
	}
	if err := s.resume(ctx); err != nil {
		return s.refusal(ctx, err)
	}
	return nil
}

func (s *Socket) runMiddleware(ctx context.Context, m func(context.Context, *Socket) error) (err error) {
	defer s.catch("connect", &err)
	return m(ctx, s)
}

// refusal is what the client learns of a middleware's error.
func (s *Socket) refusal(ctx context.Context, err error) *Error {
	if told, ok := errors.AsType[*Error](err); ok {
		return told
	}
	s.logFailure(ctx, "connect", err)
	return &Error{Message: internalError.Message}
}

// accept opens the socket for the client's packets, which may follow the answer at once, and for everybody's events,
// which must not precede it (delivery.md R12): they wait for mu, which is held while the answer is queued.
func (s *Socket) accept() bool {
	if !s.conn.join(s) {
		return false
	}
	if h := s.namespace.history; h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return false
	}
	missed := s.remember()
	s.phase.Store(opening)
	s.namespace.index.add(s)
	s.conn.session.Send(s.conn.server.options.frame(sioproto.Packet{
		Type: sioproto.Connect, Namespace: s.namespace.name, Data: s.connectReply(),
	}))
	for i := range missed {
		s.conn.session.Send(missed[i].event.frames...)
	}
	s.phase.Store(online)
	return true
}

// connected tells the application of a new socket.
func (s *Socket) connected() {
	s.announced = true
	if hook := s.conn.server.options.Hooks.Connected; hook != nil {
		hook(s)
	}
	for _, f := range s.namespace.onConnect {
		if err := s.runOnConnect(f); err != nil {
			s.sendError(err)
		}
	}
	s.arrival.Store(nil)
}

func (s *Socket) runOnConnect(f func(*Socket)) (err error) {
	defer s.catch("connect", &err)
	f(s)
	return nil
}

// newID returns 15 random bytes as 20 URL-safe characters.
func newID() string {
	var b [15]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
