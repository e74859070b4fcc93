package wsproto

import (
	"errors"
	"io"
	"net"
	"net/http"
)

// echo is the smallest server that a Reader makes: it sends every message
// back, answers pings, and closes as RFC 6455 §5.5.1 and §7.1.7 say.
func echo(w http.ResponseWriter, r *http.Request) { accept(w, r, "") }

// echoDeflated is an echo that compresses what it sends, if the client can read that.
func echoDeflated(w http.ResponseWriter, r *http.Request) {
	extensions, _ := NegotiateDeflate(r.Header["Sec-Websocket-Extensions"])
	accept(w, r, extensions)
}

func accept(w http.ResponseWriter, r *http.Request, extensions string) {
	if err := CheckHandshake(r); err != nil {
		http.Error(w, err.Error(), err.(*HandshakeError).Status)
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	if _, err := conn.Write(AppendSwitchingWith(nil, r.Header.Get("Sec-WebSocket-Key"), extensions)); err != nil {
		return
	}
	serveEcho(conn, buf, Reader{Deflate: extensions != ""})
}

var errClosed = errors.New("the client closed")

// serveEcho answers what comes from in until it ends.
func serveEcho(conn net.Conn, in io.Reader, r Reader) {
	p := make([]byte, 4096)
	for {
		n, err := in.Read(p)
		if err != nil {
			return
		}
		answer, err := answers(&r, p[:n])
		if _, failed := conn.Write(answer); failed != nil {
			return
		}
		if err != nil {
			linger(conn)
			return
		}
	}
}

// linger waits for the client to close: a connection closed with bytes unread is
// reset, and the Close frame may be lost.
func linger(conn net.Conn) {
	if err := conn.(*net.TCPConn).CloseWrite(); err == nil {
		_, _ = io.Copy(io.Discard, conn) // whatever ends it, it has ended
	}
}

// answers returns the frames that answer p; with an error they are the last.
func answers(r *Reader, p []byte) (out []byte, err error) {
	err = r.Feed(p, func(op Opcode, data []byte) error {
		switch op {
		case Ping:
			out = AppendFrame(out, Pong, data)
		case Close:
			code, reason, err := ParseClose(data)
			if err != nil {
				return err
			}
			out = AppendClose(out, code, reason)
			return errClosed
		case Text, Binary:
			if r.Deflate {
				out = AppendDeflated(out, op, data)
			} else {
				out = AppendFrame(out, op, data)
			}
		}
		return nil
	})
	if violation := (*Error)(nil); errors.As(err, &violation) {
		out = AppendClose(out, violation.Code, violation.Reason)
	}
	return out, err
}
