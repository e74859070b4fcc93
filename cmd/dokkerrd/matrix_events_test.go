package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// TestEventMatrix walks all events. What is refused is tried first: it must change nothing.
func TestEventMatrix(t *testing.T) {
	m := startMatrix(t)
	if missing := without(keysOf(m.server.io.Of("/"), "handlers"), eventRows, func(r eventRow) string { return r.event }); len(missing) > 0 {
		t.Fatalf("events without a row in the authorization matrix: %q", missing)
	}
	before := m.state()
	for pair, secret := range m.secrets {
		if !strings.Contains(before, secret) || m.leaks(before, pair) < 0 {
			t.Fatalf("pair %d has not what others must not see", pair)
		}
	}
	for _, allowed := range []bool{false, true} {
		for _, p := range m.members {
			for _, row := range eventRows {
				m.tryEvent(p, row, allowed)
			}
		}
		if !allowed && m.state() != before {
			t.Error("something that was refused has changed something")
		}
	}
	for _, p := range m.members {
		m.fence(p)
		for _, text := range p.heard {
			if pair := m.leaks(text, p.pair); pair >= 0 {
				t.Errorf("%s of pair %d was told of pair %d: %s", p.role, p.pair, pair, text)
			}
		}
	}
	t.Logf("%d cells", m.cells)
	if m.cells < 600 {
		t.Errorf("%d cells", m.cells)
	}
}

// tryEvent walks a row's cells for one person: those that are allowed, or those that are not.
func (m *matrix) tryEvent(p *member, row eventRow, allowed bool) {
	m.t.Helper()
	var refusals []string
	for _, r := range relations {
		want, listed := row.answer[r]
		if !listed {
			want = "NOT_FOUND" // deny by default
		}
		if (want == "") != allowed {
			continue
		}
		m.cells++
		text := string(p.Ask(row.event, row.payload(m.thingOf(p.pair, p.thing, r))).Args()[0])
		var answer struct{ Error struct{ Code string } }
		decodeInto(m.t, text, &answer)
		if answer.Error.Code != want {
			m.t.Errorf("%s by %s, %s to %q of pair %d: %s, want %q", row.event, row.by, r, p.role, p.pair, text, want)
		}
		if pair := m.leaks(text, p.pair); pair >= 0 {
			m.t.Errorf("%s by %s, %s to %q: tells of pair %d: %s", row.event, row.by, r, p.role, pair, text)
		}
		if r != mine && !allowed {
			refusals = append(refusals, text)
		}
	}
	if len(refusals) == 2 && row.answer[foreign] == row.answer[absent] && refusals[0] != refusals[1] {
		m.t.Errorf("%s by %s: foreign is answered %s, absent %s", row.event, row.by, refusals[0], refusals[1])
	}
}

// state is all that the members can see of what is theirs.
func (m *matrix) state() string {
	var all strings.Builder
	for _, p := range m.members {
		for _, ask := range []struct {
			event   string
			payload object
		}{
			{"conversation.list", object{}}, {"booking.list", object{}}, {"notification.list", object{}},
			{"message.history", object{"conversationId": p.thing.Conversation}},
		} {
			all.Write(p.Ask(ask.event, ask.payload).Args()[0])
		}
	}
	return all.String()
}

// fence takes what a person was told, up to a notification that is made now.
func (m *matrix) fence(p *member) {
	m.t.Helper()
	fence := uuid.NewString()
	m.put("POST", "/v1/notifications", fmt.Sprintf(`{"userId":%q,"type":"t","title":%q,"body":""}`, p.thing.Person, fence))
	for {
		packet := p.Next()
		p.heard = append(p.heard, packet.Text)
		if strings.Contains(packet.Text, fence) {
			return
		}
	}
}

// TestEventMatrixAtTheDoor sends every event behind a CONNECT that was refused.
func TestEventMatrixAtTheDoor(t *testing.T) {
	m := startMatrix(t)
	victim := m.members[0].thing
	forged, err := token.Sign([]byte(strings.Repeat("another secret, ", 3)), token.Identity{User: victim.Person, Role: "admin", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	before := m.state()
	for name, login := range map[string]struct {
		auth any
		says string
	}{
		"nobody":              {nil, "Authentication error"},
		"an empty token":      {object{"token": ""}, "Authentication error"},
		"an expired token":    {object{"token": m.token(victim.Person, "admin", -time.Hour)}, "Invalid token"},
		"a forged token":      {object{"token": forged}, "Invalid token"},
		"a back end's key":    {object{"token": testKey}, "Invalid token"},
		"the webhook's":       {object{"token": stripeSecret}, "Invalid token"},
		"a name and password": {object{"username": "admin", "password": "admin"}, "Authentication error"},
	} {
		for _, row := range eventRows {
			m.cells++
			c := siotest.Dial(t, m.url, &siotest.Options{Timeout: time.Minute})
			_, err := c.Join("/", login.auth)
			if err == nil || err.Error() != "siotest: refused: "+login.says {
				t.Fatalf("%s: %v", name, err)
			}
			payload, err := json.Marshal([]any{row.event, row.payload(victim)})
			if err != nil {
				t.Fatal(err)
			}
			c.Send("21" + string(payload))
			c.ExpectEnd()
			for _, packet := range c.Waiting() {
				t.Errorf("%s: %s was answered %s", name, row.event, packet.Text)
			}
			c.Close()
		}
	}
	if m.state() != before {
		t.Error("somebody who was refused has changed something")
	}
	t.Logf("%d cells", m.cells)
}
