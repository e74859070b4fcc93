package attacks

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/token"
)

// session is an Engine.IO session whose packets are written by hand. A packet is a string, or []byte for binary. It answers no pings.
type session interface {
	send(packets ...any) error
	next() (any, error) // io.EOF when the session has ended
	close()
}

// transports are the ways to open one.
var transports = map[string]func(s *server) (session, error){"polling": openPolling, "websocket": openStreaming}

// streaming is a session on a WebSocket.
type streaming struct {
	*wire
	sid string
}

func openStreaming(s *server) (session, error) {
	w, err := s.dial()
	if err != nil {
		return nil, err
	}
	return s.stream(w)
}

// stream opens a session on a connection.
func (s *server) stream(w *wire) (session, error) {
	if err := s.upgrade(w, "EIO=4&transport=websocket", ""); err != nil {
		return nil, err
	}
	opening, err := w.frame()
	return &streaming{w, s.sidOf(string(opening.payload))}, err
}

// sidOf reads the opening packet, and keeps the id: the log must not have it.
func (s *server) sidOf(opening string) string {
	var told struct{ SID string }
	if json.Unmarshal([]byte(strings.TrimPrefix(opening, "0")), &told) != nil {
		return ""
	}
	s.sids.Store(told.SID, true)
	return told.SID
}

func (s *streaming) send(packets ...any) error {
	var b []byte
	for _, p := range packets {
		switch p := p.(type) {
		case string:
			b = frame{op: opText, payload: p}.append(b)
		case []byte:
			b = frame{op: opBinary, payload: string(p)}.append(b)
		}
	}
	return s.write(string(b))
}

func (s *streaming) next() (any, error) {
	for {
		f, err := s.frame()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF) || isClosed(err) || f.op == opClose:
			return nil, io.EOF
		case err != nil:
			return nil, err
		case f.op == opBinary:
			return f.payload, nil
		case f.op == opText && string(f.payload) != "2":
			return string(f.payload), nil
		}
	}
}

func (s *streaming) close() { s.Close() }

// polling is a session on long-polling.
type polling struct {
	server *server
	sid    string
	came   []any // and not yet taken
}

const separator = "\x1e"

func openPolling(s *server) (session, error) {
	got, err := s.try(request{query: "EIO=4&transport=polling"})
	if err != nil {
		return nil, err
	}
	if got.status != 200 {
		return nil, fmt.Errorf("the handshake was answered %d %s", got.status, got.body)
	}
	return &polling{server: s, sid: s.sidOf(got.body)}, nil
}

func (p *polling) query() string { return "EIO=4&transport=polling&sid=" + p.sid }

func (p *polling) post(body string, headers ...header) (outcome, error) {
	return p.server.try(request{method: "POST", query: p.query(), body: body, headers: headers})
}

func (p *polling) send(packets ...any) error {
	texts := make([]string, len(packets))
	for i, packet := range packets {
		switch packet := packet.(type) {
		case string:
			texts[i] = packet
		case []byte:
			texts[i] = "b" + base64.StdEncoding.EncodeToString(packet)
		}
	}
	_, err := p.post(strings.Join(texts, separator))
	return err
}

func (p *polling) next() (any, error) {
	for {
		if len(p.came) > 0 {
			next := p.came[0]
			p.came = p.came[1:]
			switch next {
			case "1":
				return nil, io.EOF
			case "2", "6":
				continue
			}
			return next, nil
		}
		got, err := p.server.try(request{query: p.query()})
		if err != nil {
			return nil, err
		}
		if got.status != 200 {
			return nil, io.EOF
		}
		for text := range strings.SplitSeq(got.body, separator) {
			p.came = append(p.came, decoded(text))
		}
	}
}

func decoded(text string) any {
	if encoded, ok := strings.CutPrefix(text, "b"); ok {
		if b, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return b
		}
	}
	return text
}

// close has the server end the session; one that has ended does not listen.
func (p *polling) close() { _, _ = p.post("1") }

// person is a user with a token.
type person struct{ id, token string }

// person returns a new user.
func (s *server) person() person {
	id := uuid.NewString()
	return person{id, s.sign(token.Identity{User: id, Role: "boater", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})}
}

func bySecret(who token.Identity) string {
	compact, err := token.Options{Secret: []byte(secret)}.Sign(who)
	if err != nil {
		panic(err) // options of this test
	}
	return compact
}

// connect sends a CONNECT and returns its answer.
func connect(s session, auth map[string]any) (string, error) {
	text, err := json.Marshal(auth)
	if err != nil {
		return "", err
	}
	if err := s.send("40" + string(text)); err != nil {
		return "", err
	}
	for {
		packet, err := s.next()
		if err != nil {
			return "", err
		}
		if text, ok := packet.(string); ok && (strings.HasPrefix(text, "40") || strings.HasPrefix(text, "44")) {
			return text, nil
		}
	}
}

// joined opens a session of a new user that has joined.
func (s *server) joined(transport string) (session, person, error) {
	who := s.person()
	open, err := transports[transport](s)
	if err != nil {
		return nil, who, err
	}
	answer, err := connect(open, map[string]any{"token": who.token})
	if err == nil && !strings.HasPrefix(answer, "40") {
		err = fmt.Errorf("CONNECT was answered %s", answer)
	}
	return open, who, err
}

// ask sends an event and returns its acknowledgement.
func ask(s session, event string, payload any) (string, error) {
	text, err := json.Marshal([]any{event, payload})
	if err != nil {
		return "", err
	}
	return askRaw(s, string(text))
}

// askRaw sends an event as it is written, under the id 77, and returns its acknowledgement.
func askRaw(s session, list string) (string, error) {
	if err := s.send("4277" + list); err != nil {
		return "", err
	}
	for {
		packet, err := s.next()
		if err != nil {
			return "", err
		}
		if text, ok := packet.(string); ok && strings.HasPrefix(text, "4377") {
			return text[4:], nil
		}
	}
}

// assertAlive has the session answer a question that any user may ask.
func assertAlive(s session) error {
	answer, err := ask(s, "booking.list", map[string]any{})
	if err != nil {
		return fmt.Errorf("the session has ended: %w", err)
	}
	if answer != `[{"bookings":[]}]` {
		return fmt.Errorf("answered %s", answer)
	}
	return nil
}

// ended waits for the end of a session.
func ended(s session) error {
	for {
		if _, err := s.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the session has not ended: %w", err)
		}
	}
}
