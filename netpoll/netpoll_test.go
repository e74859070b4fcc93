package netpoll

import (
	"bytes"
	"crypto/rand"
	"io"
	"strings"
	"sync/atomic"
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
