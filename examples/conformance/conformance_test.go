package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dokkerr/realtime/socketio/siotest"
)

const testSecret = "a secret that is known to this test only"

// serveMode serves a mode in memory.
func serveMode(t *testing.T, mode string, flags ...string) *siotest.Server {
	t.Helper()
	c, err := parseConfig(append([]string{"-mode", mode, "-jwt-secret", testSecret}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApp(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Shutdown(t.Context()); err != nil && !errors.Is(err, t.Context().Err()) {
			t.Error(err)
		}
	})
	return siotest.NewServer(t, c.origins.handler(app))
}

func sign(t *testing.T, secret string, claims jwt.MapClaims) map[string]string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"token": token}
}

// person connects a user of mode kit.
func person(t *testing.T, server *siotest.Server, id string) *siotest.Client {
	t.Helper()
	auth := sign(t, testSecret, jwt.MapClaims{"id": id, "exp": time.Now().Add(time.Hour).Unix()})
	return siotest.Connect(t, server.URL, &siotest.Options{Client: server.Client, Auth: auth})
}

func TestKitRefusesAllButGoodTokens(t *testing.T) {
	server := serveMode(t, "kit")
	soon, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	for name, row := range map[string]struct {
		auth any
		want string
	}{
		"no auth":       {nil, "Authentication error"},
		"no token":      {map[string]any{}, "Authentication error"},
		"number":        {map[string]any{"token": 1}, "Authentication error"},
		"rubbish":       {map[string]any{"token": "rubbish"}, "Invalid token"},
		"other secret":  {sign(t, "another secret", jwt.MapClaims{"id": "asha", "exp": soon}), "Invalid token"},
		"expired":       {sign(t, testSecret, jwt.MapClaims{"id": "asha", "exp": past}), "Invalid token"},
		"without exp":   {sign(t, testSecret, jwt.MapClaims{"id": "asha"}), "Invalid token"},
		"without id":    {sign(t, testSecret, jwt.MapClaims{"sub": "asha", "exp": soon}), "Invalid token"},
		"id not a name": {sign(t, testSecret, jwt.MapClaims{"id": 7, "exp": soon}), "Invalid token"},
	} {
		t.Run(name, func(t *testing.T) {
			c := siotest.Dial(t, server.URL, &siotest.Options{Client: server.Client})
			_, err := c.Join("/", row.auth)
			refusal := new(siotest.Refusal)
			if !errors.As(err, &refusal) || refusal.Message != row.want || refusal.Data != nil {
				t.Errorf("got %v, want %s without data", err, row.want)
			}
		})
	}
}

func TestKitDeniesHandshakesThatAskForIt(t *testing.T) {
	server := serveMode(t, "kit")
	answer, err := server.Client.Get(server.URL + "/socket.io/?EIO=4&transport=polling&deny=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 403 || body["code"] != 4.0 || body["message"] != "conformance denied" {
		t.Errorf("got %d %v", answer.StatusCode, body)
	}
}

func TestKitEvents(t *testing.T) {
	server := serveMode(t, "kit")
	asha, ben := person(t, server, "asha"), person(t, server, "ben")

	asha.Emit("message", 1, "two", []byte{3})
	expect(t, asha.Expect("message-back"), `1,"two",{"_placeholder":true,"num":0}`, []byte{3})
	if got := asha.Ask("message-with-ack", 1, "two"); string(got.Data) != `[1,"two"]` {
		t.Errorf("ack %s", got.Data)
	}
	asha.Emit("volatile-me", "x")
	expect(t, asha.Expect("volatile-back"), `"x"`)

	asha.On("question", func(p siotest.Packet) []any { return []any{"to " + string(p.Args()[0]), 42} })
	asha.Emit("ask-me", 1)
	expect(t, asha.Expect("answer-was"), `"to 1",42`)

	asha.Emit("to-user", "ben", []byte{9}, "x")
	expect(t, ben.Expect("from-user"), `"asha",{"_placeholder":true,"num":0},"x"`, []byte{9})
}

func TestKitRooms(t *testing.T) {
	server := serveMode(t, "kit")
	asha, ben := person(t, server, "asha"), person(t, server, "ben")
	asha.Ask("room-join", "dock")
	ben.Ask("room-join", "dock")
	asha.Emit("room-emit", "dock", "hello")
	expect(t, ben.Expect("room-event"), `"hello"`)
	ben.Ask("room-leave", "dock")
	asha.Ask("room-emit", "dock", "nobody there")
	ben.Emit("message", "next")
	expect(t, ben.Expect("message-back"), `"next"`)
	asha.Emit("message", "next")
	expect(t, asha.Expect("message-back"), `"next"`) // and no room-event of its own
}

func TestKitEndings(t *testing.T) {
	server := serveMode(t, "kit")
	dropped := person(t, server, "asha")
	dropped.Emit("drop-me")
	dropped.ExpectEnd()

	kicked := person(t, server, "asha")
	kicked.Emit("kick-me")
	kicked.ExpectText("1")
	if !kicked.Alive() {
		t.Error("kick-me closed the connection")
	}

	out := person(t, server, "asha")
	out.Emit("kick-me-hard")
	out.ExpectText("1")
	out.ExpectEnd()
}

func TestBench(t *testing.T) {
	server := serveMode(t, "bench")
	join := func(user string) *siotest.Client {
		auth := sign(t, testSecret, jwt.MapClaims{"sub": user}) // no exp
		return siotest.Connect(t, server.URL, &siotest.Options{Client: server.Client, Auth: auth})
	}
	one, two := join("u1"), join("u2")
	one.Emit("bench.broadcast", map[string]int{"n": 1})
	for _, c := range []*siotest.Client{one, two} {
		expect(t, c.Expect("booking.updated"), `{"n":1}`)
	}
	if got := one.Ask("bench.echo", map[string]int{"n": 2}); string(got.Data) != `[{"n":2}]` {
		t.Errorf("echo %s", got.Data)
	}
	if got := one.Ask("message.new", map[string]string{"to": "u2"}); string(got.Data) != `[{"ok":true}]` {
		t.Errorf("ack %s", got.Data)
	}
	expect(t, two.Expect("message.new"), `{"to":"u2"}`)
}

// expect compares an event's arguments.
func expect(t *testing.T, p siotest.Packet, args string, attachments ...[]byte) {
	t.Helper()
	var got []string
	for _, a := range p.Args() {
		got = append(got, string(a))
	}
	if strings.Join(got, ",") != args {
		t.Errorf("%s carries %s, want %s", p.Name(), strings.Join(got, ","), args)
	}
	if len(p.Attachments) != len(attachments) {
		t.Fatalf("%s has %d attachments, want %d", p.Name(), len(p.Attachments), len(attachments))
	}
	for i, a := range attachments {
		if string(p.Attachments[i]) != string(a) {
			t.Errorf("attachment %d is %x, want %x", i, p.Attachments[i], a)
		}
	}
}

func TestFlagsThatAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-mode", "bench"}, {"-mode", "kit"}, {"rest"}, {"-nonsense"}, {"-max-payload", "x"}} {
		if _, err := parseConfig(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	c, err := parseConfig([]string{"-mode", "unheard-of"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newApp(c); err == nil {
		t.Error("an unknown mode was accepted")
	}
}

func TestCORS(t *testing.T) {
	const listed = "https://app.example"
	c, err := parseConfig([]string{"-allowed-origin", "https://other.example, " + listed})
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApp(c)
	if err != nil {
		t.Fatal(err)
	}
	h := c.origins.handler(app)
	query := url.Values{"EIO": {"4"}, "transport": {"polling"}}.Encode()
	for _, row := range []struct {
		method, query, origin string
		status                int
		allowed               string
	}{
		{"GET", query, listed, 200, listed},
		{"GET", query, "", 200, ""},
		{"GET", query, "https://evil.example", 403, ""},
		{"GET", query, "https://app.example.evil", 403, ""},
		{"GET", query + "&sid=unknown", listed, 400, listed},
		{"GET", "EIO=4", listed, 400, listed},
		{"OPTIONS", query, listed, 204, listed},
		{"OPTIONS", query, "https://evil.example", 403, ""},
	} {
		r := httptest.NewRequest(row.method, "/socket.io/?"+row.query, nil)
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		r.Header.Set("Access-Control-Request-Headers", "x-custom")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.status || w.Header().Get("Access-Control-Allow-Origin") != row.allowed {
			t.Errorf("%s from %q: %d, allowed %q", row.method, row.origin, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
		}
		if credentials := w.Header().Get("Access-Control-Allow-Credentials"); (credentials == "true") != (row.allowed != "") {
			t.Errorf("%s from %q: credentials %q", row.method, row.origin, credentials)
		}
		if w.Header().Get("Vary") == "" {
			t.Errorf("%s from %q: no Vary", row.method, row.origin)
		}
		if row.status == 204 && w.Header().Get("Access-Control-Allow-Headers") != "x-custom" {
			t.Errorf("preflight allows headers %q", w.Header().Get("Access-Control-Allow-Headers"))
		}
	}
	if err := app.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
