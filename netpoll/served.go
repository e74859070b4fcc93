package netpoll

import (
	"errors"
	"net"
	"sync"
	"time"
)

const (
	readBuffer  = 2048
	writeBuffer = 8 << 10         // bytes that may wait to be written; small, for the caller cannot see them
	closeWait   = 2 * time.Second // for what was written, from Close on
)

// served is a connection that a goroutine reads, and another one writes while
// something waits to be written.
type served struct {
	poller  *Poller        // fixed at birth
	conn    net.Conn       // fixed at birth
	handler Handler        // fixed at birth
	ended   chan struct{}  // closed by Close
	writer  sync.WaitGroup // the goroutine that writes

	in    []byte // the reader's: what came and was not taken
	inErr error  // the reader's: what came behind in

	mu       sync.Mutex
	out      []byte // under mu: waits to be written
	outErr   error  // under mu: why nothing is written any more
	writing  bool   // under mu: a goroutine writes
	awaiting bool   // under mu: Writable was asked for
	halfway  bool   // under mu: the stream is to end behind out
	closed   bool   // under mu
}

// serve has a goroutine read c.
func (p *Poller) serve(c net.Conn, early []byte, h Handler) (Conn, error) {
	s := &served{poller: p, conn: c, handler: h, in: early, ended: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	p.served[s] = struct{}{}
	p.running.Go(s.read)
	return s, nil
}

func (p *Poller) forget(s *served) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.served, s)
}

// read reads until there is nothing more to come, and closes the connection when
// that is asked for and nothing waits to be written.
func (s *served) read() {
	defer s.poller.forget(s)
	buf := make([]byte, readBuffer)
	for s.handOver(); s.inErr == nil && !s.isClosed(); s.handOver() {
		n, err := s.conn.Read(buf)
		s.in, s.inErr = buf[:n], err
	}
	<-s.ended
	s.writer.Wait()
	_ = s.conn.Close() // the peer may be gone, and there is nobody to tell
}

// handOver has the Handler take all that came, and see the end of the stream.
func (s *served) handOver() {
	goOn := false
	for more := len(s.in) > 0 || s.inErr != nil; more && !s.isClosed(); more = len(s.in) > 0 {
		if s.handler.Readable(s) {
			goOn = true
		}
	}
	if goOn {
		s.poller.running.Go(func() { s.handler.Continue(s) })
	}
}

func (s *served) Read(p []byte) (int, error) {
	switch {
	case s.isClosed():
		return 0, net.ErrClosed
	case len(s.in) > 0:
		n := copy(p, s.in)
		s.in = s.in[n:]
		return n, nil
	case s.inErr != nil:
		return 0, s.inErr
	}
	return 0, ErrAgain
}

func (s *served) Write(p []byte) (int, error) { return s.Writev([][]byte{p}) }

func (s *served) Writev(bufs [][]byte) (total int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writeErr(); err != nil {
		return 0, err
	}
	for _, p := range bufs {
		n := min(len(p), writeBuffer-len(s.out))
		s.out = append(s.out, p[:n]...)
		total += n
		if n < len(p) {
			err = ErrAgain
			break
		}
	}
	s.startWriter()
	return total, err
}

// writeErr is called with mu held.
func (s *served) writeErr() error {
	if s.closed {
		return net.ErrClosed
	}
	return s.outErr
}

// startWriter is called with mu held and the connection not closed.
func (s *served) startWriter() {
	if s.writing {
		return
	}
	s.writing = true
	s.writer.Add(1)
	s.poller.running.Go(s.write)
}

// write does what there is to do on the writing side.
func (s *served) write() {
	defer s.writer.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case len(s.out) > 0:
			s.writeOut()
		case s.awaiting && !s.closed:
			s.tellWritable()
		case s.halfway && s.outErr == nil:
			s.outErr = s.endStream()
		default:
			s.writing = false
			return
		}
	}
}

// writeOut is called with mu held, and lets go of it while it waits.
func (s *served) writeOut() {
	p := s.out
	s.out = nil
	s.mu.Unlock()
	_, err := s.conn.Write(p)
	s.mu.Lock()
	if err != nil {
		s.out, s.outErr = nil, err
	}
}

// tellWritable is called with mu held, and lets go of it for the Handler.
func (s *served) tellWritable() {
	s.awaiting = false
	s.mu.Unlock()
	s.handler.Writable(s)
	s.mu.Lock()
}

var errStreamEnded = errors.New("netpoll: write after CloseWrite")

func (s *served) endStream() error {
	if err := s.conn.(halfCloser).CloseWrite(); err != nil {
		return err
	}
	return errStreamEnded
}

type halfCloser interface{ CloseWrite() error }

func (s *served) NotifyWritable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.awaiting = true
	s.startWriter()
	return nil
}

func (s *served) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conn.(halfCloser); !ok {
		return errors.ErrUnsupported
	}
	if err := s.writeErr(); err != nil {
		return err
	}
	s.halfway = true
	s.startWriter()
	return nil
}

// Close has the reading goroutine close the connection.
func (s *served) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	defer close(s.ended) // behind what needs the connection open
	now := time.Now()
	if errors.Join(s.conn.SetReadDeadline(now), s.conn.SetWriteDeadline(now.Add(closeWait))) != nil {
		return s.conn.Close() // what cannot be hurried is cut
	}
	return nil
}

func (s *served) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
