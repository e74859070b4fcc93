package engineio

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/dokkerr/realtime/eioproto"
	"github.com/dokkerr/realtime/wsproto"
)

// conn is a WebSocket of a session, read by one goroutine.
type conn struct {
	session *Session       // fixed at birth
	raw     net.Conn       // fixed before the conn is shared
	direct  directWriter   // fixed before the conn is shared
	reader  wsproto.Reader // the reader's
	probed  bool           // the client has sent its probe; under session.mu
	adopted bool           // carries the session; the reader's
	entered bool           // in a turn of callbacks; the reader's
	pong    Frame          // answers the peer's latest WebSocket ping; under session.mu
}

const readBufferSize = 2048

// errOver ends the reading of a connection about which everything is settled.
var errOver = errors.New("engineio: nothing more to read")

// serve reads until the connection is closed. early is what came behind the handshake.
func (c *conn) serve(early []byte) {
	defer c.session.srv.running.Done()
	err := c.feed(early)
	buf := make([]byte, readBufferSize)
	for err == nil {
		var n int
		n, err = c.raw.Read(buf)
		if n > 0 {
			if ferr := c.feed(buf[:n]); ferr != nil {
				err = ferr
			}
		}
	}
	if errors.Is(err, errOver) {
		c.lingerForPeer(buf)
	}
	c.released(err) // before the client can see the end: it may try its upgrade again at once
	c.raw.Close()
}

// lingerForPeer reads on after the last word, so that it is not lost with what the peer still sends. The wheel
// ends it.
func (c *conn) lingerForPeer(buf []byte) {
	for {
		if _, err := c.raw.Read(buf); err != nil {
			return
		}
	}
}

// released settles what the end of the connection means for the session.
func (c *conn) released(err error) {
	s := c.session
	if !c.adopted {
		s.mu.Lock()
		if s.candidate == c {
			s.candidate = nil
		}
		s.mu.Unlock()
		return
	}
	reason := TransportError
	if errors.Is(err, io.EOF) {
		reason = TransportClose
	}
	s.lost(reason)
}

// feed handles what was read.
func (c *conn) feed(p []byte) error {
	if c.adopted && !c.enter() {
		return errOver
	}
	err := c.reader.Feed(p, c.frame)
	if c.entered {
		c.entered = false
		c.session.leave()
	}
	var broken *wsproto.Error
	if errors.As(err, &broken) {
		return c.violated(closeFrame(broken.Code, broken.Reason), TransportError)
	}
	return err
}

func (c *conn) enter() bool {
	c.entered = c.session.enter()
	return c.entered
}

// violated ends the connection for the peer's fault, and with it the session that it carries.
func (c *conn) violated(last Frame, reason Reason) error {
	if !c.adopted {
		return errProbe
	}
	c.session.end(reason, ending{frame: last})
	return errOver
}

// frame handles one message or control frame.
func (c *conn) frame(op wsproto.Opcode, data []byte) error {
	switch op {
	case wsproto.Text:
		p, err := eioproto.Parse(data)
		if err != nil {
			return c.violated(plainCloseWire, ParseError)
		}
		return c.packet(p)
	case wsproto.Binary:
		p, err := c.session.parseBinary(data)
		if err != nil {
			return c.violated(plainCloseWire, ParseError)
		}
		return c.packet(p)
	case wsproto.Ping:
		c.answerPing(data)
	case wsproto.Close:
		if !c.adopted {
			return errProbe
		}
		c.session.end(TransportClose, ending{frame: echoClose(data)})
		return errOver
	}
	return nil
}

func (s *Session) parseBinary(data []byte) (eioproto.Packet, error) {
	if s.v3 {
		return eioproto.ParseV3Binary(data)
	}
	return eioproto.Packet{Type: eioproto.Message, Binary: true, Data: data}, nil
}

func (c *conn) packet(p eioproto.Packet) error {
	if !c.adopted {
		return c.probe(p)
	}
	if !c.session.receive(p) || !c.session.isOpen() {
		return errOver
	}
	return nil
}

// answerPing keeps the pong to the latest ping only: a peer that does not read gets no queue of them.
func (c *conn) answerPing(data []byte) {
	s := c.session
	s.mu.Lock()
	c.pong = Frame{wire: wsproto.AppendFrame(nil, wsproto.Pong, data)}
	if s.ws != c || s.state != open {
		s.mu.Unlock()
		return
	}
	s.flush()
}

// closeWrite tells the peer that nothing follows; its answer is its own end, which the reader sees.
func (c *conn) closeWrite() {
	if half, ok := c.raw.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	c.raw.Close()
}

// cut closes a connection that did not come to carry its session; nil is none.
func (c *conn) cut() {
	if c == nil {
		return
	}
	c.session.mu.Lock()
	raw := c.raw
	c.session.mu.Unlock()
	if raw != nil {
		raw.Close()
	}
}

// blockingWrite writes all of b, and gives up when nothing could be written for as long as the time-out. It is
// used where a direct write would have to wait.
func (c *conn) blockingWrite(b []byte) error {
	const chunk = 16 << 10
	defer c.raw.SetWriteDeadline(time.Time{})
	for len(b) > 0 {
		n := min(len(b), chunk)
		if err := c.raw.SetWriteDeadline(time.Now().Add(c.session.srv.options.WriteTimeout)); err != nil {
			return err
		}
		if _, err := c.raw.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// isSlow tells a reader that took nothing in time from a broken connection.
func isSlow(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
