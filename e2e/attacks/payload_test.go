package attacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// refuses asks in a session, and wants VALIDATION_ERROR for each payload.
func refuses(s *server, event string, payloads ...string) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	for _, payload := range payloads {
		answer, err := askRaw(o, `["`+event+`",`+payload+`]`)
		if err != nil || !strings.Contains(answer, `"VALIDATION_ERROR"`) {
			return fmt.Errorf("%s %.100s was answered %s, %v", event, payload, answer, err)
		}
	}
	return assertAlive(o)
}

func wrongNumbers(s *server) error {
	id := uuid.NewString()
	var queries []string
	var puts requests
	for _, n := range []string{"1e400", "-1e400", digits(400), "-1", "1e-400", "1.5", "9007199254740992", "1e2", `"1"`, "null"} {
		queries = append(queries, fmt.Sprintf(`{"conversationId":%q,"before":%s}`, id, n))
		puts = append(puts, api("PUT", "/v1/payments/"+id, fmt.Sprintf(`{"bookingId":%q,"amount":%s,"currency":"usd","status":"pending"}`, id, n)))
	}
	return errors.Join(refuses(s, "message.history", queries...), puts.try(s, status(400)))
}

// hardCharacters writes them to somebody, who reads what was stored, or is told that they are refused.
func hardCharacters(s *server) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	other, who, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer other.close()
	for _, text := range []string{`"\ud800"`, `"\udc00\ud800"`, `"\u0000"`, `"a\u0000b"`, `"\u202e abc"`, `"\u2028\ufeff\uffff"`, `"` + strings.Repeat("e\u0301", 5000) + `"`, `"` + strings.Repeat("\u0301", 40_000) + `"`} {
		answer, err := askRaw(o, fmt.Sprintf(`["message.new",{"recipientId":%q,"type":"text","content":%s}]`, who.id, text))
		if err != nil {
			return err
		}
		if strings.Contains(answer, `"VALIDATION_ERROR"`) {
			continue
		}
		if !strings.Contains(answer, `"seq"`) {
			return fmt.Errorf("%.60s was answered %s", text, answer)
		}
		if told, err := nextEvent(other, "message.new"); err != nil || !json.Valid([]byte(told)) {
			return fmt.Errorf("%.60s was told as %.200s, %v", text, told, err)
		}
	}
	return assertAlive(o)
}

// nextEvent returns the arguments of the next event of that name.
func nextEvent(o session, name string) (string, error) {
	for {
		packet, err := o.next()
		if err != nil {
			return "", err
		}
		if list, ok := strings.CutPrefix(fmt.Sprint(packet), "42"); ok && strings.HasPrefix(list, `["`+name+`"`) {
			return list, nil
		}
	}
}

func wrongKeys(s *server) error {
	id := uuid.NewString()
	message := func(more string) string {
		return fmt.Sprintf(`{"recipientId":%q,"type":"text","content":"x"%s}`, id, more)
	}
	var payloads []string
	for _, more := range []string{`,"content":"y"`, `,"senderId":"` + id + `"`, `,"SenderId":"` + id + `"`, `,"role":"admin"`, `,"id":"` + id + `"`, `,"seq":1`, `,"Content":"y"`, `,"userId":"` + id + `"`} {
		payloads = append(payloads, message(more))
	}
	body := fmt.Sprintf(`{"listingId":%q,"boaterId":%q,"ownerId":%q,"status":"pending"`, id, uuid.NewString(), uuid.NewString())
	twice := requests{api("PUT", "/v1/bookings/"+id, body+`,"status":"confirmed"}`), api("PUT", "/v1/bookings/"+id, body+`,"Status":"confirmed"}`), api("PUT", "/v1/bookings/"+id, body+`,"more":1}`)}
	return errors.Join(refuses(s, "message.new", payloads...), twice.try(s, status(400)))
}
