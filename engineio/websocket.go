package engineio

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/dokkerr/realtime/eioproto"
	"github.com/dokkerr/realtime/wsproto"
)

// errProbe ends a connection that asked for the upgrade and did not go through with it.
var errProbe = errors.New("engineio: no upgrade")

// openWebSocket makes a session that starts on a WebSocket, and answers, unless it returns why not.
func (srv *Server) openWebSocket(w http.ResponseWriter, r *http.Request, q query, visit Visit) *refusal {
	if refused := srv.refusesWebSocket(r); refused != nil {
		return refused
	}
	raw, early, err := hijack(w)
	if err != nil {
		srv.options.Logger.Error("engineio: a WebSocket needs a connection that can be hijacked", "error", err)
		return badRequest
	}
	c := &conn{adopted: true}
	answer := srv.accept(c, r)
	s, refused := srv.register(r, q, c, visit)
	if refused != nil { // the server is about to stop
		raw.Close()
		visit.End()
		return nil
	}
	answer = append(answer, srv.openPacket(s.id, `[]`).wire...)
	err = srv.answer(raw, answer)
	srv.handler.Open(s)
	s.leave()
	if err != nil {
		raw.Close()
		c.gone(err)
		return nil
	}
	c.park(raw, early)
	return nil
}

// accept sets c up as r asks for, and returns the answer to a handshake that was checked.
func (srv *Server) accept(c *conn, r *http.Request) []byte {
	extensions := ""
	if srv.options.Deflate {
		extensions, c.deflate = wsproto.NegotiateDeflate(r.Header["Sec-Websocket-Extensions"])
	}
	c.reader.MaxMessage = srv.options.MaxPayload
	c.reader.Deflate = c.deflate
	return wsproto.AppendSwitchingWith(nil, r.Header.Get("Sec-WebSocket-Key"), extensions)
}

// answer writes to a connection whose buffers are empty, so that it does not wait for the peer.
func (srv *Server) answer(raw net.Conn, b []byte) error {
	if err := raw.SetWriteDeadline(time.Now().Add(srv.options.WriteTimeout)); err != nil {
		return err
	}
	if _, err := raw.Write(b); err != nil {
		return err
	}
	return raw.SetWriteDeadline(time.Time{})
}

// refusesWebSocket asks what can no longer be answered once the connection is hijacked.
func (srv *Server) refusesWebSocket(r *http.Request) *refusal {
	srv.mu.Lock()
	draining := srv.draining
	srv.mu.Unlock()
	if draining {
		return shuttingDown
	}
	return refuseHandshake(r)
}

func refuseHandshake(r *http.Request) *refusal {
	var bad *wsproto.HandshakeError
	switch err := wsproto.CheckHandshake(r); {
	case err == nil:
		return nil
	case errors.As(err, &bad) && bad.Status == http.StatusUpgradeRequired:
		return upgradeRequired
	default:
		return badRequest
	}
}

// upgrade lets a WebSocket try to take a polling session over.
func (srv *Server) upgrade(w http.ResponseWriter, r *http.Request, s *Session) {
	if refused := refuseHandshake(r); refused != nil {
		refused.write(w)
		return
	}
	c := &conn{session: s}
	answer := srv.accept(c, r)
	if !s.nominate(c) {
		badRequest.write(w)
		return
	}
	defer srv.running.Done()
	raw, early, err := hijack(w)
	if err != nil {
		srv.options.Logger.Error("engineio: a WebSocket needs a connection that can be hijacked", "error", err)
		c.release()
		badRequest.write(w)
		return
	}
	if err := srv.answer(raw, answer); err != nil {
		c.release()
		raw.Close()
		return
	}
	c.park(raw, early)
}

// nominate makes c the one connection that may take over, if it does so in time. It counts as running until it is parked.
func (s *Session) nominate(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.ws != nil || s.candidate != nil {
		return false
	}
	s.candidate = c
	c.timer = time.AfterFunc(s.srv.options.UpgradeTimeout, c.release)
	s.srv.running.Add(1)
	return true
}

// probe handles a packet on a connection that has not taken over yet.
func (c *conn) probe(p eioproto.Packet) error {
	switch {
	case !c.probed && p.Type == eioproto.Ping && string(p.Data) == "probe":
		return c.answerProbe()
	case c.probed && p.Type == eioproto.Upgrade:
		return c.adopt()
	}
	return errProbe
}

// answerProbe answers and has the pending GET released, for which the client waits.
func (c *conn) answerProbe() error {
	s := c.session
	s.mu.Lock()
	parked := c.parked
	s.mu.Unlock()
	if n, err := parked.Write(probeFrame.wire); n < len(probeFrame.wire) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.probed = true
	s.wakeGet()
	return nil
}

// adopt has the connection carry the session from here on, in the middle of a read. A client that still posts is
// not ready to move.
func (c *conn) adopt() error {
	s := c.session
	s.mu.Lock()
	if s.candidate != c || s.polling.posting {
		s.mu.Unlock()
		return errProbe
	}
	c.timer.Stop()
	c.timer = nil
	s.candidate, s.ws = nil, c
	s.polling.forget()
	c.adopted = true
	s.wakeGet()
	if s.state == closing {
		s.outbox.push(plainCloseWire)
		s.wakeIn(closeWait)
	}
	s.flush()
	if !c.enter() {
		return errOver
	}
	return nil
}

// hijack takes the connection out of net/http, with the bytes that came behind the request.
func hijack(w http.ResponseWriter) (net.Conn, []byte, error) {
	raw, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err == nil {
		err = raw.SetDeadline(time.Time{})
	}
	if err != nil {
		raw.Close()
		return nil, nil, err
	}
	return raw, append([]byte(nil), early...), nil
}
