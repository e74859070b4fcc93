package attacks

import (
	"strings"

	"github.com/google/uuid"
)

// forged is what a line of the log, made by a client, would begin with.
const forged = "FORGED-LINE"

func deep(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

// further are those that are not tied to a published hole.
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
		{"A-83 R-23", "CONNECTs whose payload is no object", strangers{"40[]", `40"x"`, "40null", "40true", `40[{"token":"x"}]`, "40{", "40{}x"}, ends},
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
