package netpoll

import (
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"testing"
)

// TestResetWakesWriter: who waits for Writable is told of the end, too.
func TestResetWakesWriter(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		told := make(chan struct{}, 1)
		client, c := add(t, p, calls{writable: func(Conn) { signal(told, struct{}{}) }})
		fill(t, c)
		if err := c.NotifyWritable(); err != nil {
			t.Fatal(err)
		}
		if err := client.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		client.Close()
		receive(t, told, "Writable")
	})
}

// fill writes until nothing more is taken.
func fill(t *testing.T, c Conn) (total int) {
	t.Helper()
	for p := make([]byte, 100_000); ; {
		n, err := c.Write(p)
		total += n
		if err == ErrAgain {
			return total
		}
		if err != nil || n < len(p) {
			t.Fatalf("%d of %d bytes, %v", n, len(p), err)
		}
	}
}

// pump writes a stream as its connection takes it.
type pump struct {
	mu      sync.Mutex
	rest    []byte
	vector  bool
	blocked chan struct{} // not all was taken
	done    chan error
}

func (p *pump) Readable(Conn) bool { return false }
func (p *pump) Continue(Conn)      {}

func (p *pump) Writable(c Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.write(c)
	p.rest = p.rest[n:]
	if err == ErrAgain {
		signal(p.blocked, struct{}{})
		if err = c.NotifyWritable(); err == nil {
			return
		}
	}
	p.done <- err
}

// write writes what is left, as one piece or as many.
func (p *pump) write(c Conn) (int, error) {
	if !p.vector {
		return c.Write(p.rest)
	}
	const piece = 1000
	var bufs [][]byte
	for rest := p.rest; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		bufs = append(bufs, rest[:min(piece, len(rest))])
	}
	return c.Writev(bufs)
}

// TestWritableAfterAgain sends much more than the buffers of the connection hold.
func TestWritableAfterAgain(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		stream := make([]byte, 4<<20)
		if _, err := rand.Read(stream); err != nil {
			t.Fatal(err)
		}
		for _, vector := range []bool{false, true} {
			h := &pump{rest: stream, vector: vector, blocked: make(chan struct{}, 1), done: make(chan error, 1)}
			client, c := addSmall(t, p, h)
			if err := c.NotifyWritable(); err != nil {
				t.Fatal(err)
			}
			receive(t, h.blocked, "the buffers filling up")
			expect(t, client, string(stream))
			if err := receive(t, h.done, "the last Writable"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// addSmall is add with small buffers in the kernel.
func addSmall(t *testing.T, p *Poller, h Handler) (net.Conn, Conn) {
	t.Helper()
	client, server := pair(t)
	if err := errors.Join(client.SetReadBuffer(1<<16), server.SetWriteBuffer(1<<16)); err != nil {
		t.Fatal(err)
	}
	c, err := p.Add(server, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	return client, c
}
