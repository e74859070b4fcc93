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

// openWebSocket makes a session that starts on a WebSocket.
func (srv *Server) openWebSocket(w http.ResponseWriter, r *http.Request, q query) {
	if refused := srv.refusesWebSocket(r); refused != nil {
		refused.write(w)
		return
	}
	raw, early, err := hijack(w)
	if err != nil {
		srv.options.Logger.Error("engineio: a WebSocket needs a connection that can be hijacked", "error", err)
		badRequest.write(w)
		return
	}
	c := &conn{raw: raw, direct: newDirectWriter(raw), adopted: true}
	c.reader.MaxMessage = srv.options.MaxPayload
	s, refused := srv.register(r, q, c)
	if refused != nil {
		raw.Close()
		return
	}
	s.openOn(c, r.Header.Get("Sec-WebSocket-Key"))
	go c.serve(early)
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

// openOn answers the handshake and tells the handler; what Open sends leaves with the answer. It is queued from the start,
// so that no flusher writes for it, and nothing is read before the answer was written, so that no violation drops it.
func (s *Session) openOn(c *conn, key string) {
	s.mu.Lock()
	s.outbox.push([]Frame{
		{wire: wsproto.AppendSwitching(nil, key)},
		s.srv.openPacket(s.id, `[]`),
	})
	s.queued = true
	s.mu.Unlock()
	s.srv.handler.Open(s)
	s.write()
	s.leave()
}

// upgrade lets a WebSocket try to take a polling session over.
func (srv *Server) upgrade(w http.ResponseWriter, r *http.Request, s *Session) {
	if refused := refuseHandshake(r); refused != nil {
		refused.write(w)
		return
	}
	c := &conn{session: s}
	c.reader.MaxMessage = srv.options.MaxPayload
	if !s.nominate(c) {
		badRequest.write(w)
		return
	}
	raw, early, err := hijack(w)
	if err != nil {
		srv.options.Logger.Error("engineio: a WebSocket needs a connection that can be hijacked", "error", err)
		c.released(errProbe)
		srv.running.Done()
		badRequest.write(w)
		return
	}
	if !s.equip(c, raw) || c.answerUpgrade(r) != nil {
		c.released(errProbe)
		raw.Close()
		srv.running.Done()
		return
	}
	go c.serve(early)
}

// nominate makes c the one connection that may take over. It counts as running from then on.
func (s *Session) nominate(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.ws != nil || s.candidate != nil {
		return false
	}
	s.candidate = c
	s.srv.running.Add(1)
	return true
}

// equip gives the candidate its connection, unless the session has ended meanwhile.
func (s *Session) equip(c *conn, raw net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.raw, c.direct = raw, newDirectWriter(raw)
	return s.candidate == c
}

func (c *conn) answerUpgrade(r *http.Request) error {
	deadline := time.Now().Add(c.session.srv.options.UpgradeTimeout)
	if err := c.raw.SetReadDeadline(deadline); err != nil {
		return err
	}
	return c.blockingWrite(wsproto.AppendSwitching(nil, r.Header.Get("Sec-WebSocket-Key")))
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
	if err := c.blockingWrite(probeFrame.wire); err != nil {
		return err
	}
	s := c.session
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
	if err := c.raw.SetReadDeadline(time.Time{}); err != nil {
		s.mu.Unlock()
		return err
	}
	s.candidate, s.ws = nil, c
	s.polling.answered = answered{}
	c.adopted = true
	s.wakeGet()
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
