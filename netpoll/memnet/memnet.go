// Package memnet is a network in memory, for tests of servers: it needs no ports, and in a synctest bubble whoever waits for it is idle.
package memnet

import (
	"context"
	"net"
	"sync"
)

// Listener is a net.Listener that accepts the far ends of pipes. Its methods may run at once.
type Listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Listen returns a listener that nobody dials yet.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// DialContext returns the near end of a pipe as soon as the far end is accepted. After Close it returns net.ErrClosed. The network and
// the address do not matter; they make it what a http.Transport asks for.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for who dials next. After Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the waiting of those who accept or dial, and nothing else. It may be called again.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns an address that says nothing.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
