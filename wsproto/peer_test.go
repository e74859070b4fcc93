package wsproto

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestPeerClient talks to the echo with a client that others wrote.
func TestPeerClient(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{
		Subprotocols:    []string{"chat"},
		CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	if c.Subprotocol() != "" {
		t.Errorf("subprotocol %q was accepted", c.Subprotocol())
	}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1_000_000} {
		peerEcho(t, ctx, c, websocket.MessageText, [][]byte{bytes.Repeat([]byte("t"), n)})
		peerEcho(t, ctx, c, websocket.MessageBinary, [][]byte{bytes.Repeat([]byte{0xff}, n)})
	}
	peerEcho(t, ctx, c, websocket.MessageText, [][]byte{[]byte("in "), bytes.Repeat([]byte("many "), 10_000), []byte("\xf0\x9f"), []byte("\x98\x80")})
	peerPing(t, ctx, c)
	if err := c.Close(4321, "enough"); err != nil {
		t.Errorf("the closing handshake: %v", err)
	}
}

// TestPeerClientDeflated talks to the echo with both sides compressing.
func TestPeerClientDeflated(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echoDeflated))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, mode := range []websocket.CompressionMode{websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
		var wire countingDialer
		c, answer, err := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{
			HTTPClient:      &http.Client{Transport: &http.Transport{DialContext: wire.dial}},
			CompressionMode: mode,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		if got := answer.Header.Get("Sec-WebSocket-Extensions"); got != acceptDeflate {
			t.Errorf("mode %d is answered %q", mode, got)
		}
		for _, n := range []int{0, 1, 127, 128, 511, 512, 32768, 65536, 1_000_000} {
			peerEcho(t, ctx, c, websocket.MessageText, [][]byte{bytes.Repeat([]byte("t"), n)})
			peerEcho(t, ctx, c, websocket.MessageBinary, [][]byte{bytes.Repeat([]byte{0xff}, n)})
		}
		if in, out := wire.in.Load(), wire.out.Load(); in > 20_000 || out > 20_000 {
			t.Errorf("mode %d: two million bytes were %d from the server, %d from the client", mode, in, out)
		}
		peerEcho(t, ctx, c, websocket.MessageText, [][]byte{bytes.Repeat([]byte("many "), 10_000), []byte("\xf0\x9f"), []byte("\x98\x80")})
		peerEcho(t, ctx, c, websocket.MessageBinary, [][]byte{noise(100_000)})
		peerPing(t, ctx, c)
		if err := c.Close(4321, "enough"); err != nil {
			t.Errorf("mode %d: the closing handshake: %v", mode, err)
		}
	}
}

// noise does not compress.
func noise(n int) []byte {
	p := make([]byte, n)
	for i, rnd := 0, rand.New(rand.NewPCG(1, 2)); i < n; i++ {
		p[i] = byte(rnd.Uint32())
	}
	return p
}

// countingDialer counts the bytes that its connections carry.
type countingDialer struct{ in, out atomic.Int64 }

func (d *countingDialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return countedConn{conn, d}, err
}

type countedConn struct {
	net.Conn
	count *countingDialer
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.count.in.Add(int64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.count.out.Add(int64(n))
	return n, err
}

// peerEcho writes one message, every part as fragments of their own, and wants it back.
func peerEcho(t *testing.T, ctx context.Context, c *websocket.Conn, kind websocket.MessageType, parts [][]byte) {
	t.Helper()
	w, err := c.Writer(ctx, kind)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	gotKind, got, err := c.Read(ctx)
	if want := bytes.Join(parts, nil); err != nil || gotKind != kind || !bytes.Equal(got, want) {
		t.Fatalf("sent %v of %d bytes, got %v of %d, %v", kind, len(want), gotKind, len(got), err)
	}
}

func peerPing(t *testing.T, ctx context.Context, c *websocket.Conn) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, _, err := c.Read(ctx) // pongs are only seen while reading
		done <- err
	}()
	if err := c.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("behind the ping")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestPeerClientSeesTheCloseCode(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tests := map[string]struct {
		kind websocket.MessageType
		data []byte
		code Code
	}{
		"text that is not UTF-8": {websocket.MessageText, []byte("\xff"), InvalidPayload},
		"message too big":        {websocket.MessageBinary, make([]byte, 1_000_001), MessageTooBig},
	}
	for name, test := range tests {
		c, _, err := websocket.Dial(ctx, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(ctx, test.kind, test.data); err != nil {
			t.Errorf("%s: write: %v", name, err)
		}
		_, _, err = c.Read(ctx)
		if got := Code(websocket.CloseStatus(err)); got != test.code {
			t.Errorf("%s: closed with %d (%v), want %d", name, got, err, test.code)
		}
		c.CloseNow()
	}
}

// TestPeerServer sends the streams of the table to the echo and to a server that
// others wrote: both must answer with the same frames.
func TestPeerServer(t *testing.T) {
	ours := httptest.NewServer(http.HandlerFunc(echo))
	defer ours.Close()
	theirs := httptest.NewServer(http.HandlerFunc(peerServer))
	defer theirs.Close()
	compared := 0
	for _, c := range streamCases() {
		if c.limits != (Reader{}) || peerIsLaxer(c) {
			continue
		}
		compared++
		got, peer := verdict(t, ours, "", c.stream), verdict(t, theirs, "", c.stream)
		if !reflect.DeepEqual(got, peer) {
			t.Errorf("%s:\nours   %.300v\ntheirs %.300v", c.name, got, peer)
		}
	}
	if compared < 120 {
		t.Errorf("only %d streams were compared", compared)
	}
}

// TestPeerServerDeflated does the same with compressed streams and answers.
func TestPeerServerDeflated(t *testing.T) {
	ours := httptest.NewServer(http.HandlerFunc(echoDeflated))
	defer ours.Close()
	var one sync.Mutex // for the peer's pools give a connection's buffers away before it is done with them
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		peerServer(w, r)
	}))
	defer theirs.Close()
	compared := 0
	for _, c := range deflateCases() {
		if c.limits != (Reader{Deflate: true}) || peerIsLaxer(c) {
			continue
		}
		compared++
		got, peer := verdict(t, ours, acceptDeflate, c.stream), verdict(t, theirs, acceptDeflate, c.stream)
		if !reflect.DeepEqual(got, peer) {
			t.Errorf("%s:\nours   %.300v\ntheirs %.300v", c.name, got, peer)
		}
	}
	if compared < 70 {
		t.Errorf("only %d streams were compared", compared)
	}
}

// peerIsLaxer reports whether the peer is known to judge the stream otherwise: it takes
// text and close reasons that are not UTF-8, any number of fragments, and lengths in longer forms
// than needed; it waits for the rest of what the header alone condemns; it answers
// frames that are not masked by cutting the connection; it ends a compressed message
// with the first block marked as final.
func peerIsLaxer(c streamCase) bool {
	incomplete := c.code == 0 && !c.idle && !closes(c)
	if incomplete || c.code == InvalidPayload || c.code == PolicyViolated || c.code == MessageTooBig {
		return true
	}
	section, _, _ := strings.Cut(c.name, " ")
	switch section {
	case "10.1", "10.2", "10.4", "14.15", "16.13":
		return true
	}
	return c.name == "10.3 zeros"
}

func closes(c streamCase) bool {
	return len(c.events) > 0 && c.events[len(c.events)-1].op == Close
}

func peerServer(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionNoContextTakeover})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(defaultMaxMessage)
	for {
		kind, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if c.Write(r.Context(), kind, data) != nil {
			return
		}
	}
}

// verdict shakes hands with the extensions, sends the stream and a last ping, and returns what the server sent until its
// answer to the ping, or to the end: a line for each frame, with the code alone for a Close.
func verdict(t *testing.T, srv *httptest.Server, extensions string, stream []byte) []string {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Extensions: %s\r\n\r\n", sampleKey, extensions)
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v, %v", answer, err)
	}
	if got := answer.Header.Get("Sec-WebSocket-Extensions"); len(got) != len(extensions) { // any order will do
		t.Fatalf("the server answers the extensions %q with %q", extensions, got)
	}
	sentAll := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(stream, whole(Ping, "the last").bytes()...))
		sentAll <- err
	}()
	lines, ended := serverFrames(in)
	if err := <-sentAll; err != nil && !ended {
		t.Fatal(err)
	}
	return lines
}

// serverFrames reads frames to the last pong, or to the end of the connection.
func serverFrames(in io.Reader) (lines []string, ended bool) {
	for {
		op, data, err := serverFrame(in)
		if err != nil {
			return lines, true
		}
		if op&rsv1Bit != 0 {
			op &^= rsv1Bit
			if data, err = standardInflate(data, defaultMaxMessage); err != nil {
				return append(lines, err.Error()), true
			}
		}
		if op == Close && len(data) > codeSize {
			data = data[:codeSize]
		}
		lines = append(lines, fmt.Sprintf("%d %x", op, data))
		if op == Pong && string(data) == "the last" {
			return lines, false
		}
	}
}

// serverFrame reads one final, unmasked frame.
func serverFrame(in io.Reader) (Opcode, []byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	var long [8]byte
	long[7] = head[1]
	extra := map[byte]int{len16: 2, len64: 8}[head[1]]
	if _, err := io.ReadFull(in, long[8-extra:]); err != nil {
		return 0, nil, err
	}
	data := make([]byte, binary.BigEndian.Uint64(long[:]))
	_, err := io.ReadFull(in, data)
	return Opcode(head[0] &^ finBit), data, err
}
