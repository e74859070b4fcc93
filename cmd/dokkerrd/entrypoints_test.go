package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

// invalid is what every entry point says of every token that it does not take.
const invalid = "Invalid token"

// entryPoints is where a token can be shown.
type entryPoints struct {
	*program
	known *siotest.Client // connected with a good token, which it asks to refresh
	claim string          // the pid and offset of another socket of the same user
}

// Each hostile token is refused at each entry point, in one form, and nothing happens to the socket that showed it.
func TestHostileTokensAtEveryEntryPoint(t *testing.T) {
	e := openEntryPoints(t)
	now := time.Now()
	tokens := tokentest.Hostile(t, []byte(testSecret), asha, now, 10*time.Minute)
	delete(tokens, "empty") // is no token at all
	e.revoke(tokens, now)
	tried := map[string]int{}
	for name, compact := range tokens {
		for entry, refuses := range map[string]func(string) error{
			"CONNECT over WebSocket": e.connectRefuses("websocket"),
			"CONNECT over polling":   e.connectRefuses("polling"),
			"recovery":               e.recoveryRefuses,
			"auth.refresh":           e.refreshRefuses,
			"the back end's API":     e.apiRefuses,
		} {
			if err := refuses(compact); err != nil {
				t.Errorf("%s at %s: %v", name, entry, err)
			}
			tried[entry]++
		}
	}
	for entry, n := range tried {
		if n < 45 {
			t.Errorf("only %d tokens at %s", n, entry)
		}
	}
	if answer := e.known.Ask("booking.list", map[string]any{}).Text; strings.Contains(answer, "error") {
		t.Errorf("in the end the socket is told %s", answer)
	}
	if n := strings.Count(e.log.String(), "panic"); n > 0 {
		t.Errorf("%d panics", n)
	}
}

func openEntryPoints(t *testing.T) *entryPoints {
	e := &entryPoints{program: startProgram(t, "LIMITS=events=off,userEvents=off")}
	e.known = e.connect(asha, "websocket")
	other := siotest.Dial(t, e.url, nil)
	other.On("presence.update", func(siotest.Packet) []any { return nil })
	other.Send(`0{"token":"` + e.sign(token.Identity{User: asha, IssuedAt: time.Now()}) + `"}`)
	var reply struct{ PID string }
	decodeInto(t, string(other.Next().Data), &reply)
	status, answer := e.put("POST", "/v1/events", `{"event":"dock.flooded","data":{},"userId":"`+asha+`"}`)
	if status != http.StatusOK || reply.PID == "" {
		t.Fatalf("pid %q, event %d %s", reply.PID, status, answer)
	}
	offset := other.Expect("dock.flooded").Args()[1]
	e.known.Expect("dock.flooded")
	e.claim = fmt.Sprintf(`"pid":%q,"offset":%s`, reply.PID, offset)
	return e
}

func (p *program) sign(id token.Identity) string {
	p.t.Helper()
	id.ExpiresAt = time.Now().Add(time.Hour)
	compact, err := token.Sign([]byte(testSecret), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return compact
}

// revoke adds tokens with nothing wrong about them but that they were revoked.
func (e *entryPoints) revoke(tokens map[string]string, now time.Time) {
	e.t.Helper()
	for name, row := range map[string]struct {
		body string
		id   token.Identity
	}{
		"a revoked session":               {`{"sessionId":"lost"}`, token.Identity{SessionID: "lost", IssuedAt: now}},
		"a revoked session, of no age":    {`{"sessionId":"lost"}`, token.Identity{SessionID: "lost"}},
		"a revoked token":                 {`{"jti":"stolen"}`, token.Identity{TokenID: "stolen", IssuedAt: now}},
		"a revoked token that looks new":  {`{"jti":"stolen"}`, token.Identity{TokenID: "stolen", IssuedAt: now.Add(20 * time.Second)}},
		"a revoked token in a good phone": {`{"jti":"stolen"}`, token.Identity{TokenID: "stolen", SessionID: "phone", IssuedAt: now}},
	} {
		if status, answer := e.put("POST", "/v1/users/"+asha+"/disconnect", row.body); status != http.StatusOK {
			e.t.Fatalf("revoke: %d %s", status, answer)
		}
		row.id.User = asha
		tokens[name] = e.sign(row.id)
	}
}

// isLong says whether a token does not get through the transport, which ends then.
func isLong(compact string) bool { return len(compact) > 90_000 }

func (e *entryPoints) connectRefuses(transport string) func(string) error {
	return func(compact string) error { return e.refused(compact, transport, "") }
}

func (e *entryPoints) recoveryRefuses(compact string) error {
	return e.refused(compact, "websocket", ","+e.claim)
}

// refused sends a CONNECT, which must be answered with the one refusal and nothing else.
func (e *entryPoints) refused(compact, transport, more string) error {
	c := siotest.Dial(e.t, e.url, &siotest.Options{Transport: transport, Timeout: 20 * time.Second})
	defer c.Close()
	quoted, err := json.Marshal(compact)
	if err != nil {
		return err
	}
	c.Send(`0{"token":` + string(quoted) + more + `}`)
	if isLong(compact) {
		c.ExpectEnd()
		return nil
	}
	if reply := c.Next(); reply.Text != `4{"message":"`+invalid+`"}` {
		return fmt.Errorf("answered %s", reply.Text)
	}
	if told := c.Waiting(); len(told) > 0 {
		return fmt.Errorf("told %s", told[0].Text)
	}
	return nil
}

func (e *entryPoints) refreshRefuses(compact string) error {
	if isLong(compact) {
		return nil // it ends at the transport, as in CONNECT
	}
	reply := e.known.Ask("auth.refresh", map[string]string{"token": compact})
	if got := string(reply.Data); got != `[{"error":{"code":"AUTH_ERROR","message":"`+invalid+`"}}]` {
		return fmt.Errorf("answered %s", got)
	}
	return nil
}

// apiRefuses wants the one answer that everything but a service key gets.
func (e *entryPoints) apiRefuses(compact string) error {
	r, err := http.NewRequestWithContext(e.t.Context(), "GET", e.url+"/v1/metrics", nil)
	if err != nil {
		return err
	}
	if strings.ContainsAny(compact, "\r\n") {
		compact = url.PathEscape(compact) // what a header cannot hold
	}
	r.Header.Set("Authorization", "Bearer "+compact)
	status, body := e.do(r)
	if isLong(compact) && status == http.StatusRequestHeaderFieldsTooLarge {
		return nil
	}
	_, want := e.get("/v1/metrics")
	if status != http.StatusUnauthorized || body != want {
		return fmt.Errorf("answered %d %s, want %s", status, body, want)
	}
	return nil
}

// A token counts in auth alone: not in the query, a header or a cookie; and a good one there does not help a bad one in auth.
func TestATokenElsewhereIsNone(t *testing.T) {
	p := startProgram(t)
	good := p.sign(token.Identity{User: asha})
	for auth, want := range map[string]string{`{}`: "Authentication error", `{"token":"x"}`: invalid} {
		c := siotest.Dial(t, p.url, &siotest.Options{
			Query:  url.Values{"token": {good}, "auth": {`{"token":"` + good + `"}`}},
			Header: http.Header{"Authorization": {"Bearer " + good}, "Cookie": {"token=" + good}},
		})
		var refusal *siotest.Refusal
		if _, err := c.Join("/", json.RawMessage(auth)); !errors.As(err, &refusal) || refusal.Message != want {
			t.Errorf("auth %s: %v, want %s", auth, err, want)
		}
	}
	if strings.Contains(p.log.String(), good[len(good)-20:]) {
		t.Error("the token is in the log")
	}
}

// A revocation and what it ends, over a restart.
func TestRevocationSurvivesARestart(t *testing.T) {
	env := []string{"DATABASE_URL=" + t.TempDir() + "/test.db"}
	p := startProgram(t, env...)
	stolen := p.sign(token.Identity{User: asha, TokenID: "stolen", IssuedAt: time.Now()})
	kept := p.sign(token.Identity{User: asha, TokenID: "kept", IssuedAt: time.Now()})
	thief, owner := p.connectWith(stolen, "websocket"), p.connectWith(kept, "polling")
	if status, answer := p.put("POST", "/v1/users/"+asha+"/disconnect", `{"jti":"stolen"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	thief.ExpectText("1")
	thief.ExpectEnd()
	if code := p.end(); code != 0 {
		t.Fatalf("ended with %d", code)
	}
	owner.ExpectEnd()
	again := startProgram(t, env...)
	e := &entryPoints{program: again}
	if err := e.refused(stolen, "websocket", ""); err != nil {
		t.Error(err)
	}
	again.connectWith(kept, "websocket")
}
