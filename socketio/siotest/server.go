package siotest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Server serves a handler in memory: no ports, and time may be synctest's.
type Server struct {
	// URL is what clients of this package dial, with Client.
	URL    string
	Client *http.Client

	http     http.Server
	listener *listener
	served   sync.WaitGroup
}

// NewServer starts a server and closes it when the test ends. In a synctest
// bubble it must be closed within: its goroutines live there.
func NewServer(t testing.TB, h http.Handler) *Server {
	l := &listener{accept: make(chan net.Conn), closed: make(chan struct{})}
	s := &Server{URL: "http://siotest", listener: l, http: http.Server{Handler: h}}
	s.Client = &http.Client{Transport: &http.Transport{DialContext: l.dial}}
	s.served.Go(func() {
		if err := s.http.Serve(l); err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	t.Cleanup(s.Close)
	return s
}

// Close ends the server and its connections. It may be called again.
func (s *Server) Close() {
	s.http.Close() // the listener has no error to tell
	s.Client.CloseIdleConnections()
	s.served.Wait()
}

// listener accepts the far ends of pipes.
type listener struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.accept <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "siotest", Net: "pipe"} }
