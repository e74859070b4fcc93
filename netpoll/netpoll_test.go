package netpoll

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestEcho(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, _ := add(t, p, echo(t))
		for _, n := range []int{1, 511, 512, 513, 8_000} {
			message := strings.Repeat("m", n)
			write(t, client, message)
			expect(t, client, message)
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		expectEOF(t, client)
	})
}

func TestAnyConnectionIsServed(t *testing.T) {
	p := newPoller(t, nil)
	client, server := net.Pipe()
	defer client.Close()
	if _, err := p.Add(server, nil, echo(t)); err != nil {
		t.Fatal(err)
	}
	write(t, client, "through a pipe")
	expect(t, client, "through a pipe")
}

func TestTLSIsServed(t *testing.T) {
	p := newPoller(t, nil)
	raw, server := pair(t)
	if _, err := p.Add(tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}), nil, echo(t)); err != nil {
		t.Fatal(err)
	}
	client := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	message := strings.Repeat("secret ", 1000)
	write(t, client, message)
	expect(t, client, message)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	expectEOF(t, client)
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// What came before Add is announced, and its end with it, in whatever order the
// kernel tells of them.
func TestBytesAndEndBeforeAdd(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, server := pair(t)
		write(t, client, "early")
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		var got []byte // turn by turn
		ended := make(chan string, 1)
		_, err := p.Add(server, nil, calls{readable: func(c Conn) {
			some, err := readAll(c)
			got = append(got, some...)
			if err == io.EOF {
				signal(ended, string(got))
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, ended, "the end of the stream"); got != "early" {
			t.Errorf("got %q", got)
		}
	})
}

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

// TestEdgeWhileBusy: bytes that come during Readable, after it has read all
// there was, cause one more call and no second one beside it.
func TestEdgeWhileBusy(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		began, release := make(chan string), make(chan struct{})
		var busy atomic.Int32
		client, _ := add(t, p, calls{readable: func(c Conn) {
			if busy.Add(1) > 1 {
				t.Error("two Readable at once")
			}
			defer busy.Add(-1)
			if got, _ := readAll(c); len(got) > 0 {
				began <- string(got)
				<-release
			}
		}})
		write(t, client, "one")
		if got := receive(t, began, "the first call"); got != "one" {
			t.Errorf("got %q", got)
		}
		for _, word := range []string{"two ", "three ", "four"} {
			write(t, client, word)
		}
		release <- struct{}{}
		rest := ""
		for rest != "two three four" {
			rest += receive(t, began, "one more call")
			release <- struct{}{}
		}
	})
}

// TestStreamArrivesWhole sends a long stream in writes of many sizes: no edge may get lost.
func TestStreamArrivesWhole(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		stream := make([]byte, 1<<20)
		if _, err := rand.Read(stream); err != nil {
			t.Fatal(err)
		}
		var got []byte // turn by turn
		ended := make(chan []byte, 1)
		client, _ := add(t, p, calls{readable: func(c Conn) {
			some, err := readAll(c)
			got = append(got, some...)
			if err == io.EOF {
				signal(ended, got)
			}
		}})
		for rest, n := stream, 1; len(rest) > 0; n = n*3%1301 + 1 {
			n := min(n, len(rest))
			write(t, client, string(rest[:n]))
			rest = rest[n:]
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, ended, "the end of the stream"); !bytes.Equal(got, stream) {
			t.Errorf("%d bytes came of %d", len(got), len(stream))
		}
	})
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

// TestEarlyBytesComeFirst hands over what was read before the connection was.
func TestEarlyBytesComeFirst(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		client, server := pair(t)
		got := make(chan string, 16)
		_, err := p.Add(server, []byte("early "), calls{readable: func(c Conn) {
			b, _ := readAll(c)
			got <- string(b)
		}})
		if err != nil {
			t.Fatal(err)
		}
		all := receive(t, got, "Readable")
		write(t, client, "late")
		for all != "early late" && len(all) < 10 {
			all += receive(t, got, "Readable")
		}
		if all != "early late" {
			t.Errorf("read %q", all)
		}
	})
}

// TestContinueDoesNotHoldReadingUp has a Continue wait for what is read meanwhile.
func TestContinueDoesNotHoldReadingUp(t *testing.T) {
	eachKind(t, func(t *testing.T, p *Poller) {
		read := make(chan string, 16)
		done := make(chan string, 16)
		client, _ := add(t, p, calls{
			readable: func(c Conn) {
				b, _ := readAll(c)
				read <- string(b)
			},
			goOn: func(Conn) {
				select {
				case b := <-read:
					done <- b
				case <-time.After(patience):
				}
			},
		})
		for _, word := range []string{"one", "two"} {
			write(t, client, word)
			if got := receive(t, done, "Continue"); got != word {
				t.Fatalf("got %q", got)
			}
		}
	})
}
