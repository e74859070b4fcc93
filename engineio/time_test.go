package engineio_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/netpoll/memnet"
	"github.com/dokkerr/realtime/wsproto"
)

// pipeListener is a network in memory, whose waiting synctest understands.
type pipeListener struct{ *memnet.Listener }

// bubble runs f with a server whose time is synctest's.
func bubble(t *testing.T, o *engineio.Options, f func(l *pipeListener, e *echo)) {
	synctest.Test(t, func(t *testing.T) {
		e := newEcho()
		bubbleOf(t, o, e, func(l *pipeListener) { f(l, e) })
	})
}

// bubbleOf runs f in a bubble, with a server of another handler.
func bubbleOf(t *testing.T, o *engineio.Options, handler engineio.Handler, f func(l *pipeListener)) {
	srv := engineio.NewServer(handler, o)
	l := &pipeListener{memnet.Listen()}
	web := &http.Server{Handler: srv}
	go web.Serve(l)
	f(l)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := web.Close(); err != nil {
		t.Error(err)
	}
	synctest.Wait()
}

// peer is a client on one connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (l *pipeListener) dial(t *testing.T) *peer {
	conn, err := l.DialContext(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t, conn, bufio.NewReader(conn)}
}

func (l *pipeListener) dialWebSocket(t *testing.T, query string) *peer {
	p := l.dial(t)
	fmt.Fprintf(p.conn, "GET /?EIO=4&transport=websocket%s HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", query)
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v %v", resp, err)
	}
	return p
}

func (p *peer) get(query string) (int, string) {
	fmt.Fprintf(p.conn, "GET /?EIO=4&transport=polling%s HTTP/1.1\r\nHost: test\r\n\r\n", query)
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// frame reads one short frame; a Close or the end of the connection is "".
func (p *peer) frame() string {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return ""
	}
	body := make([]byte, head[1])
	if _, err := io.ReadFull(p.in, body); err != nil || wsproto.Opcode(head[0]&15) == wsproto.Close {
		return ""
	}
	return string(body)
}

func (p *peer) send(text string) {
	frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	if _, err := p.conn.Write(frame); err != nil {
		p.t.Fatal(err)
	}
}

// about says whether an event came when due, at most a quarter of a second late: the wheel's tick.
func about(t *testing.T, what string, start time.Time, due time.Duration) {
	t.Helper()
	if late := time.Since(start) - due; late < 0 || late > 600*time.Millisecond {
		t.Errorf("%s came after %v, due after %v", what, time.Since(start), due)
	}
}

func TestHeartbeatOnWebSocket(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, e *echo) {
		start := time.Now()
		p := l.dialWebSocket(t, "")
		p.frame()
		if got := p.frame(); got != "2" {
			t.Fatalf("want a ping, got %q", got)
		}
		about(t, "the first ping", start, 25*time.Second)
		time.Sleep(10 * time.Second)
		start = time.Now()
		p.send("3")
		if got := p.frame(); got != "2" {
			t.Fatalf("want a ping, got %q", got)
		}
		about(t, "the second ping", start, 25*time.Second)
		start = time.Now()
		if got := p.frame(); got != "" {
			t.Fatalf("want the end, got %q", got)
		}
		about(t, "the end", start, 20*time.Second)
		if reason := <-e.closed; reason != engineio.PingTimeout {
			t.Errorf("ended with %q", reason)
		}
	})
}

func TestAnotherPacketPutsThePongOffOnce(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, e *echo) {
		p := l.dialWebSocket(t, "")
		p.frame()
		p.frame()
		start := time.Now()
		for range 3 {
			time.Sleep(8 * time.Second)
			p.send("4x")
			if got := p.frame(); got != "4x" {
				t.Fatalf("got %q", got)
			}
		}
		if got := p.frame(); got != "" {
			t.Fatalf("want the end, got %q", got)
		}
		about(t, "the end", start, 28*time.Second)
	})
}

func TestPollingClientLearnsOfTheEndAtItsNextPoll(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, e *echo) {
		p := l.dial(t)
		_, body := p.get("")
		sid := strings.Split(body, `"`)[3]
		(<-e.opened).Close(engineio.ForcedClose)
		time.Sleep(20 * time.Second)
		if status, body := p.get("&sid=" + sid); status != 200 || body != "1" {
			t.Errorf("poll after the end: %d %q", status, body)
		}
		if status, _ := p.get("&sid=" + sid); status != 400 {
			t.Errorf("the session id lives on: %d", status)
		}
	})
}

func TestEndedPollingSessionIsForgottenAfterAWhile(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, e *echo) {
		p := l.dial(t)
		_, body := p.get("")
		sid := strings.Split(body, `"`)[3]
		(<-e.opened).Close(engineio.ForcedClose)
		time.Sleep(31 * time.Second)
		if status, _ := p.get("&sid=" + sid); status != 400 {
			t.Errorf("the session id lives on: %d", status)
		}
	})
}

func TestUpgradeThatDoesNotComeLeavesTheSessionAlone(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, e *echo) {
		p := l.dial(t)
		_, body := p.get("")
		sid := strings.Split(body, `"`)[3]
		for range 2 {
			start := time.Now()
			ws := l.dialWebSocket(t, "&sid="+sid)
			ws.send("2probe")
			if got := ws.frame(); got != "3probe" {
				t.Fatalf("got %q", got)
			}
			if got := ws.frame(); got != "" {
				t.Fatalf("got %q", got)
			}
			about(t, "the end of the upgrade", start, 10*time.Second)
		}
		(<-e.opened).Send(engineio.TextFrame(0, func(b []byte) []byte { return append(b, "still here"...) }))
		if _, body := p.get("&sid=" + sid); body != "4still here" {
			t.Errorf("got %q", body)
		}
	})
}

func TestPollThatIsNeverReadIsGivenUp(t *testing.T) {
	bubble(t, nil, func(l *pipeListener, _ *echo) {
		p := l.dial(t)
		_, body := p.get("")
		sid := strings.Split(body, `"`)[3]
		fmt.Fprintf(p.conn, "POST /?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n4hi", sid)
		if resp, err := http.ReadResponse(p.in, nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(p.conn, "GET /?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: test\r\n\r\n", sid)
		time.Sleep(11 * time.Second)
		if n, err := p.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %d bytes, %v, after the write timeout; want the end of the connection", n, err)
		}
	})
}

// A message whose fragments come for ever, each below every limit of size and count, is given up after 30 s.
func TestMessageThatNeverEndsIsGivenUp(t *testing.T) {
	for name, next := range map[string][]byte{"fragments": {0x00, 0x81, 0, 0, 0, 0, 'x'}, "pings between": {0x89, 0x80, 0, 0, 0, 0}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &engineio.Options{PingInterval: time.Hour}, func(l *pipeListener, e *echo) {
				p := l.dialWebSocket(t, "")
				p.frame()
				start := time.Now()
				ended := make(chan time.Duration)
				go func() {
					for p.frame() != "" || time.Since(start) < 29*time.Second { // pongs are empty
					}
					ended <- time.Since(start)
				}()
				for _, err := p.conn.Write([]byte{0x01, 0x81, 0, 0, 0, 0, '4'}); err == nil && time.Since(start) < time.Minute; _, err = p.conn.Write(next) {
					time.Sleep(time.Second)
				}
				if took := <-ended; took < 29*time.Second || took > 33*time.Second {
					t.Errorf("given up after %v", took)
				}
				if reason := <-e.closed; reason != engineio.TransportError {
					t.Errorf("ended with %q", reason)
				}
			})
		})
	}
}

// A client that never rests, so that a message is always under way, is not slow.
func TestManyMessagesInPiecesAreNotGivenUp(t *testing.T) {
	bubble(t, &engineio.Options{PingInterval: time.Hour}, func(l *pipeListener, _ *echo) {
		p := l.dialWebSocket(t, "")
		p.frame()
		begun := []byte{0x81, 0x82, 0, 0, 0, 0, '4'}
		if _, err := p.conn.Write(begun); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			time.Sleep(10 * time.Second)
			if _, err := p.conn.Write(append([]byte{'x'}, begun...)); err != nil {
				t.Fatal(err)
			}
			if got := p.frame(); got != "4x" {
				t.Fatalf("got %q", got)
			}
		}
	})
}

func TestShutdownWaitsForTheLastAnswerToLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := engineio.NewServer(newEcho(), nil)
		l := &pipeListener{memnet.Listen()}
		web := &http.Server{Handler: srv}
		go web.Serve(l)
		p := l.dial(t)
		_, body := p.get("")
		fmt.Fprintf(p.conn, "GET /?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: test\r\n\r\n", strings.Split(body, `"`)[3])
		synctest.Wait()
		over := make(chan error, 1)
		go func() { over <- srv.Shutdown(t.Context()) }()
		synctest.Wait()
		if len(over) > 0 {
			t.Error("the shutdown was over while the close packet was being written")
		}
		if resp, err := http.ReadResponse(p.in, nil); err != nil {
			t.Error(err)
		} else if told, err := io.ReadAll(resp.Body); err != nil || string(told) != "1" {
			t.Errorf("the pending GET was answered %q, %v", told, err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
		if err := web.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}
