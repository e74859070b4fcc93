package attacks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Those who take their time. Each waits for a deadline of the server, so they wait together.
func slow() []attack {
	return []attack{
		{"A-11", "attachments that do not come", script(func(s *server) error { return s.overBoth(missingAttachments) }), nil},
		{"A-26", "a message that never ends", script(endlessMessage), nil},
		{"A-26", "a frame that never ends", script(endlessFrame), nil},
		{"A-61 R-37", "half a request", script(halfRequest), nil},
		{"A-84 R-14", "silence behind the handshake", script(func(s *server) error { return s.overBoth(silence) }), nil},
		{"A-85", "a body of one byte per second", script(trickle), nil},
		{"A-85", "a body that does not come, of a request that is refused", script(lateBody), nil},
		{"A-88", "a probe and no more", script(halfUpgrade), nil},
		{"A-89", "a close frame, and no end of the connection", script(halfClose), nil},
	}
}

// slowEncrypted are the same, of a listener that speaks TLS and pings every second.
func slowEncrypted() []attack {
	return []attack{
		{"A-65", "a TLS handshake that is not gone through with", script(halfTLS), nil},
		{"R-36", "no pong", script(noPong), nil},
	}
}

func (s *server) overBoth(f func(s *server, open opener, transport string) error) error {
	var all errgroup.Group
	for transport := range transports {
		all.Go(func() error {
			if err := f(s, joinFirst, transport); err != nil {
				return fmt.Errorf("%s: %w", transport, err)
			}
			return nil
		})
	}
	return all.Wait()
}

// within is that f, which waits for an end, takes about as long as the deadline.
func within(deadline time.Duration, f func() error) error {
	from := time.Now()
	if err := f(); err != nil {
		return err
	}
	if took := time.Since(from); took < deadline-time.Second || took > deadline+5*time.Second {
		return fmt.Errorf("ended after %v, want %v", took, deadline)
	}
	return nil
}

// wait has a session's connection be patient.
func wait(o session) error {
	if w, ok := o.(*streaming); ok {
		return w.SetDeadline(time.Now().Add(longPatience))
	}
	return nil
}

const longPatience = 45 * time.Second

func missingAttachments(s *server, open opener, transport string) error {
	o, err := open(s, transport)
	if err != nil {
		return err
	}
	defer o.close()
	if err := errors.Join(wait(o), o.send(`452-["x",`+placeholder("0")+"]", attachment)); err != nil {
		return err
	}
	return within(10*time.Second, func() error { return ended(o) })
}

func silence(s *server, _ opener, transport string) error {
	o, err := openOnly(s, transport)
	if err != nil {
		return err
	}
	defer o.close()
	return errors.Join(wait(o), within(10*time.Second, func() error { return ended(o) }))
}

// endlessMessage sends a fragment each second, and is long below every limit of size and count.
func endlessMessage(s *server) error {
	return s.endless(frame{op: opText, payload: "42", more: true}, frame{op: continuation, payload: "x", more: true})
}

// endlessFrame sends a frame byte by byte.
func endlessFrame(s *server) error { return s.endless(frame{op: opText, declared: 1000}, frame{}) }

func (s *server) endless(first, next frame) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	line := o.(*streaming)
	if err := errors.Join(wait(o), line.write(join(first))); err != nil {
		return err
	}
	more := "x"
	if next.more {
		more = join(next)
	}
	stop := repeat(func() { _ = line.write(more) }) // the end shows in what is read
	defer stop()
	return within(30*time.Second, func() error { return ended(o) })
}

// repeat calls f each second until stop is called.
func repeat(f func()) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-tick.C:
				f()
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() { close(done); <-over }
}

// unfinished sends the beginning of a request and waits for the end of the connection.
func (s *server) unfinished(deadline time.Duration, text string, more func(w *wire)) error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := errors.Join(w.write(text), w.SetWriteDeadline(time.Now().Add(longPatience))); err != nil {
		return err
	}
	if more != nil {
		defer repeat(func() { more(w) })()
	}
	return within(deadline, func() error { return w.closed(longPatience) })
}

func halfRequest(s *server) error {
	return s.unfinished(5*time.Second, "GET /socket.io/?"+websocket+" HTTP/1.1\r\nHost: x\r\nUpgr", func(w *wire) { _ = w.write("a") })
}

func trickle(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	q := request{method: "POST", query: o.(*polling).query(), body: "4", headers: []header{{"Content-Length", "1000"}}}
	return errors.Join(s.unfinished(10*time.Second, q.text(s.address), func(w *wire) { _ = w.write("x") }), ended(o))
}

func lateBody(s *server) error {
	q := request{method: "POST", query: handshake + "&sid=nope", body: "4", headers: []header{{"Content-Length", "1000"}}}
	return s.unfinished(10*time.Second, q.text(s.address), nil)
}

func halfUpgrade(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	defer o.close()
	w, err := s.webSocket(websocket+"&sid="+o.(*polling).sid, join(frame{op: opText, payload: "2probe"}))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := within(10*time.Second, func() error { return w.closed(longPatience) }); err != nil {
		return err
	}
	return assertAlive(o)
}

// halfClose says goodbye and keeps its end open. That the server's is closed shows when it resets what comes.
func halfClose(s *server) error {
	w, err := s.webSocket(websocket, join(frame{op: opClose, payload: "\x03\xe8"}))
	if err != nil {
		return err
	}
	defer w.Close()
	if code, err := w.closeCode(); err != nil || code != 1000 {
		return fmt.Errorf("closed with %d, %v", code, err)
	}
	if err := w.closed(2500 * time.Millisecond); err != nil {
		return err
	}
	for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := io.WriteString(w, "x"); err != nil {
			return nil
		}
	}
	return errors.New("what comes is still taken")
}

func halfTLS(s *server) error {
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	w := &wire{c, bufio.NewReader(c)}
	defer w.Close()
	if err := w.write("\x16\x03\x01\x00\xa5\x01"); err != nil {
		return err
	}
	return within(5*time.Second, func() error { return w.closed(longPatience) })
}

func noPong(s *server) error {
	o, err := openStreaming(s)
	if err != nil {
		return err
	}
	defer o.close()
	if answer, err := connect(o, map[string]any{"token": s.person().token}); err != nil || !strings.HasPrefix(answer, "40") {
		return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
	}
	return within(2*time.Second, func() error { return ended(o) })
}
