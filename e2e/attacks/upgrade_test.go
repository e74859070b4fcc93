package attacks

import (
	"errors"
	"fmt"
	"time"
)

func wrongUpgrades(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	defer o.close()
	for _, list := range [][]any{{"5"}, {"2"}, {"2prob"}, {"3probe"}, {"4x"}, {"6"}, {""}, {"x"}, {attachment}, {"2probe", "4x"}, {"2probe", "2probe"}, {"2probe", attachment}} {
		w, err := s.webSocket(websocket+"&sid="+o.(*polling).sid, "")
		if err != nil {
			return fmt.Errorf("before %q: %w", list, err)
		}
		second := &streaming{w, ""}
		err = errors.Join(second.send(list...), w.closed(5*time.Second))
		second.close()
		if err != nil {
			return fmt.Errorf("%q: %w", list, err)
		}
	}
	return assertAlive(o)
}

func twoUpgrades(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	query := websocket + "&sid=" + o.(*polling).sid
	first, err := s.webSocket(query, "")
	if err != nil {
		return err
	}
	winner := &streaming{first, ""}
	defer winner.close()
	if got, err := s.try(request{query: query, upgrade: true}); err != nil || badRequest(got) != nil {
		return fmt.Errorf("the second was answered %d, %v", got.status, err)
	}
	if err := winner.send("2probe", "5", "5"); err != nil {
		return err
	}
	if err := assertAlive(winner); err != nil {
		return err
	}
	if err := winner.send("2probe"); err != nil {
		return err
	}
	if err := ended(winner); err != nil {
		return err
	}
	_, err = s.tryUntil(request{query: query, upgrade: true}, func(o outcome) bool { return unknownSession(o) == nil })
	return err
}

// earlyUpgrade sends frames that break the protocol right behind the request to take a session over: it stays where it was.
func earlyUpgrade(s *server) error {
	open, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	defer open.close()
	for _, f := range []frame{{op: opText, payload: "3", reserved: 2}, {op: opText, payload: "3", reserved: 1}, {op: 3}, {op: opText, bare: true}} {
		w, err := s.webSocket(websocket+"&sid="+open.(*polling).sid, join(f))
		if w != nil {
			defer w.Close()
		}
		if err != nil {
			return err
		}
		if err := w.closed(2500 * time.Millisecond); err != nil {
			return err
		}
	}
	return assertAlive(open)
}

// cutUpgrades resets connections in the middle of an upgrade.
func cutUpgrades(s *server) error {
	open, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	defer open.close()
	whole := request{query: websocket + "&sid=" + open.(*polling).sid, upgrade: true}.text(s.address)
	for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)} {
		w, err := s.dial()
		if err != nil {
			return err
		}
		if err := errors.Join(w.write(whole[:n]), w.reset()); err != nil {
			return err
		}
	}
	return assertAlive(open)
}
