package attacks

import "strings"

// What the official server answers, measured, and ours: the lines that no other table has.
func reference() []attack {
	return []attack{
		{"R-01", "other versions of the protocol", requests{{query: "transport=polling"}, {query: "EIO=3&transport=polling"}, {query: "EIO=5&transport=polling"}, {query: "EIO=3&transport=websocket", upgrade: true}}, unsupportedVersion},
		{"R-03", "a WebSocket without an upgrade", requests{{query: websocket}, {query: handshake, upgrade: true}}, badRequest},
		{"R-04", "a handshake by POST", requests{{method: "POST", query: handshake, body: "4x"}, {method: "PUT", query: handshake}}, badHandshakeMethod},
		{"R-08", "a POST of one byte too many", requests{{method: "POST", query: ofSession, body: "4" + strings.Repeat("x", maxPayload)}}, both(status(413), ends)},
		{"R-15", "frames that break the protocol", frames{
			join(frame{op: opText, payload: "3", reserved: 1}), join(frame{op: opPing, reserved: 4}), join(frame{op: opText, payload: "3", bare: true}), join(frame{op: 3}), join(frame{op: 11}), join(frame{op: 15}),
			join(frame{op: continuation, payload: "x"}), join(frame{op: opPing, payload: strings.Repeat("x", 126)}), join(frame{op: opPing, payload: "x", more: true}),
			join(frame{op: opText, payload: "3", more: true}, frame{op: opText, payload: "3"}),
		}, closes(1002)},
		{"R-21", "packets that are none", frames{join(frame{op: opText}), join(frame{op: opText, payload: "9"}), join(frame{op: opText, payload: "2"}), join(frame{op: opText, payload: "2probe"})}, closes(1005)},
		{"R-22", "packets that only servers send", packets{"0{}", "5", "6", many(900, "3")}, lives},
		{"R-25", "packets that are broken", packets{"42[", `42["x"`, `42["x",]`, "42['x']", `42["x"]x`, `42{"0":"x"}`, `42"x"`, "42[]", "47", "4a", "431{}", `431"x"`, `42["x",NaN]`, `42["x",01]`, "42[\"a\nb\"]", `42["\x"]`}, ends},
		{"R-25", "names that the client library keeps for itself", packets{`42["connect"]`, `42["connect_error"]`, `42["disconnect"]`, `42["disconnecting"]`, `421["newListener",{}]`, `42["removeListener"]`, `42["conn\u0065ct"]`}, ends},
		{"R-30", "a count of attachments with an exponent", packets{`451e1-["x"]`}, ends},
		{"R-31", "attachments out of turn", packets{
			[]any{`451-["x",` + placeholder("0") + "]", `42["x"]`}, attachment, []any{`452-["x",` + placeholder("0") + "]", attachment, "40"},
		}, ends},
		{"R-32", "an attachment used twice, or never", packets{[]any{`451-["x",` + placeholder("0") + "," + placeholder("0") + "]", attachment}, []any{`451-["x"]`, attachment}}, lives},
		{"R-35", "other versions of WebSocket", requests{versioned("8"), versioned("7"), versioned("13, 8"), versioned(absent)}, both(status(426), with("Sec-WebSocket-Version", "13"))},
	}
}

func many(n int, packet any) (all []any) {
	for range n {
		all = append(all, packet)
	}
	return all
}

func versioned(v string) request {
	return request{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Version", v}}}
}
