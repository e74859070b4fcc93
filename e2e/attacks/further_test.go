package attacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// What is not tied to a published hole.

// forged is what a line of the log, made by a client, would begin with.
const forged = "FORGED-LINE"

func deep(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

func further() []attack {
	return []attack{
		{"A-74 R-33", "JSON nested deeper than 64", packets{
			`42["message.new",` + deep(64, "[", "", "]") + "]", `42["message.new",` + deep(64, `{"a":`, "1", "}") + "]", `42["message.new",` + deep(40_000, "[", "", "]") + "]", "42" + strings.Repeat("[", 99_000),
		}, ends},
		{"A-74", "a CONNECT nested deeper than 64", strangers{`40{"a":` + deep(64, "[", "", "]") + "}"}, ends},
		{"A-74", "a body nested 100,000 deep", requests{api("PUT", "/v1/bookings/"+uuid.NewString(), deep(100_000, "[", "", "]"))}, status(400)},
		{"A-75 R-33", "numbers that do not fit", script(wrongNumbers), nil},
		{"A-76", "characters that are hard to store", script(hardCharacters), nil},
		{"A-76 R-16", "text that is not UTF-8", frames{join(frame{op: opText, payload: "4\xff"}), join(frame{op: opText, payload: "4\xed\xa0\x80"}), join(frame{op: opText, payload: "4\xc0\x80"}),
			join(frame{op: opText, payload: "4\xe2\x82", more: true}, frame{op: continuation, payload: "\x28"})}, closes(1007)},
		{"A-77", "keys twice, in other case, and of authority", script(wrongKeys), nil},
		{"A-78 R-28", "ack ids that JavaScript cannot hold", packets{`4299999999999999999999["x"]`, "42" + digits(400) + `["x"]`, `429007199254740992["x"]`, "43" + strings.Repeat("9", 400) + "[]"}, ends},
		{"A-78", "the largest ack id", packets{`429007199254740991["booking.list"]`}, lives},
		{"A-79 R-27", "acknowledgements that nobody awaits", packets{"430[]", []any{"431[]", "431[]"}, "439007199254740991[]", `43999["x"]`}, lives},
		{"A-81 R-24", "namespaces that are none", script(unknownNamespaces), nil},
		{"A-81", "a namespace of 99 KB", strangers{"40/" + strings.Repeat("a", 99_000) + ",", "40/" + strings.Repeat("a", 255)}, ends},
		{"A-81", "a hundred namespaces", script(manyNamespaces), nil},
		{"A-82", "rooms by name", script(namedRooms), nil},
		{"A-83 R-23", "CONNECT twice", packets{"40", "40{}", `40{"token":"x"}`, "40[]", `40"x"`}, ends},
		{"A-83 R-23", "events before CONNECT", strangers{`42["message.new"]`, "41", "42", "43", `421["x"]`, of(placeholder("0"))}, ends},
		{"A-83 R-23", "packets for another namespace, and those of servers", packets{`42/admin,["x"]`, "43/admin,1[]", "44{}", `44{"message":"x"}`, "41{}", `41["x"]`}, ends},
		{"A-85 R-06", "methods that are none of polling's", requests{{method: "PUT", query: ofSession}, {method: "DELETE", query: ofSession}, {method: "PATCH", query: ofSession, body: "4x"}}, both(status(405), lives)},
		{"A-85 R-10", "bodies that are no payload", requests{{method: "POST", query: ofSession}, {method: "POST", query: ofSession, body: "abc"}, {method: "POST", query: ofSession, body: separator}}, both(refused(200, "ok"), ends)},
		{"A-85 R-09", "two GETs at once", script(twoGets), nil},
		{"A-85", "two POSTs at once", script(twoPosts), nil},
		{"A-86", "the session of somebody else", script(stolenSession), nil},
		{"A-87", "the recovery of somebody else's session", script(stolenRecovery), nil},
		{"A-88", "upgrades that do not come about", script(wrongUpgrades), nil},
		{"A-88", "two upgrades at once, and one after the end", script(twoUpgrades), nil},
		{"A-89", "close codes that nobody may send", frames{closing(0), closing(999), closing(1004), closing(1005), closing(1006), closing(1015), closing(2999), closing(5000), join(frame{op: opClose, payload: "x"})}, closes(1002)},
		{"A-89", "a close reason of 124 bytes", frames{join(frame{op: opClose, payload: "\x03\xe8" + strings.Repeat("x", 124)})}, closes(1002)},
		{"A-89", "a close reason that is not UTF-8", frames{join(frame{op: opClose, payload: "\x03\xe8\xff"})}, closes(1007)},
		{"A-90", "names that would forge a line of the log", packets{`42["x\r\n` + forged + `"]`, `42["\u001b[2J` + forged + `"]`, `42["\u2028` + forged + `",{}]`}, lives},
		{"A-90", "tokens and origins that would forge a line of the log", script(forgedLines), nil},
	}
}

func closing(code int) string {
	return join(frame{op: opClose, payload: string([]byte{byte(code >> 8), byte(code)})})
}

// api is a request of the back end.
func api(method, path, body string) request {
	return request{method: method, path: path, body: body, headers: []header{{"Authorization", "Bearer " + serviceKey}, {"Content-Type", "application/json"}}}
}

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

func twoGets(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	first, err := s.dial()
	if err != nil {
		return err
	}
	defer first.Close()
	get := request{query: o.(*polling).query()}
	if err := first.write(get.text(s.address)); err != nil {
		return err
	}
	got, err := s.tryUntil(get, func(o outcome) bool { return o.status == http.StatusBadRequest })
	if err != nil {
		return err
	}
	if got.body != "" && !strings.Contains(got.body, "Session ID unknown") {
		return fmt.Errorf("the second was answered %s", got.body)
	}
	if got, err := first.answer(); err != nil || got.status != 400 && got.body != "1" {
		return fmt.Errorf("the first was answered %d %s, %v", got.status, got.body, err)
	}
	return ended(o)
}

// tryUntil sends a request again and again, as nobody can tell when another one has arrived before it.
func (s *server) tryUntil(q request, done func(outcome) bool) (got outcome, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if got, err = s.try(q); err != nil || done(got) {
			return got, err
		}
	}
	return got, fmt.Errorf("answered %d %s", got.status, got.body)
}

func twoPosts(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	first, err := s.dial()
	if err != nil {
		return err
	}
	defer first.Close()
	half := request{method: "POST", query: o.(*polling).query(), body: "4", headers: []header{{"Content-Length", "100"}}}
	if err := first.write(half.text(s.address)); err != nil {
		return err
	}
	// An empty session packet is harmless: it may arrive before the first POST.
	if _, err := s.tryUntil(request{method: "POST", query: half.query, body: "3"}, func(o outcome) bool { return o.status == http.StatusBadRequest }); err != nil {
		return err
	}
	return ended(o)
}

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

func forgedLines(s *server) error {
	for _, token := range []string{"\r\n" + forged, "\x1b[2J" + forged, "\u2028" + forged, `"}` + "\n{" + forged} {
		if err := s.refusesConnect("websocket", map[string]any{"token": token, "deviceId": token}, `44{"message":"Invalid token"}`); err != nil {
			return err
		}
	}
	path := requests{{path: "/v1/%0d%0a" + "{%22level%22:%22x%22}%1b"}, {query: handshake, headers: []header{{"Origin", "https://\x80\xff"}}}}
	if err := path.try(s, status(401, 403)); err != nil {
		return err
	}
	return s.checkLog()
}
