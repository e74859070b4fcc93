package attacks

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// attack is one line of the table: what is sent, and what must come back.
type attack struct {
	row  string // number in the list
	name string
	send input
	back check
}

// input is what is sent. It fails when what comes back does not pass the check.
type input interface {
	try(s *server, back check) error
}

// check judges what came back.
type check func(outcome) error

// script is an input that needs several steps, and judges by itself.
type script func(s *server) error

func (f script) try(s *server, _ check) error { return f(s) }

// requests are HTTP requests, each on a connection of its own. SID in a query is the id of a session on polling that has joined.
type requests []request

func (all requests) try(s *server, back check) error {
	for _, q := range all {
		if err := q.send(s, back); err != nil {
			return fmt.Errorf("%.80s: %w", strings.TrimSpace(q.method+" "+q.path+"?"+q.query), err)
		}
	}
	return nil
}

func (q request) send(s *server, back check) error {
	if !strings.Contains(q.query, "SID") {
		got, err := s.try(q)
		if err != nil {
			return err
		}
		return back(got)
	}
	open, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	defer open.close()
	q.query = strings.ReplaceAll(q.query, "SID", open.(*polling).sid)
	got, err := s.try(q)
	if err != nil {
		return err
	}
	got.alive = assertAlive(open) == nil
	return back(got)
}

// streams are bytes that are sent on a connection of their own, which the server must answer and close. HOST is the server.
type streams []string

func (all streams) try(s *server, back check) error {
	for _, text := range all {
		if err := s.sendStream(text, back); err != nil {
			return fmt.Errorf("%.80q: %w", text, err)
		}
	}
	return nil
}

func (s *server) sendStream(text string, back check) error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.write(strings.ReplaceAll(text, "HOST", s.address)); err != nil {
		return err
	}
	got, err := w.answer()
	if err != nil {
		return err
	}
	return errors.Join(back(got), w.closed(2*time.Second))
}

// frames are bytes on an open WebSocket that has not joined.
type frames []string

func (all frames) try(s *server, back check) error {
	for _, text := range all {
		for _, early := range []bool{false, true} {
			if err := s.sendFrames(text, early, back); err != nil {
				return fmt.Errorf("%.20x, early %v: %w", text, early, err)
			}
		}
	}
	return nil
}

// sendFrames sends the frames once the WebSocket is open or, early, right behind the request.
func (s *server) sendFrames(text string, early bool, back check) error {
	behind := ""
	if early {
		behind = text
	}
	w, err := s.webSocket("EIO=4&transport=websocket", behind)
	if w != nil {
		defer w.Close()
	}
	if err != nil {
		return err
	}
	if !early {
		if err := w.write(text); err != nil {
			return err
		}
	}
	code, err := w.closeCode()
	if err != nil {
		return err
	}
	return errors.Join(back(outcome{code: code}), w.closed(2500*time.Millisecond))
}

// packets are sent in a session that has joined, each element in one of its own, over every transport. An element is a packet, or []any
// of several.
type packets []any

func (all packets) try(s *server, back check) error {
	return s.sendPackets(all, joinFirst, assertAlive, back)
}

// strangers are packets in a session that has not joined.
type strangers []any

func (all strangers) try(s *server, back check) error {
	return s.sendPackets(all, openOnly, s.assertJoins, back)
}

func joinFirst(s *server, transport string) (session, error) {
	open, _, err := s.joined(transport)
	return open, err
}

func openOnly(s *server, transport string) (session, error) { return transports[transport](s) }

// opener opens a session over a transport.
type opener func(s *server, transport string) (session, error)

// sendPackets sends each over every transport; alive asks the session whether it goes on.
func (s *server) sendPackets(all []any, open opener, alive func(session) error, back check) error {
	for transport := range transports {
		for _, each := range all {
			if err := s.sendPacket(each, transport, open, alive, back); err != nil {
				return fmt.Errorf("%.80q (%s): %w", fmt.Sprint(each), transport, err)
			}
		}
	}
	return nil
}

func (s *server) sendPacket(each any, transport string, open opener, alive func(session) error, back check) error {
	o, err := open(s, transport)
	if o != nil {
		defer o.close()
	}
	if err != nil {
		return err
	}
	list, several := each.([]any)
	if !several {
		list = []any{each}
	}
	if err := o.send(list...); err != nil {
		return err
	}
	err = alive(o)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return back(outcome{alive: err == nil})
}

// assertJoins has a session that has not joined do so.
func (s *server) assertJoins(o session) error {
	_, err := connect(o, map[string]any{"token": s.person().token})
	return err
}

// refused is an answer with this status and body.
func refused(status int, body string) check {
	return func(o outcome) error {
		if o.status != status || o.body != body {
			return fmt.Errorf("answered %d %.200s, want %d %s", o.status, o.body, status, body)
		}
		return nil
	}
}

// status is an answer with one of these.
func status(want ...int) check {
	return func(o outcome) error {
		for _, w := range want {
			if o.status == w {
				return nil
			}
		}
		return fmt.Errorf("answered %d %.200s, want %v", o.status, o.body, want)
	}
}

// without is that a header is not there; with that it is this.
func without(name string) check {
	return func(o outcome) error {
		if o.header.Values(name) != nil {
			return fmt.Errorf("%s: %s", name, o.header.Get(name))
		}
		return nil
	}
}

func with(name, value string) check {
	return func(o outcome) error {
		if got := o.header.Get(name); got != value {
			return fmt.Errorf("%s: %s, want %s", name, got, value)
		}
		return nil
	}
}

func both(checks ...check) check {
	return func(o outcome) error {
		for _, c := range checks {
			if err := c(o); err != nil {
				return err
			}
		}
		return nil
	}
}

// ends is that the session ends, lives that it goes on.
func ends(o outcome) error {
	if o.alive {
		return errors.New("the session goes on")
	}
	return nil
}

func lives(o outcome) error {
	if !o.alive {
		return errors.New("the session has ended")
	}
	return nil
}

// closes is a WebSocket's end with one of these codes.
func closes(want ...int) check {
	return func(o outcome) error {
		for _, w := range want {
			if o.code == w {
				return nil
			}
		}
		return fmt.Errorf("closed with %d, want %v", o.code, want)
	}
}

// The refusals of the protocol.
var (
	unknownTransport   = refused(400, `{"code":0,"message":"Transport unknown"}`)
	unknownSession     = refused(400, `{"code":1,"message":"Session ID unknown"}`)
	badHandshakeMethod = refused(400, `{"code":2,"message":"Bad handshake method"}`)
	badRequest         = refused(400, `{"code":3,"message":"Bad request"}`)
	forbidden          = both(refused(403, `{"code":4,"message":"Forbidden"}`), without("Access-Control-Allow-Origin"))
	unsupportedVersion = refused(400, `{"code":5,"message":"Unsupported protocol version"}`)
	switched           = status(http.StatusSwitchingProtocols)
)
