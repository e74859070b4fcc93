package netpoll

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test with a served connection and its peer on a clock of its own.
func inBubble(t *testing.T, h Handler, test func(t *testing.T, client net.Conn, c Conn)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPoller(t, &Options{Goroutines: true})
		client, server := net.Pipe()
		t.Cleanup(func() { client.Close() })
		c, err := p.Add(server, nil, h)
		if err != nil {
			t.Fatal(err)
		}
		test(t, client, c)
	})
}

// TestServedSendsThroughClose: the peer reads only when all else has come to rest behind Close.
func TestServedSendsThroughClose(t *testing.T) {
	h := calls{writable: func(Conn) { t.Error("Writable after Close") }}
	inBubble(t, h, func(t *testing.T, client net.Conn, c Conn) {
		for _, word := range []string{"one ", "two ", "three"} {
			write(t, writer{c}, word)
		}
		synctest.Wait()
		if err := c.NotifyWritable(); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		expect(t, client, "one two three")
		expectEOF(t, client)
	})
}

// writer is a Conn as an io.Writer.
type writer struct{ c Conn }

func (w writer) Write(p []byte) (int, error) { return w.c.Write(p) }

// TestServedCloseHasALimit: a peer that never reads is cut.
func TestServedCloseHasALimit(t *testing.T) {
	inBubble(t, calls{}, func(t *testing.T, client net.Conn, c Conn) {
		write(t, writer{c}, "never read")
		synctest.Wait()
		start := time.Now()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c.(*served).writer.Wait()
		if d := time.Since(start); d != closeWait {
			t.Errorf("cut after %v, want %v", d, closeWait)
		}
		expectEOF(t, client)
	})
}

func TestServedTakesNoMoreThanItsBuffer(t *testing.T) {
	written := make(chan struct{}, 1)
	inBubble(t, calls{writable: func(Conn) { signal(written, struct{}{}) }}, func(t *testing.T, client net.Conn, c Conn) {
		write(t, writer{c}, "x") // the goroutine waits with it
		synctest.Wait()
		n, err := c.Writev([][]byte{make([]byte, writeBuffer-1), []byte("ab"), []byte("c")})
		if n != writeBuffer || err != ErrAgain {
			t.Errorf("%d bytes taken, %v", n, err)
		}
		if n, err := c.Write([]byte("x")); n != 0 || err != ErrAgain {
			t.Errorf("%d more bytes taken, %v", n, err)
		}
		if err := c.NotifyWritable(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(written) != 0 {
			t.Error("Writable before there is room")
		}
		expect(t, client, "x"+strings.Repeat("\x00", writeBuffer-1)+"a")
		synctest.Wait()
		if len(written) != 1 {
			t.Error("no Writable when there is room")
		}
	})
}

func TestServedFailedWriteIsTold(t *testing.T) {
	inBubble(t, calls{}, func(t *testing.T, client net.Conn, c Conn) {
		write(t, writer{c}, "lost")
		client.Close()
		synctest.Wait()
		if _, err := c.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	})
}

// TestServedKeepsWhatIsLeft: a Handler that reads too little loses nothing.
func TestServedKeepsWhatIsLeft(t *testing.T) {
	got := make(chan byte, 100)
	h := calls{readable: func(c Conn) {
		var one [1]byte
		if n, err := c.Read(one[:]); n == 1 && err == nil {
			got <- one[0]
		}
	}}
	inBubble(t, h, func(t *testing.T, client net.Conn, c Conn) {
		write(t, client, "letter by letter")
		synctest.Wait()
		read := ""
		for len(got) > 0 {
			read += string(<-got)
		}
		if read != "letter by letter" {
			t.Errorf("got %q", read)
		}
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
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	raw, server := pair(t)
	if _, err := p.Add(tls.Server(server, &tls.Config{Certificates: web.TLS.Certificates}), nil, echo(t)); err != nil {
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
