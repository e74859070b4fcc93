package engineio_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// socket is a WebSocket client that can also do what a client must not.
type socket struct {
	*host
	conn net.Conn
	r    *bufio.Reader
}

const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xa
)

// dialSocket sends an upgrade request, with early right behind it in the same write. header
// holds names and values that are set instead of the usual ones, "" being none.
func (h *host) dialSocket(query string, early []byte, header ...string) (*socket, error) {
	r, err := http.NewRequest("GET", "http://"+hostName+"/engine.io/?"+query, nil)
	if err != nil {
		return nil, err
	}
	header = append([]string{
		"Connection", "Upgrade",
		"Upgrade", "websocket",
		"Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	}, header...)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	var request bytes.Buffer
	if err := r.Write(&request); err != nil {
		return nil, err
	}
	c, err := h.dial()
	if err != nil {
		return nil, err
	}
	h.t.Cleanup(func() { c.Close() })
	go c.Write(append(request.Bytes(), early...)) // a server that refuses need not read all of it
	return &socket{h, c, bufio.NewReader(c)}, nil
}

// readAnswer reads the answer to the upgrade request.
func (s *socket) readAnswer() (answer, error) {
	s.setDeadline()
	resp, err := http.ReadResponse(s.r, nil)
	if err != nil {
		return answer{}, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return answer{resp.StatusCode, resp.Header, ""}, nil
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// handshake is dialSocket and readAnswer.
func (h *host) handshake(query string, early []byte, header ...string) (*socket, answer) {
	h.t.Helper()
	s, err := h.dialSocket(query, early, header...)
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := s.readAnswer()
	if err != nil {
		h.t.Fatal(err)
	}
	return s, a
}

// openSocket opens a session on a WebSocket.
func (h *host) openSocket() *socket {
	h.t.Helper()
	s, a := h.handshake("EIO=4&transport=websocket", nil)
	if a.status != http.StatusSwitchingProtocols {
		h.t.Fatalf("handshake answered %d %q", a.status, a.body)
	}
	h.parseOpening(s.text())
	return s
}

// tryUpgrade opens a WebSocket for a polling session.
func (p *poller) tryUpgrade() *socket {
	p.t.Helper()
	s, a := p.handshake("EIO=4&transport=websocket&sid="+p.sid, nil)
	if a.status != http.StatusSwitchingProtocols {
		p.t.Fatalf("upgrade answered %d %q", a.status, a.body)
	}
	return s
}

// probe opens a WebSocket for a polling session and exchanges the probe.
func (p *poller) probe() *socket {
	p.t.Helper()
	s := p.tryUpgrade()
	s.send("2probe")
	s.want("3probe")
	return s
}

// masked returns a masked frame.
func masked(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

const fin = 0x80

func maskedText(payload string) []byte { return masked(fin|opText, payload) }

// write sends bytes, which the server may have stopped to read.
func (s *socket) write(b []byte) {
	s.t.Helper()
	if _, err := s.conn.Write(b); err != nil && !isCut(err) {
		s.t.Fatal(err)
	}
}

func (s *socket) send(payload string) {
	s.t.Helper()
	s.write(maskedText(payload))
}

func (s *socket) setDeadline() {
	if err := s.conn.SetReadDeadline(time.Now().Add(s.patience)); err != nil && !isCut(err) {
		s.t.Error(err)
	}
}

// read returns the next frame of the server, or an error when there is none any more.
func (s *socket) read() (op byte, payload string, err error) {
	s.setDeadline()
	var head [2]byte
	if _, err = io.ReadFull(s.r, head[:]); err != nil {
		return 0, "", err
	}
	if head[0]&0xf0 != fin || head[1]&0x80 != 0 {
		s.t.Errorf("the server sent a frame that begins with %x", head)
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(s.r, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(s.r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return 0, "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(s.r, b)
	return head[0] & 0x0f, string(b), err
}

func (s *socket) readFrame(want byte) string {
	s.t.Helper()
	op, payload, err := s.read()
	if err != nil {
		s.t.Fatal(err)
	}
	if op != want {
		s.t.Fatalf("got a frame of type %x with %.300q, want type %x", op, payload, want)
	}
	return payload
}

func (s *socket) text() string {
	s.t.Helper()
	return s.readFrame(opText)
}

// want reads one text frame.
func (s *socket) want(payload string) {
	s.t.Helper()
	if got := s.text(); got != payload {
		s.t.Fatalf("got %.300q, want %.300q", got, payload)
	}
}

// wantAlive checks that the session still serves, on this WebSocket.
func (s *socket) wantAlive() {
	s.t.Helper()
	s.send("4alive")
	s.want("4alive")
}

// Close codes that stand for a Close frame without one, and for no Close frame.
const (
	noCode       = 1005
	noCloseFrame = 1006
)

// rest reads until the connection ends; it returns what came before and the code of the close frame.
func (s *socket) rest() (texts []string, code int) {
	s.t.Helper()
	code = noCloseFrame
	for {
		op, payload, err := s.read()
		if err != nil {
			if !isCut(err) {
				s.t.Fatalf("the connection did not end but %v", err)
			}
			s.conn.Close()
			return texts, code
		}
		switch {
		case op != opClose:
			texts = append(texts, payload)
		case len(payload) < 2:
			code = noCode
		default:
			code = int(binary.BigEndian.Uint16([]byte(payload)))
		}
	}
}

// wantCut reads the end of the connection, with nothing before it.
func (s *socket) wantCut() {
	s.t.Helper()
	if texts, _ := s.rest(); len(texts) > 0 {
		s.t.Errorf("got %q before the end", texts)
	}
}

// wantClosed reads a Close frame and the end of the connection, with nothing before it.
func (s *socket) wantClosed(want int) {
	s.t.Helper()
	if texts, code := s.rest(); len(texts) > 0 || code != want {
		s.t.Errorf("got %q before close code %d, want none before %d", texts, code, want)
	}
}

func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
