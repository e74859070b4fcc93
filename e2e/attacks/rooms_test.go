package attacks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// unknownNamespaces asks for namespaces until the server has enough: the name that it repeats is cut.
func unknownNamespaces(s *server) error {
	for transport, open := range transports {
		o, err := open(s)
		if err != nil {
			return err
		}
		defer o.close()
		refusals := 0
		for n := range 40 {
			name := "/" + strconv.Itoa(n) + strings.Repeat("n", 200)
			if err := o.send("40" + name + ","); err != nil {
				return err
			}
			answer, err := o.next()
			if err != nil {
				break
			}
			if answer != "44"+name[:64]+`,{"message":"Invalid namespace"}` {
				return fmt.Errorf("answered %s (%s)", answer, transport)
			}
			refusals++
		}
		if refusals > 20 {
			return fmt.Errorf("%d namespaces were refused, and the connection lives (%s)", refusals, transport)
		}
	}
	return nil
}

func manyNamespaces(s *server) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	for n := range 100 {
		if err := o.send(fmt.Sprintf("40/%d,", n)); err != nil {
			return err
		}
	}
	return ended(o)
}

// namedRooms asks for rooms in every way that one might know: there are none to ask for.
func namedRooms(s *server) error {
	before, err := s.gauge("dokkerr_rooms")
	if err != nil {
		return err
	}
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	for _, event := range []string{"join", "leave", "room.join", "subscribe", "join_room", "conversation.join"} {
		for _, room := range []any{"user:" + uuid.NewString(), strings.Repeat("r", 90_000), map[string]any{"room": "booking:1"}} {
			answer, err := ask(o, event, room)
			if err != nil || !strings.Contains(answer, `"NOT_FOUND"`) && !strings.Contains(answer, `"RATE_LIMITED"`) {
				return fmt.Errorf("%s was answered %s, %v", event, answer, err)
			}
		}
	}
	after, err := s.gauge("dokkerr_rooms")
	if err == nil && after > before+1 { // the user's own
		err = fmt.Errorf("%v rooms, %v before", after, before)
	}
	return err
}

// gauge asks the metrics for one number.
func (s *server) gauge(name string) (float64, error) {
	text, err := s.get("/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}
