package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/token"
)

func TestPresence(t *testing.T) {
	f := newFixture(t)
	f.sockets.lastSeen = time.Date(2026, 11, 22, 18, 0, 0, 5e6, time.UTC)
	offline := want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
	if offline["online"] != false || offline["userId"] != asha || offline["lastSeen"] != "2026-11-22T18:00:00.005Z" {
		t.Errorf("offline: %v", offline)
	}
	f.sockets.online = true
	online := want(t, f.ask("GET", "/v1/users/"+asha+"/presence", ""), 200)
	if _, told := online["lastSeen"]; online["online"] != true || told {
		t.Errorf("online: %v", online)
	}
}

func TestDisconnect(t *testing.T) {
	f := newFixture(t)
	user := uuid.MustParse(asha)
	issued := time.Now().Truncate(time.Second)
	for body, hit := range map[string]dokkerr.Credential{
		"":                    {User: user, SessionID: "s-2", TokenID: "t-2", IssuedAt: issued},
		"{}":                  {User: user},
		`{"sessionId":"s-1"}`: {User: user, SessionID: "s-1", IssuedAt: issued},
		`{"jti":"t-1"}`:       {User: user, TokenID: "t-1", IssuedAt: issued.Add(time.Hour)},
	} {
		f.sockets.ended = nil
		want(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", body), 200)
		if len(f.sockets.ended) != 1 || !f.sockets.ended[0].Hits(hit) || f.sockets.ended[0].Hits(dokkerr.Credential{User: uuid.MustParse(ben)}) {
			t.Errorf("%s ended %+v", body, f.sockets.ended)
		}
		if revoked, err := f.service.Revoked(t.Context(), hit); err != nil || !revoked {
			t.Errorf("%s revoked %+v: %v, %v", body, hit, revoked, err)
		}
	}
	// What names nothing must not end everything.
	f.sockets.ended = nil
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"sessionId":""}`), 400, dokkerr.ValidationError, "sessionId")
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"jti":"a","sessionId":"b"}`), 400, dokkerr.ValidationError, "jti")
	refused(t, f.ask("POST", "/v1/users/"+asha+"/disconnect", `{"session":"b"}`), 400, dokkerr.ValidationError, "session")
	if len(f.sockets.ended) != 0 {
		t.Errorf("ended %v", f.sockets.ended)
	}
}

// A repetition revokes nothing that was issued since.
func TestRepeatedDisconnect(t *testing.T) {
	f := newFixture(t)
	path := "/v1/users/" + asha + "/disconnect"
	want(t, f.ask("POST", path, `{"sessionId":"s-1"}`, once, "end-1"), 200)
	time.Sleep(2 * time.Millisecond) // so that a second revocation would have another time
	want(t, f.ask("POST", path, `{"sessionId":"s-1"}`, once, "end-1"), 200)
	if ended := f.sockets.ended; len(ended) != 2 || ended[0] != ended[1] {
		t.Errorf("ended %+v", ended)
	}
	refused(t, f.ask("POST", path, `{"sessionId":"s-2"}`, once, "end-1"), 409, dokkerr.IdempotencyConflict, "")
}

func userToken(t *testing.T) string {
	t.Helper()
	compact, err := token.Sign([]byte(key), token.Identity{User: asha, Role: "admin", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestExport(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("POST", "/v1/events", applicationNews), 200)
	var events []string
	for cursor := any(""); cursor != nil; {
		page := want(t, f.ask("GET", "/v1/users/"+asha+"/export?limit=2&cursor="+cursor.(string), ""), 200)
		if page["userId"] != asha {
			t.Errorf("the export of %v", page["userId"])
		}
		for _, e := range page["events"].([]any) {
			events = append(events, e.(object)["event"].(string))
		}
		cursor = page["cursor"]
	}
	if got := strings.Join(events, " "); got != "booking.created notification.new dock.weather" {
		t.Errorf("exported %s", got)
	}
	nobody := want(t, f.ask("GET", "/v1/users/"+stranger+"/export", ""), 200)
	if len(nobody["events"].([]any)) != 0 {
		t.Errorf("a stranger's export is %v", nobody)
	}
	refused(t, f.ask("GET", "/v1/users/"+asha+"/export?limit=0", ""), 400, dokkerr.ValidationError, "limit")
	refused(t, f.ask("GET", "/v1/users/"+asha+"/export?cursor=x", ""), 400, dokkerr.ValidationError, "cursor")
}

func TestErase(t *testing.T) {
	f := newFixture(t)
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("DELETE", "/v1/users/"+asha, "", "Idempotency-Key", "the-erasure"), 200)
	if len(f.sockets.ended) != 1 || !f.sockets.ended[0].Hits(dokkerr.Credential{User: uuid.MustParse(asha), SessionID: "s"}) {
		t.Errorf("ended %v", f.sockets.ended)
	}
	count := func() int {
		return len(want(t, f.ask("GET", "/v1/users/"+asha+"/export", ""), 200)["events"].([]any))
	}
	if n := count(); n != 0 {
		t.Errorf("%d events are left", n)
	}
	// A repetition does not erase who came after.
	want(t, f.ask("POST", "/v1/notifications", notification), 200)
	want(t, f.ask("DELETE", "/v1/users/"+asha, "", "Idempotency-Key", "the-erasure"), 200)
	if n := count(); n != 1 {
		t.Errorf("%d events, want the one that came later", n)
	}
}

// TestEraseAgainByShortID: the erasure makes the short id unknown, and its repetition gets the first answer all the same.
func TestEraseAgainByShortID(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	first := f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "the-erasure")
	want(t, first, 200)
	again := f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "the-erasure")
	if again.Code != 200 || again.Body.String() != first.Body.String() {
		t.Errorf("first %s, again %d %s", first.Body, again.Code, again.Body)
	}
	if len(f.sockets.ended) != 2 || f.sockets.ended[0] != f.sockets.ended[1] {
		t.Errorf("ended %v", f.sockets.ended)
	}
	refused(t, f.ask("DELETE", "/v1/users/"+asha[:8], "", once, "another"), 404, dokkerr.NotFound, "")
	refused(t, f.ask("DELETE", "/v1/users/"+asha[:8], ""), 404, dokkerr.NotFound, "")
}
