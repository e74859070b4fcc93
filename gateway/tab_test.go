package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// tab is a client's Socket as the stock client has it: over its connections it keeps its pid and the last string behind an event.
type tab struct {
	*siotest.Client
	h         *harbour
	user      dokkerr.ID
	transport string
	device    string

	pid, offset, sid string
	recovered        bool
}

// opens returns a tab that is connected for the first time.
func (h *harbour) opens(user dokkerr.ID) *tab {
	h.t.Helper()
	p := &tab{h: h, user: user}
	p.connect()
	return p
}

func (p *tab) auth() map[string]any {
	auth := map[string]any{"token": tokenFor(p.h.t, p.user, nil)}
	if p.device != "" {
		auth["deviceId"] = p.device
	}
	if p.pid != "" {
		auth["pid"] = p.pid
	}
	if p.offset != "" {
		auth["offset"] = p.offset
	}
	return auth
}

// connect does what the stock client does on a new connection, and lets what comes come.
func (p *tab) connect() {
	p.h.t.Helper()
	p.dial()
	p.greet()
	synctest.Wait()
}

func (p *tab) dial() {
	p.h.t.Helper()
	p.Client = siotest.Dial(p.h.t, p.h.server.URL, &siotest.Options{Client: p.h.server.Client, Transport: p.transport})
	p.Client.On(presenceEvent, func(siotest.Packet) []any { return nil })
}

func (p *tab) greet() {
	p.h.t.Helper()
	auth, err := json.Marshal(p.auth())
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.Send("0" + string(auth))
	reply := p.Next()
	var answer struct{ SID, PID string }
	if err := json.Unmarshal(reply.Data, &answer); err != nil || reply.Type != 0 || answer.PID == "" {
		p.h.t.Fatalf("the first packet is %s", reply.Text)
	}
	p.recovered = answer.PID == p.pid
	if p.recovered && answer.SID != p.sid {
		p.h.t.Errorf("recovered with the id %s, was %s", answer.SID, p.sid)
	}
	p.pid, p.sid = answer.PID, answer.SID
}

func (p *tab) reconnect(recovered bool) {
	p.h.t.Helper()
	p.connect()
	if p.recovered != recovered {
		p.h.t.Errorf("recovered is %v", p.recovered)
	}
}

// gets checks that exactly these numbers, or else names of events, came since the last call.
func (p *tab) gets(want ...string) {
	p.h.t.Helper()
	synctest.Wait()
	got := []string{}
	for _, packet := range p.Waiting() {
		got = append(got, p.take(packet))
	}
	if !slices.Equal(got, slices.Concat([]string{}, want)) {
		p.h.t.Errorf("got %v, want %v", got, want)
	}
}

func (p *tab) take(packet siotest.Packet) string {
	args := packet.Args()
	if len(args) != 2 || !offsetForm.Match(args[1]) {
		p.h.t.Errorf("%s has no offset behind one object", packet.Text)
		return packet.Text
	}
	p.offset = unquote(string(args[1]))
	var data struct{ Number, Content string }
	if err := json.Unmarshal(args[0], &data); err != nil {
		p.h.t.Error(err)
	}
	if data.Content != "" {
		return data.Content
	}
	if data.Number != "" {
		return data.Number
	}
	return packet.Name()
}

// tells commits an event with each of the numbers for a user.
func (h *harbour) tells(user dokkerr.ID, numbers ...string) {
	h.t.Helper()
	for _, n := range numbers {
		err := h.service.Announce(h.t.Context(), dokkerr.Once{}, dokkerr.ApplicationEvent{
			Event: "dock.flooded", Data: fmt.Appendf(nil, `{"number":%q}`, n), UserID: user.String(), Durable: true,
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// numbers are from first to last.
func numbers(first, last int) (list []string) {
	for n := first; n <= last; n++ {
		list = append(list, fmt.Sprint(n))
	}
	return list
}

func overTransports(t *testing.T, play func(t *testing.T, h *harbour, transport string)) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			inHarbour(t, func(t *testing.T, h *harbour) { play(t, h, transport) })
		})
	}
}

func newMessage(to dokkerr.ID, content string) map[string]any {
	return map[string]any{"recipientId": to, "content": content, "type": "text"}
}
