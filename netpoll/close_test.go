package netpoll

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestHalfClose(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		ended := make(chan Conn, 1)
		client, _ := add(t, p, calls{readable: func(c Conn) {
			if _, err := readAll(c); err == io.EOF {
				signal(ended, c)
			}
		}})
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c := receive(t, ended, "the end of the stream")
		for _, word := range []string{"still ", "here"} {
			if _, err := c.Write([]byte(word)); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, client, "still here")
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		expectEOF(t, client)
	})
}

func TestCloseWrite(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		answer := make(chan string, 1)
		client, c := add(t, p, calls{readable: func(c Conn) {
			if got, _ := readAll(c); len(got) > 0 {
				signal(answer, string(got))
			}
		}})
		if _, err := c.Write([]byte("the last word")); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		expect(t, client, "the last word")
		expectEOF(t, client)
		if _, err := c.Write([]byte("more")); err == nil || err == ErrAgain {
			t.Errorf("writing behind CloseWrite: %v", err)
		}
		write(t, client, "and yours")
		if got := receive(t, answer, "reading behind CloseWrite"); got != "and yours" {
			t.Errorf("got %q", got)
		}
	})
}

func TestCloseWriteWhereThereIsNone(t *testing.T) {
	p := newPoller(t, nil)
	client, server := net.Pipe()
	defer client.Close()
	c, err := p.Add(server, nil, calls{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestReset(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		failed := make(chan error, 1)
		client, c := add(t, p, calls{readable: func(c Conn) {
			if _, err := readAll(c); err != ErrAgain {
				signal(failed, err)
			}
		}})
		if err := client.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		client.Close()
		if err := receive(t, failed, "the reset"); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseSendsWhatWasWritten(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, c := add(t, p, calls{})
		written := fill(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, client); err != nil || n != int64(written) {
			t.Errorf("%d bytes of %d came, %v", n, written, err)
		}
	})
}

func TestClosedConn(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, c := add(t, p, calls{
			readable: func(Conn) { t.Error("Readable after Close") },
			writable: func(Conn) { t.Error("Writable after Close") },
		})
		for range 2 {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		_, read := c.Read(make([]byte, 1))
		_, wrote := c.Write([]byte("x"))
		_, wrotev := c.Writev([][]byte{{'x'}})
		for i, err := range []error{read, wrote, wrotev, c.NotifyWritable(), c.CloseWrite()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("method %d: %v, want net.ErrClosed", i, err)
			}
		}
		expectEOF(t, client)
	})
}

// TestCloseDuringCalls closes while others read, write and ask. The race
// detector and the kernel (a wrong file descriptor) watch.
func TestCloseDuringCalls(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		for range 50 {
			var users sync.WaitGroup
			began := make(chan struct{})
			var once sync.Once
			client, c := add(t, p, calls{readable: func(c Conn) {
				once.Do(func() { close(began) })
				for {
					if _, err := c.Read(make([]byte, 16)); errors.Is(err, net.ErrClosed) {
						return
					}
				}
			}})
			write(t, client, "go")
			receive(t, began, "Readable")
			users.Go(func() {
				for {
					if _, err := c.Write([]byte("x")); err != nil && err != ErrAgain {
						return
					}
				}
			})
			users.Go(func() {
				for c.NotifyWritable() == nil {
				}
			})
			for range 2 {
				users.Go(func() {
					if err := c.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			users.Wait()
			client.Close()
		}
	})
}

func TestCloseFromReadable(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, _ := add(t, p, calls{readable: func(c Conn) {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read after Close: %v", err)
			}
		}})
		write(t, client, "x")
		// It may be a reset, as "x" was not read.
		if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPollerCloseWaits(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		began, release := make(chan struct{}), make(chan struct{})
		var over atomic.Bool
		client, c := add(t, p, calls{readable: func(c Conn) {
			close(began)
			<-release
			over.Store(true)
		}})
		idle, _ := add(t, p, calls{})
		write(t, client, "x")
		receive(t, began, "Readable")
		closed := make(chan error)
		go func() { closed <- p.Close() }()
		expectEOF(t, idle) // Close is at work
		close(release)
		if err := receive(t, closed, "Close"); err != nil {
			t.Error(err)
		}
		if !over.Load() {
			t.Error("Close did not wait for Readable")
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing behind it: %v", err)
		}
	})
}

func TestAddAfterClose(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		client, server := pair(t)
		defer server.Close()
		if _, err := p.Add(server, nil, calls{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		write(t, server, "still mine")
		expect(t, client, "still mine")
	})
}
