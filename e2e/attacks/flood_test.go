package attacks

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Much of something. The server's memory stays, and nobody else notices.
func floods() []attack {
	return []attack{
		{"A-18", "100,000 pongs that nobody asked for", flood{text: "3", times: 100_000}, lives},
		{"A-19 R-11", "30,000 packets in one POST", requests{{method: "POST", query: ofSession, body: strings.Repeat("3"+separator, 29_999) + "3"}}, ends},
		{"A-27 R-19", "400,000 pings whose pongs are not read", unread{frame{op: opPing, payload: "flood"}, 400_000}, nil},
		{"A-27", "100,000 pings of 125 bytes whose pongs are not read", unread{frame{op: opPing, payload: strings.Repeat("x", 125)}, 100_000}, nil},
		{"A-34", "100,000 forged pongs", flood{frame: frame{op: opPong, payload: "forged"}, times: 100_000}, lives},
		{"A-79", "50,000 acknowledgements that nobody awaits", flood{text: "431[]", times: 50_000}, lives},
		{"A-81", "10,000 namespaces", flood{text: "40/nope", times: 10_000}, ends},
		{"A-82", "100,000 joins", flood{text: `42["join","` + strings.Repeat("r", 20) + `"]`, times: 100_000}, ends},
		{"A-44", "200 tokens that are too long", flood{text: `42["auth.refresh",{"token":"` + strings.Repeat(".", 90_000) + `"}]`, times: 200}, ends},
		{"R-20", "much for somebody who does not read", script(slowReader), nil},
	}
}

// flood is one frame or packet many times, in a session that reads.
type flood struct {
	text  string
	frame frame
	times int
}

func (f flood) try(s *server, back check) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	if f.text != "" {
		f.frame = frame{op: opText, payload: f.text}
	}
	line := o.(*streaming)
	if err := line.SetDeadline(time.Now().Add(longPatience)); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- errors.Join(line.write(times(f.times, f.frame)), line.write(alivePacket)) }()
	alive := awaitAck(o)
	if alive != nil {
		o.close() // so that nothing is written any more
	}
	if err := <-written; err != nil && alive == nil {
		return err
	}
	if alive != nil && !errors.Is(alive, io.EOF) {
		return alive
	}
	return back(outcome{alive: alive == nil})
}

var alivePacket = join(frame{op: opText, payload: `4277["booking.list",{}]`})

// awaitAck reads until the answer to alivePacket.
func awaitAck(o session) error {
	for {
		packet, err := o.next()
		if err != nil {
			return err
		}
		if text, ok := packet.(string); ok && strings.HasPrefix(text, "4377") {
			return nil
		}
	}
}

// unread is one frame many times, by a client that reads nothing of what is answered. Either it is cut off, or the server keeps little.
type unread struct {
	frame frame
	times int
}

func (u unread) try(s *server, _ check) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	before, err := s.usage()
	if err != nil {
		return err
	}
	line := o.(*streaming)
	if err := line.SetWriteDeadline(time.Now().Add(longPatience)); err != nil {
		return err
	}
	for sent := 0; sent < u.times; sent += 1000 {
		if _, err := io.WriteString(line, times(1000, u.frame)); err != nil {
			if isClosed(err) {
				break
			}
			return err
		}
	}
	return s.grewLittle(before)
}

// mayGrow is what the server may hold at most because of one client.
const mayGrow = 32 << 20

func (s *server) grewLittle(before usage) error {
	now, err := s.usage()
	if err == nil && now.heap > before.heap+mayGrow {
		err = fmt.Errorf("%v, %v before", now, before)
	}
	return err
}

// slowReader is told 50 MB and does not read. Another one, who reads, hears it all.
func slowReader(s *server) error {
	victim, who, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer victim.close()
	before, err := s.usage()
	if err != nil {
		return err
	}
	data := strings.Repeat("x", 50_000)
	for n := range 1000 {
		got, err := s.try(withIdempotency(api("POST", "/v1/events", fmt.Sprintf(`{"event":"dock.weather","userId":%q,"durable":false,"data":{"text":%q}}`, who.id, data))))
		if err != nil || got.status != 200 {
			return fmt.Errorf("event %d was answered %d %s, %v", n, got.status, got.body, err)
		}
	}
	return s.grewLittle(before)
}

func withIdempotency(q request) request {
	q.headers = append(q.headers, header{"Idempotency-Key", uuid.NewString()})
	return q
}
