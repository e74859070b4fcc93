package socketio

import (
	"slices"
	"sync"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

const (
	// attachmentTimeout is how long the attachments of a packet may take.
	attachmentTimeout = 10 * time.Second
	// maxRefusals is how many CONNECTs of one connection may fail.
	maxRefusals = 20
)

// conn is one client's connection with all its sockets. Its methods named by
// packets are the reader's; the others may be called from anywhere.
type conn struct {
	server  *Server           // fixed at birth
	session *engineio.Session // fixed at birth
	due     *assembly         // the reader's; nil unless attachments are due

	mu       sync.Mutex
	sockets  []*Socket   // under mu; joined or being authenticated, at most one for each namespace
	refusals int         // under mu
	ended    bool        // under mu
	timer    *time.Timer // under mu; runs until the first namespace is joined, then nil
}

// assembly is a packet whose attachments are due.
type assembly struct {
	sioproto.Assembler
	timer *time.Timer
}

func openConn(srv *Server, session *engineio.Session) *conn {
	c := &conn{server: srv, session: session}
	c.mu.Lock()
	c.timer = time.AfterFunc(srv.options.ConnectTimeout, c.expire)
	c.mu.Unlock()
	if c.speaksProtocol3() {
		c.connectMain()
	}
	return c
}

// expire closes a connection that joined no namespace in time.
func (c *conn) expire() {
	c.mu.Lock()
	joined := c.timer == nil
	c.mu.Unlock()
	if !joined {
		c.close(engineio.ForcedClose)
	}
}

// message takes a message of the client. What is no packet ends the connection.
func (c *conn) message(m engineio.Message) {
	var p sioproto.Packet
	var attachments [][]byte
	var complete bool
	var err error
	switch {
	case c.server.options.Parser == MsgPack:
		p, attachments, err = unpack(m.Data, c.limits())
		complete = true
	case m.Binary:
		p, attachments, complete, err = c.binary(m.Data)
	default:
		p, complete, err = c.text(m.Data)
	}
	switch {
	case err != nil:
		c.close(engineio.ParseError)
	case complete:
		c.packet(p, attachments)
	}
}

func (c *conn) text(b []byte) (sioproto.Packet, bool, error) {
	if c.due != nil {
		return c.due.Text(b)
	}
	a := sioproto.Assembler{Limits: c.limits(), MaxBytes: c.server.options.Engine.MaxPayload}
	p, complete, err := a.Text(b)
	if a.Pending() {
		c.due = &assembly{a, time.AfterFunc(attachmentTimeout, func() { c.close(engineio.ParseError) })}
	}
	return p, complete, err
}

func (c *conn) binary(b []byte) (sioproto.Packet, [][]byte, bool, error) {
	if c.due == nil {
		return (&sioproto.Assembler{}).Binary(b)
	}
	p, attachments, complete, err := c.due.Binary(b)
	if complete {
		c.forgetAssembly()
	}
	return p, attachments, complete, err
}

func (c *conn) forgetAssembly() {
	if c.due != nil {
		c.due.timer.Stop()
		c.due = nil
	}
}

// packet takes a packet to its socket. One for a namespace that is not joined,
// and a CONNECT to one that is, or is about to be, end the connection (wire.md §2).
func (c *conn) packet(p sioproto.Packet, attachments [][]byte) {
	namespace, auth := c.addressee(p)
	s, joined := c.find(namespace)
	switch {
	case s == nil && p.Type == sioproto.Connect:
		c.connect(namespace, auth)
	case !joined || p.Type == sioproto.Connect:
		c.close(engineio.ForcedClose)
	case p.Type == sioproto.Disconnect:
		s.end(ClientDisconnect)
	case p.Type == sioproto.Event || p.Type == sioproto.BinaryEvent:
		s.receive(p, attachments)
	default:
		s.resolve(p, attachments)
	}
}

func (c *conn) find(namespace string) (s *Socket, joined bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name == namespace {
			return s, s.joined
		}
	}
	return nil, false
}

// closed ends the sockets of a session that has ended.
func (c *conn) closed(r Reason) {
	c.forgetAssembly()
	c.end(r)
}

// close ends the session, after what waits was flushed, and its sockets at once.
func (c *conn) close(r Reason) {
	c.session.Close(r)
	c.end(r)
}

func (c *conn) end(r Reason) {
	c.mu.Lock()
	c.ended = true
	c.stopTimer()
	sockets := slices.Clone(c.sockets)
	c.mu.Unlock()
	for _, s := range sockets {
		s.end(r)
	}
}

// stopTimer is called under mu.
func (c *conn) stopTimer() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// disconnect ends all sockets with a DISCONNECT packet each, and then the session.
func (c *conn) disconnect() {
	c.mu.Lock()
	sockets := slices.Clone(c.sockets)
	c.mu.Unlock()
	for _, s := range sockets {
		s.disconnect()
	}
	c.close(engineio.ForcedClose)
}
