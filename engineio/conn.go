package engineio

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/dokkerr/realtime/eioproto"
	"github.com/dokkerr/realtime/netpoll"
	"github.com/dokkerr/realtime/wsproto"
)

// conn is a WebSocket that carries a session, or is a candidate for it. It is a netpoll.Handler.
type conn struct {
	// What a write looks at stands first, on one cache line.
	session *Session     // fixed at birth
	parked  netpoll.Conn // under session.mu; nil until the poller has it
	pong    []byte       // under session.mu: answers the peer's latest WebSocket ping
	deflate bool         // fixed at birth: compression was agreed on
	probed  bool         // under session.mu: the client has sent its probe
	over    bool         // the reader's: what still comes does not matter
	adopted bool         // the reader's: carries the session
	entered bool         // the reader's: in a turn of callbacks
	whole   bool         // the reader's: a message came to its end since the last look
	partial bool         // the reader's: a message is under way, for which timer runs
	trusted bool         // the reader's: the session was seen to be

	timer  *time.Timer    // under session.mu: until when a candidate has to take over, or a message to be whole
	reader wsproto.Reader // the reader's
	rest   []byte         // the writer's: what the connection did not take
}

// errOver ends the reading of a connection about which everything is settled.
var errOver = errors.New("engineio: nothing more to read")

const readBufferSize = 8 << 10

var readPool = sync.Pool{New: func() any { b := make([]byte, readBufferSize); return &b }}

// park hands the connection to the poller. early is what came behind the handshake.
func (c *conn) park(raw net.Conn, early []byte) {
	parked, err := c.session.srv.poller.Add(raw, early, c)
	if err != nil {
		raw.Close()
		c.gone(err)
		return
	}
	if !c.bind(parked) {
		parked.Close()
	}
}

// bind makes the connection known to those who write to it or close it. It returns false when there is nothing
// left to do with it.
func (c *conn) bind(parked netpoll.Conn) bool {
	s := c.session
	s.mu.Lock()
	if s.state == closed || s.ws != c && s.candidate != c {
		s.mu.Unlock()
		return false
	}
	if c.parked != nil {
		s.mu.Unlock()
		return true
	}
	c.parked = parked
	s.flush()
	return true
}

// Readable handles what has come, all frames of one read together.
func (c *conn) Readable(parked netpoll.Conn) (goOn bool) {
	if !c.bind(parked) {
		parked.Close()
		return false
	}
	buf := readPool.Get().(*[]byte)
	err := c.read(parked, *buf)
	readPool.Put(buf)
	if err != netpoll.ErrAgain {
		c.gone(err)
	} else if c.adopted && !c.over {
		c.watch()
	}
	return c.session.hasDeferred()
}

// read reads until nothing more is there.
func (c *conn) read(parked netpoll.Conn, buf []byte) error {
	for {
		n, err := parked.Read(buf)
		if n > 0 && !c.over {
			c.handle(c.feed(buf[:n]))
		}
		if err != nil {
			return err
		}
	}
}

// Continue does what callbacks have put off.
func (c *conn) Continue(netpoll.Conn) { c.session.doDeferred() }

// handle settles what feeding has come to. What follows the last word is read on, so that it is not lost with what the
// peer still sends; the wheel ends that.
func (c *conn) handle(err error) {
	if err == nil {
		return
	}
	c.over = true
	if !c.adopted {
		c.release()
	}
}

// watch bounds how long a message may be under way, whose fragments may be below every other limit for ever.
func (c *conn) watch() {
	begun := !c.reader.Idle()
	if begun == c.partial && !(begun && c.whole) {
		return
	}
	c.partial, c.whole = begun, false
	c.stopTimer()
	if begun {
		c.session.mu.Lock()
		c.timer = time.AfterFunc(c.session.srv.options.MessageTimeout, c.tooSlow)
		c.session.mu.Unlock()
	}
}

func (c *conn) stopTimer() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

func (c *conn) tooSlow() {
	c.session.end(TransportError, ending{frame: closeFrame(wsproto.PolicyViolated, "the message takes too long")})
}

// gone settles what the end of the connection means for the session.
func (c *conn) gone(err error) {
	if !c.adopted {
		c.release()
		return
	}
	if c.partial {
		c.stopTimer()
	}
	reason := TransportError
	if errors.Is(err, io.EOF) {
		reason = TransportClose
	}
	c.session.lost(reason)
}

// release ends a candidate, before its client can see the end and try again at once; nil is none. A conn that
// carries its session is left alone.
func (c *conn) release() {
	if c == nil {
		return
	}
	s := c.session
	s.mu.Lock()
	if s.candidate == c {
		s.candidate = nil
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	carries := s.ws == c
	s.mu.Unlock()
	if !carries {
		c.close()
	}
}

// close may be called on nil.
func (c *conn) close() {
	if c == nil {
		return
	}
	c.session.mu.Lock()
	parked := c.parked
	c.session.mu.Unlock()
	if parked != nil {
		// The peer may be gone before us, and what there was to tell it was told.
		_ = parked.Close()
	}
}

// feed handles what was read.
func (c *conn) feed(p []byte) error {
	if !c.trusted {
		var within bool
		if c.trusted, within = c.session.hear(len(p)); !within {
			return c.violated(closeFrame(wsproto.MessageTooBig, "too much of a stranger"), TransportError)
		}
	}
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
		c.whole = true
		p, err := eioproto.Parse(data)
		if err != nil {
			return c.violated(plainCloseWire, ParseError)
		}
		return c.packet(p)
	case wsproto.Binary:
		c.whole = true
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
	c.pong = wsproto.AppendFrame(nil, wsproto.Pong, data)
	if s.ws != c || s.state != open {
		s.mu.Unlock()
		return
	}
	s.flush()
}
