package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// dialect is a protocol above WebSocket frames.
type dialect interface {
	handshake() []byte                           // the HTTP request
	upgraded(l *loop, c *conn)                   // the HTTP part is over
	text(l *loop, c *conn, message []byte)       // one message of the server
	appendBroadcast(dst []byte, p []byte) []byte // frames, masked
	appendEcho(dst []byte, id uint32, p []byte) []byte
	appendUnicast(dst []byte, id uint32, p []byte) []byte
}

func upgradeRequest(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
}

// socketIO is Socket.IO protocol 5 over WebSocket only. The floors speak it too, as far as the bytes of this package go.
type socketIO struct{}

func (socketIO) handshake() []byte { return upgradeRequest("/socket.io/?EIO=4&transport=websocket") }

func (socketIO) upgraded(*loop, *conn) {}

var (
	bookingUpdated = []byte(`42["booking.updated",`)
	messageNew     = []byte(`42["message.new",`)
	otherEvent     = []byte(`42[`)
	refusal        = []byte(`[{"error":`)
	pong           = appendFrame(nil, opText, []byte("3"))
)

func (socketIO) text(l *loop, c *conn, m []byte) {
	switch {
	case bytes.HasPrefix(m, bookingUpdated):
		l.traffic.delivery(c, sequence(m[len(bookingUpdated):]))
	case bytes.HasPrefix(m, messageNew):
		l.traffic.delivery(c, 0)
	case len(m) > 2 && m[0] == '4' && m[1] == '3':
		c.acknowledged(l, m)
	case bytes.HasPrefix(m, otherEvent):
	case len(m) > 2 && m[0] == '4' && m[1] == '0':
		l.traffic.joined(c)
	case len(m) == 1 && m[0] == '2':
		l.pongs++
		l.send(c, pong)
	case len(m) > 1 && m[0] == '0':
		l.send(c, appendFrame(nil, opText, fmt.Appendf(nil, `40{"token":%q}`, c.token)))
	default:
		l.fail(c, fmt.Errorf("the server sent %.200q", m))
	}
}

// acknowledged handles `43<id>[...]`.
func (c *conn) acknowledged(l *loop, m []byte) {
	var id uint32
	m = m[2:]
	for len(m) > 0 && m[0] >= '0' && m[0] <= '9' {
		id = id*10 + uint32(m[0]-'0')
		m = m[1:]
	}
	if bytes.HasPrefix(m, refusal) {
		l.fail(c, fmt.Errorf("request %d was refused: %.200s", id, m))
		return
	}
	l.traffic.ack(c, id)
}

func (socketIO) appendBroadcast(dst, p []byte) []byte {
	return appendFrame(dst, opText, fmt.Appendf(nil, `42["bench.broadcast",%s]`, p))
}

func (socketIO) appendEcho(dst []byte, id uint32, p []byte) []byte {
	return appendRequest(dst, id, `["bench.echo",`, p)
}

func (socketIO) appendUnicast(dst []byte, id uint32, p []byte) []byte {
	return appendRequest(dst, id, `["message.new",`, p)
}

func appendRequest(dst []byte, id uint32, name string, p []byte) []byte {
	var text [256]byte
	m := strconv.AppendUint(append(text[:0], "42"...), uint64(id), 10)
	m = append(append(append(m, name...), p...), ']')
	return appendFrame(dst, opText, m)
}

// centrifugeJSON is centrifuge's JSON protocol: objects, several to a message with newlines between.
type centrifugeJSON struct{}

func (centrifugeJSON) handshake() []byte { return upgradeRequest("/connection/websocket") }

func (centrifugeJSON) upgraded(l *loop, c *conn) {
	l.send(c, appendFrame(nil, opText, fmt.Appendf(nil, `{"id":1,"connect":{"token":%q}}`, c.token)))
}

var (
	publication = []byte(`{"push":{"channel":"bench","pub":{"data":`)
	connected   = []byte(`{"id":1,"connect":`)
	rpcReply    = []byte(`{"id":2,"rpc":`)
	emptyObject = []byte(`{}`)
	emptyPong   = appendFrame(nil, opText, emptyObject)
)

func (centrifugeJSON) text(l *loop, c *conn, message []byte) {
	for len(message) > 0 {
		var m []byte
		m, message, _ = bytes.Cut(message, []byte("\n"))
		switch {
		case bytes.HasPrefix(m, publication):
			l.traffic.delivery(c, sequence(m[len(publication):]))
		case bytes.Equal(m, emptyObject):
			l.pongs++
			l.send(c, emptyPong)
		case bytes.HasPrefix(m, connected):
			l.traffic.joined(c)
		case !bytes.HasPrefix(m, rpcReply):
			l.fail(c, fmt.Errorf("the server sent %.200q", m))
		}
	}
}

func (centrifugeJSON) appendBroadcast(dst, p []byte) []byte {
	return appendFrame(dst, opText, fmt.Appendf(nil, `{"id":2,"rpc":{"method":"bench.broadcast","data":%s}}`, p))
}

func (centrifugeJSON) appendEcho([]byte, uint32, []byte) []byte {
	panic("centrifuge has no acknowledgements")
}

func (centrifugeJSON) appendUnicast([]byte, uint32, []byte) []byte {
	panic("centrifuge has no acknowledgements")
}
