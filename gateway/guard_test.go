package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// abroad is a harbour whose clients come from addresses that they name.
type abroad struct{ *harbour }

func inHarbourAbroad(t *testing.T, o Options, play func(t *testing.T, h abroad)) {
	inLimits(t, o, func(t *testing.T, h *harbour) {
		h.server = siotest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RemoteAddr = r.Header.Get("From")
			h.io.ServeHTTP(w, r)
		}))
		play(t, abroad{h})
	})
}

// What comes of a login.
const (
	letIn      = "let in"
	badToken   = "Invalid token"
	turnedAway = "turned away" // without a word, so that the stock client comes back
)

// knock tries to log in from an address.
func (h abroad) knock(from, compact string) string {
	h.t.Helper()
	c := siotest.Dial(h.t, h.server.URL, &siotest.Options{Client: h.server.Client, Header: http.Header{"From": {from}, "Origin": {"http://siotest"}}})
	defer func() {
		c.Close()
		synctest.Wait()
	}()
	c.Send(`0{"token":"` + compact + `"}`)
	synctest.Wait()
	for _, packet := range c.Waiting() {
		if packet.Text == `4{"message":"Invalid token"}` {
			return badToken
		}
		if strings.HasPrefix(packet.Text, `0{"sid":`) {
			return letIn
		}
		h.t.Errorf("told %s", packet.Text)
	}
	c.ExpectEnd()
	return turnedAway
}

func (h abroad) expect(what, from, compact, want string) {
	h.t.Helper()
	if got := h.knock(from, compact); got != want {
		h.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// naming is a token of a user that does not verify.
func naming(user dokkerr.ID) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":%q}`, user)) + ".c2ln"
}

// Ten bad tokens in a minute that name one user and come from one network lock these two out for a minute: a good one, too, has to
// come back. Nobody else notices, and it is told once.
func TestBadTokensLockOut(t *testing.T) {
	inHarbourAbroad(t, Options{}, func(t *testing.T, h abroad) {
		good := tokenFor(t, asha, nil)
		for i := range 10 {
			h.expect("a bad one", fmt.Sprintf("[2001:db8::%d]:5", i), naming(asha), badToken)
		}
		for range 3 {
			h.expect("one more", "[2001:db8::1]:5", naming(asha), turnedAway)
		}
		h.expect("the user", "[2001:db8::ffff]:6", good, turnedAway)
		h.expect("the user, from elsewhere", "[2001:db8:0:1::1]:5", good, letIn)
		h.expect("another one", "[2001:db8::1]:5", tokenFor(t, ben, nil), letIn)
		h.expect("what names another one", "[2001:db8::1]:5", naming(ben), badToken)
		h.expect("what names nobody", "[2001:db8::1]:5", "nonsense", badToken)
		time.Sleep(time.Minute - time.Second)
		h.expect("the user, 59 s later", "[2001:db8::1]:5", good, turnedAway)
		time.Sleep(time.Second)
		h.expect("the user, a minute later", "[2001:db8::1]:5", good, letIn)
		for range 9 {
			h.expect("a bad one again", "[2001:db8::1]:5", naming(asha), badToken)
		}
		h.expect("the user, after nine", "[2001:db8::1]:5", good, letIn)
		if n := strings.Count(h.log.String(), "locked out"); n != 1 {
			t.Errorf("told %d times:\n%s", n, h.log.String())
		}
	})
}

// This machine's own clients are not locked out, nor is anybody when it is off.
func TestNoLockOut(t *testing.T) {
	for _, c := range []struct {
		from string
		o    Options
	}{
		{"127.0.0.1:5", Options{}},
		{"[::1]:5", Options{}},
		{"192.0.2.1:5", Options{Limits: Limits{Guesses: limit.Lockout{Failures: 1 << 30}}}},
	} {
		inHarbourAbroad(t, c.o, func(t *testing.T, h abroad) {
			for range 30 {
				h.expect("a bad one", c.from, naming(asha), badToken)
			}
		})
	}
}

// Whom a token names is read before it is verified, as far as it can be.
func TestGuessedUsers(t *testing.T) {
	o := newGovernor(Limits{})
	of := func(compact string) guess {
		h := &socketio.Handshake{Request: &engineio.Request{RemoteAddr: "192.0.2.1:5"}}
		h.Auth, _ = json.Marshal(map[string]string{"token": compact})
		g, _ := o.guessOf(h)
		return g
	}
	sub := "other." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"sub":%q}`, asha)) + ".x"
	if of(naming(asha)) != of(sub) || of(naming(asha)) == of(naming(ben)) {
		t.Error("id and sub do not name the same, or two users do")
	}
	if of("nonsense") != of("a.b.c") || of("") != of("...") {
		t.Error("what names nobody names several")
	}
}

// Who logs in, does not, and leaves is one line each, with who, from where, why and for how long; nothing of what they showed.
func TestConnectionsAreLogged(t *testing.T) {
	var refused []string
	inHarbourAbroad(t, Options{Refused: func(reason string) { refused = append(refused, reason) }}, func(t *testing.T, h abroad) {
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client, Header: http.Header{"From": {"192.0.2.7:81"}, "Origin": {"http://siotest"}}})
		id, err := c.Join("/", map[string]any{"token": tokenFor(t, asha, nil)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		c.Send("1")
		synctest.Wait()
		c.Close()
		h.expect("a bad token", "192.0.2.8:82", "nonsense", badToken)
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		h.expect("no store", "192.0.2.9:83", tokenFor(t, ben, nil), turnedAway)
		for _, want := range []string{
			fmt.Sprintf("level=INFO msg=connected user=%s socket=%s peer=192.0.2.7:81 origin=http://siotest transport=websocket recovered=false\n", asha, id),
			fmt.Sprintf("level=INFO msg=disconnected user=%s socket=%s peer=192.0.2.7:81 reason=\"client namespace disconnect\" took=1m30s\n", asha, id),
			"level=INFO msg=\"login refused\" peer=192.0.2.8:82 origin=http://siotest reason=\"invalid token\" error=",
			"level=ERROR msg=\"login refused\" peer=192.0.2.9:83 origin=http://siotest reason=\"storage unavailable\" error=",
		} {
			if n := strings.Count(h.log.String(), want); n != 1 {
				t.Errorf("%d lines %q", n, want)
			}
		}
		if lines := strings.Count(h.log.String(), "\n"); lines != 4 || strings.Contains(h.log.String(), "eyJ") {
			t.Errorf("%d lines:\n%s", lines, h.log.String())
		}
		if fmt.Sprint(refused) != "[invalid token storage unavailable]" {
			t.Errorf("refused %v", refused)
		}
	})
}

// A client that leaves while its login waits was not refused.
func TestLeavingBeforeLogin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		gate := limit.NewGate(1, 2*time.Second)
		o := Options{Gate: gate, Refused: func(reason string) { t.Errorf("refused: %s", reason) }}
		h := openHarbourOf(t, path, dokkerr.Retention{}, token.Options{Secret: secret}, o)
		if !gate.Enter(t.Context()) {
			t.Fatal("the gate is shut")
		}
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.Send(`0{"token":"` + tokenFor(t, asha, nil) + `"}`)
		synctest.Wait()
		c.Close()
		time.Sleep(time.Minute)
		if h.log.String() != "" {
			t.Errorf("logged:\n%s", h.log.String())
		}
	})
}
