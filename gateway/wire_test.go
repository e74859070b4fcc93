package gateway

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"testing"
)

// wire is a client's WebSocket over loopback that does as little as a client can, so that benchmarks measure the server. For one
// goroutine.
type wire struct {
	b        *testing.B
	conn     net.Conn
	incoming *bufio.Reader
}

// dialWire opens a session and joins the main namespace.
func dialWire(b *testing.B, address, compact string) *wire {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	w := &wire{b: b, conn: conn, incoming: bufio.NewReader(conn)}
	w.say(fmt.Appendf(nil, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", address))
	if answer, err := http.ReadResponse(w.incoming, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(answer, err)
	}
	w.await(1) // the opening
	w.say(frame(fmt.Sprintf(`40{"token":%q}`, compact)))
	w.await(1)
	return w
}

// mask is what a client's frames are masked with.
const mask = "\x12\x34\x56\x78"

// frame returns a text message as a client sends it.
func frame(text string) []byte {
	f := []byte{0x81, 0x80 | byte(len(text))}
	if len(text) > 125 {
		f = binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(text)))
	}
	f = append(f, mask...)
	for i := range len(text) {
		f = append(f, text[i]^mask[i%len(mask)])
	}
	return f
}

// say sends frames.
func (w *wire) say(frames []byte) {
	if _, err := w.conn.Write(frames); err != nil {
		w.b.Fatal(err)
	}
}

// await takes n messages of the server and answers the pings before them.
func (w *wire) await(n int) {
	for n > 0 {
		header, err := w.incoming.Peek(4)
		if err != nil {
			w.b.Fatal(err)
		}
		start, size := 2, int(header[1])
		if size == 126 {
			start, size = 4, int(binary.BigEndian.Uint16(header[2:]))
		}
		message, err := w.incoming.Peek(start + size)
		if err != nil {
			w.b.Fatal(err)
		}
		if message[start] == '2' {
			w.say(pong)
		} else {
			n--
		}
		if _, err := w.incoming.Discard(len(message)); err != nil {
			w.b.Fatal(err)
		}
	}
}

var pong = frame("3")
