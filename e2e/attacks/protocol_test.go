package attacks

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
)

// The session's protocol: what came to light in Engine.IO, Socket.IO and their parsers.

const (
	handshake = "EIO=4&transport=polling"
	websocket = "EIO=4&transport=websocket"
	ofSession = handshake + "&sid=SID"
	toUpgrade = websocket + "&sid=SID"
)

var attachment = []byte{1, 2, 3}

func placeholder(num string) string { return `{"_placeholder":true,"num":` + num + `}` }

// of sends an event with one attachment, and these arguments.
func of(args string) []any { return []any{`451-["message.new",` + args + `]`, attachment} }

func digits(n int) string { return strings.Repeat("2", n) }

func protocol() []attack {
	return []attack{
		{"A-01", "session ids to guess, and guessed ones", script(sessionIDs), nil},
		{"A-02", "a handshake from no page", requests{{query: handshake}}, both(status(200), without("Access-Control-Allow-Origin"))},
		{"A-02", "a handshake from the front end", requests{{query: handshake, headers: []header{{"Origin", frontend}}}},
			both(status(200), with("Access-Control-Allow-Origin", frontend), with("Access-Control-Allow-Credentials", "true"), with("Vary", "Origin"))},
		{"A-02", "a preflight from an evil page", requests{{method: "OPTIONS", query: handshake, headers: []header{{"Origin", "https://evil.test"}, {"Access-Control-Request-Method", "POST"}}}},
			both(status(403), without("Access-Control-Allow-Origin"), without("Access-Control-Allow-Credentials"))},
		{"A-03", "a POST that announces 100 MB", requests{{method: "POST", query: ofSession, headers: []header{{"Content-Length", "100000000"}}, body: "4x"}}, both(status(413), ends)},
		{"A-03", "a POST of 100 MB in chunks", script(endlessPost), nil},
		{"A-04", "nothing but digits", packets{"42" + digits(maxPayload-2), "45" + digits(maxPayload-2), "45" + strings.Repeat("0", 50_000) + `1-["x"]`,
			"43" + digits(50_000) + "[]", "42/" + digits(maxPayload-3)}, ends},
		{"A-05", "frames behind the request, where they are none yet", frames{join(frame{op: opText, payload: "3", reserved: 2}), join(frame{op: opText, payload: "3", reserved: 1})}, closes(1002)},
		{"A-05", "frames behind the request of an upgrade", script(earlyUpgrade), nil},
		{"A-06", "upgrades to something else", requests{
			{query: websocket, upgrade: true, headers: []header{{"Upgrade", "h2c"}}},
			{query: websocket, upgrade: true, headers: []header{{"Connection", "close"}}},
			{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Key", "short"}}},
			{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Key", absent}}},
			{query: toUpgrade, upgrade: true, headers: []header{{"Upgrade", "websocketx"}}},
		}, badRequest},
		{"A-06", "an upgrade that is cut off", script(cutUpgrades), nil},
		{"A-07 R-02", "transports that are none", requests{
			{query: "EIO=4"}, {query: "EIO=4&transport=foo"}, {query: "EIO=4&transport=__proto__"}, {query: "EIO=4&transport=constructor"}, {query: "EIO=4&transport=Polling"},
			{query: "EIO=4&transport=polling&transport=websocket"}, {query: "EIO=4&transport=__proto__", upgrade: true}, {query: "EIO=4", upgrade: true},
		}, unknownTransport},
		{"A-08", "placeholders of no attachment", packets{
			of(placeholder(`"splice"`)), of(placeholder("-1")), of(placeholder("1.5")), of(placeholder("5")), of(placeholder("{}")), of(placeholder("null")),
			of(placeholder("99999999999999999999")), of(`{"_placeholder":true}`), of(`{"_\u0070laceholder":true,"num":1}`), of(`[[{"a":` + placeholder("1") + `}]]`),
		}, ends},
		{"A-09", "event names that are none", packets{`42[{"toString":"foo"}]`, "42[[]]", "42[true]", "42[null]", "42[{}]", `421[null,1]`}, ends},
		{"A-10 R-26", "the event error, and others of JavaScript", packets{`42["error"]`, `42["error",{}]`, `42["__proto__"]`, `42["toString",1]`, `42[""]`, "42[1]", "42[-1.5e3]"}, lives},
		{"A-11", "more attachments than ten", packets{`451000000-["x"]`, `4511-["x"]`, `45999999999999999999999-["x"]`}, ends},
		{"A-11", "attachments larger than a message", packets{
			[]any{`452-["message.new",` + placeholder("0") + "," + placeholder("1") + "]", make([]byte, 60_000), make([]byte, 60_000)},
		}, ends},
		{"A-12 R-07", "octet-stream POSTs", script(octetStreams), nil},
		{"A-13 R-05", "session ids of JavaScript", requests{
			{query: handshake + "&sid=__proto__"}, {query: handshake + "&sid=constructor"}, {query: handshake + "&sid="}, {query: handshake + "&sid=%00"}, {query: handshake + "&sid=a&sid=b"},
			{method: "POST", query: handshake + "&sid=__proto__", body: "4x"}, {query: websocket + "&sid=__proto__", upgrade: true},
		}, unknownSession},
		{"A-13 R-02", "WebTransport", requests{{query: "EIO=4&transport=webtransport&sid=__proto__"}, {query: "EIO=4&transport=webtransport", upgrade: true}}, unknownTransport},
		{"A-14", "another version in the middle", requests{
			{query: "EIO=3&transport=polling&sid=SID"}, {query: "transport=polling&sid=SID"}, {method: "POST", query: "EIO=5&transport=polling&sid=SID", body: "4x"},
			{query: "EIO=3&transport=websocket&sid=SID", upgrade: true},
		}, both(badRequest, lives)},
		{"A-15 R-29", "counts of attachments that are none", packets{`450-["x"]`, `451.5-["x"]`, `45-1-["x"]`, `45a-["x"]`, "451", `45-["x"]`, `45["x"]`, `451 -["x"]`, `45+1-["x"]`}, ends},
		{"A-17", "an evil page, by every way in", requests{
			fromEvil(request{query: handshake}), fromEvil(request{query: websocket, upgrade: true}), fromEvil(request{query: ofSession}),
			fromEvil(request{method: "POST", query: ofSession, body: "1"}), fromEvil(request{query: toUpgrade, upgrade: true}),
		}, forbidden},
		{"A-17", "no token, by every way in", script(noToken), nil},
	}
}

func fromEvil(q request) request {
	q.headers = append(q.headers, header{"Origin", "https://evil.test"})
	return q
}

// sessionIDs judges ids as a guesser would: none comes twice, and each character is as likely as another.
func sessionIDs(s *server) error {
	const n = 400
	seen, counts := map[string]bool{}, map[rune]int{}
	for range n {
		open, err := openPolling(s)
		if err != nil {
			return err
		}
		sid := open.(*polling).sid
		open.close()
		if seen[sid] || len(sid) != 20 {
			return fmt.Errorf("the id %q", sid)
		}
		seen[sid] = true
		for _, c := range sid {
			counts[c]++
		}
	}
	expected, sum := n*20/64.0, 0.0
	for _, count := range counts {
		sum += math.Pow(float64(count)-expected, 2) / expected
	}
	if len(counts) != 64 || sum > 140 { // once in ten million runs
		return fmt.Errorf("%d characters, chi-square %.1f at 63 degrees of freedom", len(counts), sum)
	}
	for sid := range seen {
		if err := (request{query: handshake + "&sid=" + sid[:19] + "A"}).send(s, unknownSession); err != nil {
			return err
		}
		break
	}
	return nil
}

// endlessPost sends a body without end, of which the server reads no more than it takes.
func endlessPost(s *server) error {
	open, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	head := request{method: "POST", query: open.(*polling).query(), headers: []header{{"Content-Length", absent}, {"Transfer-Encoding", "chunked"}}}.text(s.address)
	if err := w.write(head); err != nil {
		return err
	}
	chunk := "8000\r\n" + strings.Repeat("4", 0x8000) + "\r\n"
	sent := 0
	for ; sent < 100<<20; sent += 0x8000 {
		if _, err := io.WriteString(w, chunk); err != nil {
			break
		}
	}
	if sent > 8<<20 { // what the systems' buffers may hold
		return fmt.Errorf("%d bytes were taken", sent)
	}
	return ended(open)
}

// octetStreams posts bytes where text is due: each is answered, and ends its session.
func octetStreams(s *server) error {
	for range 500 {
		open, err := openPolling(s)
		if err != nil {
			return err
		}
		got, err := open.(*polling).post("4x", header{"Content-Type", "application/octet-stream"})
		if err != nil {
			return err
		}
		if err := badRequest(got); err != nil {
			return err
		}
	}
	return nil
}

func noToken(s *server) error {
	for transport, open := range transports {
		for _, auth := range []map[string]any{{}, {"token": nil}, {"token": ""}, {"user": "admin"}} {
			o, err := open(s)
			if err != nil {
				return err
			}
			answer, err := connect(o, auth)
			o.close()
			if err != nil || answer != `44{"message":"Authentication error"}` {
				return fmt.Errorf("%v (%s) was answered %s, %v", auth, transport, answer, err)
			}
		}
	}
	return nil
}

// The frames of WebSockets.
func webSockets() []attack {
	return []attack{
		{"A-21", "pings whose echo could be longer than they are", script(echoes), nil},
		{"A-22 R-17", "a huge message, as announced", frames{join(frame{op: opText, declared: maxPayload + 1}), join(frame{op: opBinary, declared: 1 << 31}), join(frame{op: opBinary, declared: 1 << 40})}, closes(1009)},
		{"A-22", "a message above maxPayload", packets{`42["message.new","` + strings.Repeat("x", maxPayload) + `"]`}, ends},
		{"A-23", "broken offers of extensions", offers("constructor", `"`, `permessage-deflate; x="`, ",,,,", "permessage-deflate;;;", strings.Repeat("x", 8192), strings.Repeat("; ", 4096)), both(switched, without("Sec-WebSocket-Extensions"))},
		{"A-24", "a subprotocol of 16,000 spaces", requests{{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Protocol", "b" + strings.Repeat(" ", 16_000) + "x"}}}}, both(switched, without("Sec-WebSocket-Protocol"))},
		{"A-24", "a subprotocol of 32,000 spaces", requests{{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Protocol", "b" + strings.Repeat(" ", 32_000) + "x"}}}}, status(431)},
		{"A-25", "2,000 headers", requests{{query: websocket, upgrade: true, headers: manyHeaders()}}, status(101, 431)},
		{"A-26 R-18", "fragments of nothing and of one byte", frames{
			join(frame{op: opText, more: true}) + times(20_000, frame{op: continuation, more: true}),
			join(frame{op: opText, payload: "4", more: true}) + times(2000, frame{op: continuation, payload: "x", more: true}),
			join(frame{op: opText, more: true}) + times(1100, frame{op: continuation, more: true}) + times(3, frame{op: opPing}),
		}, closes(1008)},
		{"A-26", "fragments that add up", frames{join(frame{op: opText, payload: "4" + strings.Repeat("x", 60_000), more: true}, frame{op: continuation, payload: strings.Repeat("x", 60_000)})}, closes(1009)},
		{"A-28 R-17", "lengths that overflow", frames{lengths(1<<63 - 1), lengths(1 << 63), lengths(math.MaxUint64), lengths(1<<63 + 5), lengths(1 << 32),
			join(frame{op: opText, payload: "3", more: true}, frame{op: continuation, declared: 1<<63 - 1})}, closes(1002, 1009)},
		{"A-28", "lengths in a longer form", frames{join(frame{op: opText, form: 2}), join(frame{op: opText, form: 8}), join(frame{op: opText, payload: "3", form: 2})}, closes(1002)},
		{"A-30", "a binary length with its highest bit set, before a token", frames{join(frame{op: opBinary, declared: 1 << 63}), join(frame{op: opBinary, declared: 1<<63 | 125})}, closes(1002, 1009)},
		{"A-31 R-34", "an offer to compress", offers("permessage-deflate", "permessage-deflate; client_max_window_bits"), both(switched, without("Sec-WebSocket-Extensions"))},
		{"A-31", "a compressed frame, before a token", frames{join(frame{op: opText, payload: "\xf2\x48\xcd\xc9\xc9\x07\x00", reserved: 4})}, closes(1002)},
		{"A-32", "20 KB before a token", strangers{`40{"token":"` + strings.Repeat("x", 20_000) + `"}`, many(20, "3"+strings.Repeat("x", 1000))}, ends},
		{"A-34", "pongs that nobody asked for", script(forgedPongs), nil},
		{"A-35", "the front end's name under another scheme or port", origins("http://app.example.com", "https://app.example.com:8443", "https://app.example.com:443", "wss://app.example.com", "app.example.com"), forbidden},
		{"A-36 R-12 R-13", "a page of another origin, with cookies", origins("https://evil.test", "null", "file://", "*", "https://app.example.com.evil.test", "https://evilapp.example.com",
			"https://sub.app.example.com", "https://APP.example.com", "https://user@app.example.com", "https://app.example.com/", "https://app.example.com."), forbidden},
		{"A-36", "two origins", requests{{query: websocket, upgrade: true, headers: []header{{"Origin", frontend}, {"Origin", "https://evil.test"}}}}, forbidden},
		{"A-36", "a cookie in a token's place", script(cookieAuth), nil},
		{"A-37", "requests for somewhere else", requests{{path: "http://169.254.169.254/"}, {path: "HTTPS://evil.test/healthz"}, {method: "CONNECT", path: "internal:443"}, {method: "OPTIONS", path: "*"}}, status(400)},
		{"A-37", "upgrades for somewhere else", requests{
			{path: "http://internal/socket.io/", query: websocket, upgrade: true}, {path: "//internal/socket.io/", query: websocket, upgrade: true},
		}, status(400, 404, 307)},
	}
}

func offers(values ...string) (all requests) {
	for _, v := range values {
		all = append(all, request{query: websocket, upgrade: true, headers: []header{{"Sec-WebSocket-Extensions", v}}})
	}
	return all
}

func origins(values ...string) (all requests) {
	for _, v := range values {
		h := []header{{"Origin", v}, {"Cookie", "session=of-the-victim"}}
		all = append(all, request{query: websocket, upgrade: true, headers: h}, request{query: handshake, headers: h}, request{method: "POST", query: ofSession, body: "1", headers: h})
	}
	return all
}

func lengths(n uint64) string { return join(frame{op: opText, declared: n}) }

func manyHeaders() (all []header) {
	for i := range 2000 {
		all = append(all, header{fmt.Sprint("X-", i), "y"})
	}
	return all
}

// echoes pings with every length, after others have used the server's buffers: nothing but what was sent comes back.
func echoes(s *server) error {
	stranger, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer stranger.close()
	if _, err := ask(stranger, "message.new", map[string]any{"content": strings.Repeat("CANARY", 2000)}); err != nil {
		return err
	}
	w, err := s.webSocket(websocket, "")
	if w != nil {
		defer w.Close()
	}
	if err != nil {
		return err
	}
	if _, err := w.frame(); err != nil {
		return err
	}
	for n := range 126 {
		payload := strings.Repeat("p", n)
		if err := w.write(join(frame{op: opPing, payload: payload})); err != nil {
			return err
		}
		if f, err := w.frame(); err != nil || f.op != opPong || string(f.payload) != payload {
			return fmt.Errorf("a ping of %d bytes was answered %x %q, %v", n, f.op, f.payload, err)
		}
	}
	if err := w.write(join(frame{op: opClose, payload: "\x03\xe8bye"})); err != nil {
		return err
	}
	if f, err := w.frame(); err != nil || f.op != opClose || string(f.payload) != "\x03\xe8" && string(f.payload) != "\x03\xe8bye" {
		return fmt.Errorf("a close was answered %x %q, %v", f.op, f.payload, err)
	}
	return nil
}

func forgedPongs(s *server) error {
	o, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.(*streaming).write(times(1000, frame{op: opPong, payload: "forged"})); err != nil {
		return err
	}
	return assertAlive(o)
}

// cookieAuth has a token everywhere but in CONNECT.
func cookieAuth(s *server) error {
	token := s.person().token
	headers := []header{{"Cookie", "token=" + token + "; io=" + token}, {"Authorization", "Bearer " + token}}
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	text := request{query: websocket + "&token=" + token, upgrade: true, headers: headers, early: join(frame{op: opText, payload: "40"})}.text(s.address)
	if err := w.write(text); err != nil {
		return err
	}
	if got, err := w.answer(); err != nil || got.status != http.StatusSwitchingProtocols {
		return fmt.Errorf("answered %d, %v", got.status, err)
	}
	if _, err := w.frame(); err != nil {
		return err
	}
	if f, err := w.frame(); err != nil || string(f.payload) != `44{"message":"Authentication error"}` {
		return fmt.Errorf("CONNECT was answered %s, %v", f.payload, err)
	}
	return nil
}
