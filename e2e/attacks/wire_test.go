package attacks

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// patience is for whatever must come soon.
const patience = 15 * time.Second

// wire is a connection to the server by hand.
type wire struct {
	net.Conn
	r *bufio.Reader
}

func (s *server) dial() (*wire, error) {
	raw, err := net.DialTimeout("tcp", s.address, patience)
	if err != nil {
		return nil, err
	}
	return s.wire(raw)
}

// wire is what is done on a connection that was opened.
func (s *server) wire(raw net.Conn) (*wire, error) {
	if s.secure {
		raw = tls.Client(raw, &tls.Config{InsecureSkipVerify: true}) // the certificate is the test's own
	}
	return &wire{raw, bufio.NewReader(raw)}, raw.SetDeadline(time.Now().Add(patience)) // who is slow on purpose sets another
}

// header is one more header of a request.
type header struct{ name, value string }

// request is one HTTP request, written as it is told.
type request struct {
	method  string // "": GET
	path    string // "": /socket.io/
	query   string
	upgrade bool // asks for a WebSocket
	headers []header
	body    string
	early   string // bytes right behind the request
}

func (q request) text(host string) string {
	path := q.path
	if path == "" {
		path = "/socket.io/"
	}
	if q.query != "" {
		path += "?" + q.query
	}
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	headers := q.headers
	if q.upgrade {
		headers = withDefaults(headers, header{"Connection", "Upgrade"}, header{"Upgrade", "websocket"},
			header{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, header{"Sec-WebSocket-Version", "13"})
	}
	if q.body != "" || method == http.MethodPost {
		headers = withDefaults(headers, header{"Content-Type", "text/plain"}, header{"Content-Length", fmt.Sprint(len(q.body))})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, path)
	for _, h := range withDefaults(headers, header{"Host", host}) {
		if h.value != absent {
			fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
		}
	}
	return b.String() + "\r\n" + q.body + q.early
}

// absent is the value of a header that is left out.
const absent = "\x00absent"

// withDefaults adds the headers that are not there.
func withDefaults(headers []header, defaults ...header) []header {
	all := headers[:len(headers):len(headers)]
	for _, d := range defaults {
		there := false
		for _, h := range headers {
			there = there || strings.EqualFold(h.name, d.name)
		}
		if !there {
			all = append(all, d)
		}
	}
	return all
}

// outcome is what came back.
type outcome struct {
	status int
	header http.Header
	body   string
	code   int  // of a WebSocket's close; 1005: a close without, 0: none
	alive  bool // the session goes on
}

// try sends a request on a connection of its own.
func (s *server) try(q request) (outcome, error) {
	w, err := s.dial()
	if err != nil {
		return outcome{}, err
	}
	defer w.Close()
	if err := w.write(q.text(s.address)); err != nil {
		return outcome{}, err
	}
	return w.answer()
}

// write does not mind a server that answers and closes before it has read everything.
func (w *wire) write(text string) error {
	_, err := io.WriteString(w, text)
	if isClosed(err) {
		return nil
	}
	return err
}

func isClosed(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && !network.Timeout()
}

// answer reads one HTTP answer with its body, if it is not a switch to WebSocket.
func (w *wire) answer() (outcome, error) {
	got, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return outcome{}, fmt.Errorf("no answer: %w", err)
	}
	o := outcome{status: got.StatusCode, header: got.Header}
	if got.StatusCode == http.StatusSwitchingProtocols {
		return o, nil
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	o.body = string(body)
	return o, err
}

// closed waits until the server has closed the connection.
func (w *wire) closed(within time.Duration) error {
	if err := w.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, w.r)
	if isClosed(err) || err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("the connection is not closed within %v: %w", within, err)
}

// The opcodes of WebSocket frames.
const (
	continuation = 0x0
	opText       = 0x1
	opBinary     = 0x2
	opClose      = 0x8
	opPing       = 0x9
	opPong       = 0xA
)

// frame is a WebSocket frame of a client, right or wrong.
type frame struct {
	op       byte
	payload  string
	more     bool   // FIN is not set
	reserved byte   // bits of RSV1 to RSV3, 4 to 1
	bare     bool   // without a mask
	declared uint64 // length, unless 0; the payload is sent all the same
	form     int    // bytes of the length: 0, 2 or 8; 0: the right one
}

// append writes the frame, masked by zeros.
func (f frame) append(b []byte) []byte {
	first := f.op | f.reserved<<4
	if !f.more {
		first |= 0x80
	}
	length, mask := uint64(len(f.payload)), byte(0x80)
	if f.declared != 0 {
		length = f.declared
	}
	if f.bare {
		mask = 0
	}
	switch {
	case f.form == 8 || f.form == 0 && length > 0xffff:
		b = binary.BigEndian.AppendUint64(append(b, first, mask|127), length)
	case f.form == 2 || f.form == 0 && length > 125:
		b = binary.BigEndian.AppendUint16(append(b, first, mask|126), uint16(length))
	default:
		b = append(b, first, mask|byte(length))
	}
	if !f.bare {
		b = append(b, 0, 0, 0, 0)
	}
	return append(b, f.payload...)
}

func join(frames ...frame) string {
	var b []byte
	for _, f := range frames {
		b = f.append(b)
	}
	return string(b)
}

// times repeats a frame.
func times(n int, f frame) string { return strings.Repeat(join(f), n) }

// received is a frame of the server.
type received struct {
	op      byte
	payload []byte
}

// frame reads the next frame.
func (w *wire) frame() (received, error) {
	var head [2]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		return received{}, err
	}
	if head[0]&0xF0 != 0x80 || head[1]&0x80 != 0 {
		return received{}, fmt.Errorf("a frame with the head %x", head)
	}
	length := uint64(head[1])
	if more := map[uint64]int{126: 2, 127: 8}[length]; more > 0 {
		var b [8]byte
		if _, err := io.ReadFull(w.r, b[8-more:]); err != nil {
			return received{}, err
		}
		length = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(w.r, payload)
	return received{head[0] & 0xF, payload}, err
}

// closeCode reads until the close frame and returns its code, 1005 for none in it, and 0 when there is no close frame.
func (w *wire) closeCode() (int, error) {
	for {
		f, err := w.frame()
		switch {
		case errors.Is(err, io.EOF) || isClosed(err):
			return 0, nil
		case err != nil:
			return 0, err
		case f.op == opClose && len(f.payload) >= 2:
			return int(binary.BigEndian.Uint16(f.payload)), nil
		case f.op == opClose:
			return 1005, nil
		}
	}
}

// webSocket opens a WebSocket by hand; early goes out together with the request.
func (s *server) webSocket(query, early string) (*wire, error) {
	w, err := s.dial()
	if err != nil {
		return nil, err
	}
	return w, s.upgrade(w, query, early)
}

// upgrade makes a WebSocket of a connection.
func (s *server) upgrade(w *wire, query, early string) error {
	if err := w.write(request{query: query, upgrade: true, early: early}.text(s.address)); err != nil {
		return err
	}
	got, err := w.answer()
	if err == nil && got.status != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the upgrade was answered %d %s", got.status, got.body)
	}
	return err
}

// reset cuts the connection as a crash does.
func (w *wire) reset() error {
	if tcp, ok := w.Conn.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			return err
		}
	}
	return w.Close()
}
