package attacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// stolenSession uses another one's session id: it is good for what a polling client does, and for nothing once the session has moved
// or ended.
func stolenSession(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	query := o.(*polling).query()
	moved, err := s.upgraded(o.(*polling).sid)
	if err != nil {
		return err
	}
	defer moved.close()
	stolen := requests{{query: query}, {method: "POST", query: query, body: `42["x"]`}, {query: websocket + "&sid=" + o.(*polling).sid, upgrade: true}}
	if err := errors.Join(stolen.try(s, badRequest), assertAlive(moved)); err != nil {
		return err
	}
	moved.close()
	for deadline := time.Now().Add(patience); ; {
		if err := stolen.try(s, unknownSession); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// upgraded moves a session on polling to a WebSocket.
func (s *server) upgraded(sid string) (session, error) {
	w, err := s.webSocket(websocket+"&sid="+sid, "")
	if err != nil {
		return nil, err
	}
	o := &streaming{w, sid}
	if err := o.send("2probe"); err != nil {
		return nil, err
	}
	if answer, err := o.next(); err != nil || answer != "3probe" {
		return nil, fmt.Errorf("the probe was answered %v, %v", answer, err)
	}
	return o, errors.Join(o.send("5"), assertAlive(o))
}

// stolenRecovery shows another user's pid and offset, and forged ones: a new session under one's own name, and nobody's events.
func stolenRecovery(s *server) error {
	victim, who, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer victim.close()
	writer, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer writer.close()
	if _, err := ask(writer, "message.new", map[string]any{"recipientId": who.id, "type": "text", "content": "for the victim alone"}); err != nil {
		return err
	}
	o, err := openStreaming(s)
	if err != nil {
		return err
	}
	answer, err := connect(o, map[string]any{"token": who.token})
	o.close()
	var granted struct{ PID string }
	if err := errors.Join(err, json.Unmarshal([]byte(strings.TrimPrefix(answer, "40")), &granted)); err != nil || granted.PID == "" {
		return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
	}
	for _, pid := range []string{granted.PID, granted.PID[:len(granted.PID)-1] + "x", strings.Repeat("A", 100), ""} {
		for _, offset := range []string{"", "19d5597f.0", "19d5597f.99999999999999999999", "x"} {
			if err := s.recoversNothing(granted.PID, map[string]any{"pid": pid, "offset": offset}); err != nil {
				return fmt.Errorf("%s, %s: %w", pid, offset, err)
			}
		}
	}
	return assertAlive(victim)
}

func (s *server) recoversNothing(pid string, auth map[string]any) error {
	o, err := openStreaming(s)
	if err != nil {
		return err
	}
	defer o.close()
	auth["token"] = s.person().token
	answer, err := connect(o, auth)
	if err != nil || !strings.HasPrefix(answer, "40{") || strings.Contains(answer, pid) {
		return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
	}
	if err := o.send(`4277["booking.list",{}]`); err != nil {
		return err
	}
	if next, err := o.next(); err != nil || next != `4377[{"bookings":[]}]` {
		return fmt.Errorf("was told %v, %v", next, err)
	}
	return nil
}
