package engineio_test

import (
	"net"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/dokkerr/realtime/engineio"
)

// TestDeflate has a client that compresses and one that does not get the same frames, long and short, and send some.
func TestDeflate(t *testing.T) {
	base, e, _ := serve(t, &engineio.Options{Deflate: true})
	long := strings.Repeat("a dock by the sea ", 500)
	for _, mode := range []websocket.CompressionMode{websocket.CompressionNoContextTakeover, websocket.CompressionDisabled} {
		c, _, err := websocket.Dial(t.Context(), base+"/?EIO=4&transport=websocket", &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		s := <-e.opened
		read(t, c)
		for _, text := range []string{long, "short"} {
			write(t, c, "4"+text)
			if got := read(t, c); got != "4"+text {
				t.Fatalf("%d bytes came back as %.50q", len(text), got)
			}
		}
		s.Send(say(long).Uncompressed(), say(long))
		for range 2 {
			if got := read(t, c); got != "4"+long {
				t.Fatalf("got %.50q", got)
			}
		}
	}
}

// TestDeflateOnTheWire looks at the bytes: no extension, no compressed frame.
func TestDeflateOnTheWire(t *testing.T) {
	for _, on := range []bool{true, false} {
		base, e, _ := serve(t, &engineio.Options{Deflate: on})
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		(<-e.opened).Send(say(strings.Repeat("z", 100_000)))
		total := 0
		buf := make([]byte, 200_000)
		head := ""
		for total < 300 || !on && total < 100_000 {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			head += string(buf[:min(n, 300)])
			total += n
		}
		if got := strings.Contains(head, "permessage-deflate"); got != on {
			t.Errorf("deflate %v, but the answer is %.200q", on, head)
		}
		if on && total > 10_000 {
			t.Errorf("100,000 equal bytes take %d", total)
		}
	}
}
