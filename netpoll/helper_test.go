package netpoll

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second // with what should happen at once

// calls is a Handler of functions; nil does nothing. It asks for Continue if there is one.
type calls struct{ readable, writable, goOn func(c Conn) }

func (h calls) Readable(c Conn) bool {
	if h.readable != nil {
		h.readable(c)
	}
	return h.goOn != nil
}

func (h calls) Continue(c Conn) { h.goOn(c) }

func (h calls) Writable(c Conn) {
	if h.writable != nil {
		h.writable(c)
	}
}

// eachKind runs a test on parked connections and on those that a goroutine serves.
func eachKind(t *testing.T, test func(t *testing.T, p *Poller)) {
	for name, o := range map[string]*Options{"parked": nil, "served": {Goroutines: true}} {
		t.Run(name, func(t *testing.T) { test(t, newPoller(t, o)) })
	}
}

func newPoller(t testing.TB, o *Options) *Poller {
	t.Helper()
	p := New(o)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("closing the poller: %v", err)
		}
	})
	return p
}

// pair returns the two ends of a TCP connection on loopback.
func pair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialed, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	if err := dialed.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// add connects a client to a handler.
func add(t testing.TB, p *Poller, h Handler) (client *net.TCPConn, c Conn) {
	t.Helper()
	client, server := pair(t)
	c, err := p.Add(server, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	return client, c
}

// echo sends what comes back, and ends the connection when the peer does.
func echo(t testing.TB) Handler {
	return calls{readable: func(c Conn) {
		buf := make([]byte, 512)
		for {
			n, err := c.Read(buf)
			if err == ErrAgain {
				return
			}
			if err != nil {
				c.Close()
				return
			}
			if _, err := c.Write(buf[:n]); err != nil {
				t.Errorf("echo: %v", err)
			}
		}
	}}
}

// readAll reads until an error and returns what came and the error.
func readAll(c Conn) (got []byte, err error) {
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			return got, err
		}
	}
}

func receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}

func write(t testing.TB, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

func expect(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %.60q, %v, want %.60q", got, err, want)
	}
}

func expectEOF(t testing.TB, r io.Reader) {
	t.Helper()
	if n, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("got %d bytes, %v, want the end of the stream", n, err)
	}
}

// signal sends v if nothing waits there: a Handler may be called in vain.
func signal[T any](to chan T, v T) {
	select {
	case to <- v:
	default:
	}
}
