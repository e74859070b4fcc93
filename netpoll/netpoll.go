// Package netpoll parks connections and says when one can be read or written. It
// knows file descriptors and bytes only.
//
// On Linux a plain TCP connection is parked in an epoll instance which is itself
// parked in Go's network poller: an idle one costs neither a goroutine nor a
// buffer nor a timer, and no thread is blocked. Any other connection, and every
// one on other systems, is served by a goroutine behind the same interface.
package netpoll

import (
	"errors"
	"net"
	"runtime"
	"sync"
)

// ErrAgain is returned by Read when nothing more has come, and by Write and
// Writev when nothing more is taken.
var ErrAgain = errors.New("netpoll: not now, again later")

// Handler is told what a connection is ready for. The calls come on goroutines of
// their own, so they may block, though nothing is read during Readable. Close of a
// connection does not wait for a call under way or about to begin; no other follows.
type Handler interface {
	// Readable is called when bytes, the end of the stream or an error have come, never
	// twice at once for one connection. It must Read until that returns an
	// error: what it leaves is not announced again. The first call may come before Add
	// returns; some come in vain, also behind the end of the stream.
	//
	// The result asks for Continue.
	Readable(c Conn) (goOn bool)
	// Continue is called once behind a turn of Readable that asked for it. The connection is read on meanwhile: it is the
	// place for work that may take its time, and may be called again before it returns.
	Continue(c Conn)
	// Writable is called once for every NotifyWritable, never twice at once for one
	// connection, but perhaps beside Readable; some calls come in vain. It should return soon.
	Writable(c Conn)
}

// Conn is a connection that a Poller watches. None of its methods waits.
type Conn interface {
	// Read takes what has come, in part or whole. It is for Readable to call. The
	// error is ErrAgain, io.EOF, net.ErrClosed after Close, or the connection's own.
	Read(p []byte) (n int, err error)

	// Write and Writev send what the connection takes. Less than all comes with an
	// error: ErrAgain, net.ErrClosed after Close, or the connection's own. One call at a
	// time. The bytes may be used again when the call returns.
	Write(p []byte) (n int, err error)
	Writev(bufs [][]byte) (n int, err error)

	// NotifyWritable has Writable called once, as soon as the connection takes bytes; it is
	// meant to follow ErrAgain, when the caller is ready for the call.
	NotifyWritable() error

	// CloseWrite ends the stream to the peer behind what was written; reading goes on.
	CloseWrite() error

	// Close ends the connection; what was written is still sent. It may be called at any
	// time, by anyone, also during the other methods and by the Handler, and more than once.
	Close() error
}

// Options configures a Poller; the zero value is meant for servers.
type Options struct {
	Loops      int  // epoll instances, each with a goroutine; 0: GOMAXPROCS
	Goroutines bool // serve every connection by a goroutine, as where there is no epoll
}

// Poller watches connections. It starts nothing before the first. Its methods may be called from any goroutine.
type Poller struct {
	loops   int            // fixed at birth; 0: no epoll
	running sync.WaitGroup // loops, calls of Handlers, and goroutines that serve

	mu     sync.Mutex
	epoll  epoll                // under mu; opened for the first connection to park
	served map[*served]struct{} // under mu
	closed bool                 // under mu
}

// New returns a Poller. o may be nil.
func New(o *Options) *Poller {
	if o == nil {
		o = &Options{}
	}
	p := &Poller{loops: o.Loops, served: map[*served]struct{}{}}
	switch {
	case o.Goroutines:
		p.loops = 0
	case o.Loops == 0:
		p.loops = runtime.GOMAXPROCS(0)
	}
	return p
}

// Add takes a connection over and tells h of it from now on. early is what was read
// from it before, which Read returns first; it is kept until then. c must not be used any more; after an
// error it is still the caller's.
func (p *Poller) Add(c net.Conn, early []byte, h Handler) (Conn, error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok || p.loops == 0 || !canPark {
		return p.serve(c, early, h)
	}
	e, err := p.opened()
	if err != nil {
		return nil, err
	}
	return e.park(tcp, early, h)
}

func (p *Poller) opened() (*epoll, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	if p.epoll.isOpen() {
		return &p.epoll, nil
	}
	return &p.epoll, p.epoll.open(p.loops, &p.running)
}

// Close closes every connection and returns when no Handler is being called any
// more. A Handler must not call it.
func (p *Poller) Close() error {
	p.mu.Lock()
	p.closed = true
	var err error
	for s := range p.served {
		err = errors.Join(err, s.Close())
	}
	p.mu.Unlock()
	err = errors.Join(err, p.epoll.close())
	p.running.Wait()
	return err
}
