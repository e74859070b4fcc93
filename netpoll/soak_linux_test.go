package netpoll

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The soak opens and closes connections as fast as it can, in every way there is,
// with writers that go on through the close. Every connection has a number, and
// every byte of it is that number's: bytes that reach a wrong connection, by a file
// descriptor used again, show.

const (
	soakWorkers = 8
	soakWord    = 8 // bytes of a connection's number
)

type soak struct {
	poller *Poller
	opened atomic.Uint64
	bytes  atomic.Uint64
	others sync.WaitGroup // who write and close beside the workers
}

func TestSoakOpenClose(t *testing.T) {
	length := 10 * time.Second
	if testing.Short() {
		length = time.Second
	}
	p := newPoller(t, nil)
	s := &soak{poller: p}
	open(t, p)
	before := openFiles(t)
	end := time.Now().Add(length)
	var workers sync.WaitGroup
	for i := range soakWorkers {
		workers.Go(func() { s.work(t, uint64(i), end) })
	}
	workers.Wait()
	s.others.Wait()
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
	t.Logf("%d connections, %d bytes checked", s.opened.Load(), s.bytes.Load())
	if s.opened.Load() < 100 || s.bytes.Load() < 10_000 {
		t.Error("the soak did next to nothing")
	}
}

// work has one connection after the other. Each worker has an address of its own,
// as many ports wait for their time after a close.
func (s *soak) work(t *testing.T, worker uint64, end time.Time) {
	ln, err := net.Listen("tcp", net.JoinHostPort(net.IPv4(127, 0, 1, byte(worker+1)).String(), "0"))
	if err != nil {
		t.Error(err)
		return
	}
	defer ln.Close()
	rnd := rand.New(rand.NewPCG(worker, 1))
	for time.Now().Before(end) && !t.Failed() {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		server, err := ln.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		number := s.opened.Add(1)
		if err := s.live(client.(*net.TCPConn), server, number, rnd); err != nil {
			t.Errorf("connection %d: %v", number, err)
		}
	}
}

// soaked is the server's side of a connection.
type soaked struct {
	soak   *soak
	number uint64
	mu     sync.Mutex // writers take turns
	bad    error      // under mu
	closed chan struct{}
	once   sync.Once
}

func (h *soaked) Readable(c Conn) bool {
	got, err := readAll(c)
	h.soak.bytes.Add(uint64(len(got)))
	for _, b := range got {
		if b != byte(h.number) {
			h.mu.Lock()
			h.bad = errors.New("the server got a byte of another connection")
			h.mu.Unlock()
		}
	}
	if err == ErrAgain {
		h.write(c)
	} else {
		h.close(c)
	}
	return false
}

func (h *soaked) Continue(Conn) {}

func (h *soaked) Writable(c Conn) { h.write(c) }

// write sends the number once, whatever becomes of it.
func (h *soaked) write(c Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := c.Write(binary.BigEndian.AppendUint64(nil, h.number)); err != nil && err != ErrAgain {
		return
	}
	if err := c.NotifyWritable(); err != nil && !errors.Is(err, net.ErrClosed) {
		h.bad = err
	}
}

func (h *soaked) close(c Conn) {
	err := c.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.bad = err
	}
	h.once.Do(func() { close(h.closed) })
}

// live leads one connection to one of its ends.
func (s *soak) live(client *net.TCPConn, server net.Conn, number uint64, rnd *rand.Rand) error {
	defer client.Close()
	h := &soaked{soak: s, number: number, closed: make(chan struct{})}
	c, err := s.poller.Add(server, nil, h)
	if err != nil {
		return err
	}
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	s.others.Go(func() {
		for range 50 { // through the close, however it comes
			h.write(c)
		}
	})
	for range rnd.IntN(4) {
		if err := s.exchange(client, number, rnd.IntN(2000)); err != nil {
			return err
		}
	}
	if err := s.end(client, h, c, number, rnd.IntN(5)); err != nil {
		return err
	}
	<-h.closed
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bad
}

// exchange sends bytes and checks one number of what comes.
func (s *soak) exchange(client *net.TCPConn, number uint64, n int) error {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(number)
	}
	if _, err := client.Write(p); err != nil {
		return err
	}
	return s.check(client, number)
}

func (s *soak) check(client *net.TCPConn, number uint64) error {
	var word [soakWord]byte
	if _, err := io.ReadFull(client, word[:]); err != nil {
		return err
	}
	s.bytes.Add(soakWord)
	if got := binary.BigEndian.Uint64(word[:]); got != number {
		return errors.New("the client got bytes of another connection")
	}
	return nil
}

// end ends a connection in one of five ways; the server closes, too.
func (s *soak) end(client *net.TCPConn, h *soaked, c Conn, number uint64, way int) error {
	switch way {
	case 0: // the client closes
		return client.Close()
	case 1: // the client resets
		return errors.Join(client.SetLinger(0), client.Close())
	case 2: // the client ends its half and reads to the end
		if err := client.CloseWrite(); err != nil {
			return err
		}
	case 3: // the server closes
		h.close(c)
	case 4: // the server closes, twice at once, while bytes come
		if _, err := client.Write([]byte{byte(number)}); err != nil {
			return err
		}
		s.others.Go(func() { h.close(c) })
		s.others.Go(func() { h.close(c) })
	}
	for {
		if err := s.check(client, number); err != nil {
			return ended(err)
		}
	}
}

// ended drops the ways in which a stream rightly ends.
func ended(err error) error {
	var broken *net.OpError
	if err == io.EOF || err == io.ErrUnexpectedEOF || errors.As(err, &broken) && !broken.Timeout() {
		return nil
	}
	return err
}
