package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
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
	echoed           int // messages of its own that came back
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
	p.offset = unquote(args[1])
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
			Event: "dock.flooded", Data: fmt.Appendf(nil, `{"number":%q}`, n), UserID: &user, Durable: true,
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

// TestResume is a stock client that reconnects: without any event yet, twice in a row, after a restart of the server, hours later.
func TestResume(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		p := &tab{h: h, user: ben, transport: transport}
		p.connect()
		p.Close()
		h.tells(ben, "1", "2")
		p.reconnect(true)
		p.gets("1", "2")
		h.tells(ben, "3")
		p.gets("3")
		for _, n := range []string{"4", "5"} {
			p.Close()
			h.tells(ben, n)
			p.reconnect(true)
			p.gets(n)
		}
		p.Close()
		h.tells(ben, "6")
		time.Sleep(9 * time.Hour)
		p.h = h.restart()
		p.h.tells(ben, "7")
		p.reconnect(true)
		p.h.tells(ben, "8")
		p.gets("6", "7", "8")
	})
}

// TestResumeBeforeTheEventsArrived loses a connection with all that was sent over it.
func TestResumeBeforeTheEventsArrived(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1", "2")
		p.Waiting() // never came
		p.Close()
		h.tells(ben, "3")
		p.reconnect(true)
		p.gets("1", "2", "3")
	})
}

// TestAnotherUserOnOneSocket is holes 1 and 28: the client sends what it has of the user before.
func TestAnotherUserOnOneSocket(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, "b1", "b2")
		p := h.opens(asha)
		h.tells(asha, "a1", "a2", "a3")
		p.gets("a1", "a2", "a3")
		p.Close()
		p.user = ben
		p.reconnect(false)
		p.Close() // before ben's first event came
		p.Waiting()
		h.tells(ben, "b3")
		p.offset = formatOffset(userTag(asha), 3)
		p.reconnect(false) // an offset that is none: what the pid says, and a new one
		p.gets("b1", "b2", "b3")
		p.Close()
		h.tells(ben, "b4")
		p.reconnect(true)
		p.gets("b4")
	})
}

// TestValidOffsetWins is hole 1: also of a refused pid.
func TestValidOffsetWins(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1", "2")
		p.gets("1", "2")
		p.Close()
		h.tells(ben, "3")
		for _, refused := range []string{"", "nonsense", p.pid[1:], p.pid[:len(p.pid)-2] + "AA", strings.Repeat("A", 200)} {
			p.pid = refused
			p.reconnect(false)
			p.gets("3")
			p.Close()
			p.offset = formatOffset(userTag(ben), 2)
		}
	})
}

func TestOffsetsThatAreNone(t *testing.T) {
	tag := userTag(ben)
	for _, offset := range []string{
		"", ".", tag, tag + ".", tag + ".-1", tag + ".+1", tag + ".01", tag + ". 1", tag + ".1 ", tag + ".1e3", tag + ".0x1",
		tag + ".9223372036854775808", tag + ".00000000000000000001", "1", userTag(asha) + ".1", strings.ToUpper(tag) + ".1", tag + ".1.1",
	} {
		if p, ok := readOffset(ben, offset); ok {
			t.Errorf("%q is %d", offset, p)
		}
	}
	for _, want := range []dokkerr.Position{0, 1, 1<<63 - 1} {
		if p, ok := readOffset(ben, formatOffset(tag, want)); !ok || p != want {
			t.Errorf("%d is read as %d, %v", want, p, ok)
		}
	}
}

// TestOffsetAheadOfTheHead is hole 5 from the client's side: it comes from a store that was rolled back since.
func TestOffsetAheadOfTheHead(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		p.offset = formatOffset(userTag(ben), 1000)
		p.reconnect(false)
		p.gets("1")
		h.tells(ben, "2")
		p.gets("2")
	})
}

// TestOwnSessionOverReconnects is R16: what a session caused does not come to it, live or replayed, but to any other one.
func TestOwnSessionOverReconnects(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p, other := h.opens(asha), h.opens(asha)
		p.Ask("message.new", newMessage(ben, "one"))
		p.gets()
		other.gets("one")
		p.Close()
		p.reconnect(true)
		p.Ask("message.new", newMessage(ben, "two"))
		p.Close()
		h.tells(asha, "three")
		p.reconnect(true)
		p.gets("three")
		other.gets("two", "three")
	})
}

func newMessage(to dokkerr.ID, content string) map[string]any {
	return map[string]any{"recipientId": to, "content": content, "type": "text"}
}

// TestTakeOver is hole 18: the old connection, half open, has a command running and others unread when the client comes back.
func TestTakeOver(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(asha)
		old := p.Client
		release := dokkerrtest.Hold(t, h.store)
		old.Emit("message.new", newMessage(ben, "running"))
		old.Emit("message.new", newMessage(ben, "unread"))
		synctest.Wait()
		p.reconnect(true)
		old.ExpectEnd()
		release()
		h.tells(asha, "1")
		p.gets("1")
		if told := old.Waiting(); len(told) > 0 {
			t.Errorf("the old connection was told %v", told)
		}
		if members := h.lobby.To(userRoom(asha)).FetchSockets(); len(members) != 1 || members[0].ID() != p.sid {
			t.Errorf("%d sockets of the user", len(members))
		}
		h.opens(ben).gets()
	})
}

// TestTakeOverInARace has two connections claim one session at once: one stays.
func TestTakeOverInARace(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.Close()
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		var claims []*siotest.Client
		for range 5 {
			c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
			claims = append(claims, c)
		}
		for _, c := range claims {
			c.Send("0" + string(auth))
		}
		time.Sleep(time.Minute)
		alive := 0
		for _, c := range claims {
			if c.Alive() {
				alive++
			}
		}
		if members := h.lobby.To(userRoom(ben)).FetchSockets(); alive != 1 || len(members) != 1 {
			t.Errorf("%d connections and %d sockets are left", alive, len(members))
		}
	})
}

// TestTakeOverOnOneConnection leaves the namespace and comes back over the same connection, which lives on.
func TestTakeOverOnOneConnection(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p.Send("1")
			p.Send("0" + string(auth))
			if reply := p.Next(); !strings.Contains(reply.Text, p.pid) {
				t.Fatalf("answered %s", reply.Text)
			}
		}
		h.tells(ben, "1")
		p.gets("1")
	})
}

// TestRolledBackStore is hole 5: a copy of the file from before 100 events is put in its place.
func TestRolledBackStore(t *testing.T) {
	in2027 := func(t *testing.T, path string) *harbour {
		time.Sleep(27 * 366 * 24 * time.Hour) // a start before 2026 gives no position a floor
		return openHarbour(t, path)
	}
	inHarbourOf(t, in2027, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "before")
		p.gets("before")
		h.close()
		backup, err := os.ReadFile(h.path)
		if err != nil {
			t.Fatal(err)
		}
		h = h.restart()
		p.h = h
		h.tells(ben, numbers(1, 100)...)
		p.reconnect(true)
		p.gets(numbers(1, 100)...)
		h.close()
		if err := os.WriteFile(h.path, backup, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h = h.restart()
		p.h = h
		h.tells(ben, numbers(201, 300)...)
		p.reconnect(true)
		p.gets(numbers(201, 300)...)
	})
}

// TestOffline is R7, R11 and holes 17 and 26: a new page gets everything since the confirmed position, and only that.
func TestOffline(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		opens := func() *tab {
			p := &tab{h: h, user: ben, transport: transport, device: "phone"}
			p.connect()
			return p
		}
		h.tells(ben, numbers(1, 1000)...)
		p := opens()
		p.gets(numbers(1, 1000)...) // who never connected
		h.tells(ben, "confirmed")
		p.gets("confirmed")
		time.Sleep(2 * lazy)
		h.tells(ben, "tail")
		p.gets("tail")
		p.Close()
		h.tells(ben, "overnight")
		p = opens()
		p.gets("tail", "overnight")
		time.Sleep(2 * lazy)
		p.Close()
		p = opens()
		p.gets()
		p.Close()
		h = h.restart()
		opens().gets()
	})
}

// TestOwnEventsAreConfirmed is hole 17: what a page wrote does not come to the next one.
func TestOwnEventsAreConfirmed(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(asha)
		for n := range 50 {
			p.Ask("message.new", newMessage(ben, fmt.Sprint(n)))
		}
		time.Sleep(2 * lazy)
		p.Close()
		p = h.opens(asha)
		p.gets()
		p.Close()
		h.restart().opens(asha).gets()
	})
}

// TestDevices is holes 6 and 7: each device has a confirmed position of its own, and a new one begins at the furthest.
func TestDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		on := func(device string) *tab {
			p := &tab{h: h, user: ben, device: device}
			p.connect()
			return p
		}
		phone, laptop := on("phone"), on("laptop")
		phone.Close()
		h.tells(ben, "1", "2")
		laptop.gets("1", "2")
		time.Sleep(2 * lazy)
		on("phone").gets("1", "2")
		on("tablet").gets()
		h.restart().tells(ben, "3")
	})
}

// TestTokenSessionsAreDevices is R7 where the client names no device.
func TestTokenSessionsAreDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		in := func(session string) *person {
			signed := tokenFor(t, ben, func(i *token.Identity) { i.SessionID = session })
			return h.connectWith(ben, map[string]any{"token": signed}, "websocket")
		}
		in("one").Close()
		two := in("two")
		h.tells(ben, "1")
		two.hears("dock.flooded", "number")
		time.Sleep(2 * lazy)
		in("one").hears("dock.flooded", "number")
		in("three").quiet()
	})
}

// TestSharedPosition is hole 7: of two pages of one device one is half open, and the other confirms.
func TestSharedPosition(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, "1")
		above := &tab{h: h, user: ben, offset: formatOffset(userTag(ben), 1)}
		above.connect() // began above what is confirmed, 0
		h.tells(ben, "2")
		above.gets("2")
		time.Sleep(2 * lazy)
		above.Close()
		p := h.opens(ben)
		p.gets("1", "2")
		p.IgnorePings()
		other := h.opens(ben)
		h.tells(ben, "3")
		other.gets("3")
		time.Sleep(2 * lazy)
		p.Waiting() // "3" never came to the half-open one, which has a pid
		p.offset = formatOffset(userTag(ben), 2)
		p.Close()
		p.reconnect(true)
		p.gets("3")
	})
}

// TestOffsetConfirms is R7: a valid offset in CONNECT confirms like a pong.
func TestOffsetConfirms(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1", "2")
		p.gets("1", "2")
		p.Close()
		p.reconnect(true)
		p.Close()
		h.opens(ben).gets()
	})
}

// TestPongsProveWhatIsBeforeThem is hole 25: a pong behind the end of the socket, and pongs that nobody asked for.
func TestPongsProveWhatIsBeforeThem(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1")
		p.SendEngine("3", "3")
		time.Sleep(2 * lazy) // the ping stands behind "1"
		p.gets("1")
		p.Send("1")
		p.SendEngine("3")
		time.Sleep(lazy)
		p.Close()
		h.opens(ben).gets("1")
	})
}

// TestManyDevices is R7: the store keeps twenty of a user.
func TestManyDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		for n := range 30 {
			p := &tab{h: h, user: ben, device: fmt.Sprint("device ", n)}
			p.connect()
			p.Close()
			time.Sleep(time.Second)
		}
		var kept []dokkerr.Confirmation
		err := h.store.View(t.Context(), func(r dokkerr.Reader) (err error) {
			kept, err = r.Confirmed(ben)
			return err
		})
		if err != nil || len(kept) != 20 {
			t.Errorf("%d devices are kept: %v", len(kept), err)
		}
	})
}

// TestWindow is R8: a client that proves nothing gets a window, then a wider one with each proof, and a ping behind each half.
func TestWindow(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		const large = 4000
		for n := range 60 {
			h.tells(ben, fmt.Sprint(n, strings.Repeat("x", large)))
		}
		p := &tab{h: h, user: ben}
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.IgnorePings()
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		c.Send("0" + string(auth))
		c.Next()
		total := 0
		for _, window := range []int{firstBytes, 0, 2 * firstBytes} {
			if window == 0 {
				c.SendEngine("3") // to the ping behind the first half
				continue
			}
			time.Sleep(time.Second)
			got := c.Waiting()
			if bytes := len(got) * large; bytes > window || bytes < window/2 {
				t.Errorf("%d bytes came in a window of %d", bytes, window)
			}
			total += len(got)
		}
		for range 30 {
			c.SendEngine("3", "3")
			time.Sleep(time.Second)
			total += len(c.Waiting())
		}
		if total != 60 {
			t.Errorf("%d events came, want 60", total)
		}
	})
}

// TestGap is hole 24: what is older than the retention is told of once.
func TestGap(t *testing.T) {
	h := func(t *testing.T, path string) *harbour {
		return openHarbourWith(t, path, dokkerr.Retention{Events: 10})
	}
	inHarbourOf(t, h, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		h.tells(ben, numbers(2, 30)...)
		p.reconnect(false)
		p.gets(slices.Concat([]string{"sync.gap"}, numbers(21, 30))...)
		for range 3 {
			p.Close()
			p.reconnect(true)
			p.gets()
		}
		h.tells(ben, "31")
		p.gets("31")
		time.Sleep(2 * lazy)
		h.opens(ben).gets()
		stranger := &tab{h: h, user: ben, device: "new"}
		stranger.connect()
		stranger.gets()
		h.tells(cleo, numbers(1, 20)...)
		h.opens(cleo).gets(slices.Concat([]string{"sync.gap"}, numbers(11, 20))...)
	})
}

// TestGapOfTime is R23 and R16: a month is too long, but for what the session did itself.
func TestGapOfTime(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		quiet, p := h.opens(asha), h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		quiet.Ask("message.new", newMessage(cleo, "mine"))
		quiet.Close()
		h.tells(ben, "2")
		time.Sleep(31 * 24 * time.Hour)
		h.tells(ben, "3")
		h.tells(asha, "a")
		p.reconnect(false)
		p.gets("sync.gap", "3")
		quiet.reconnect(true)
		quiet.gets("a")
	})
}

// TestSync is hole 22: a client without recovery, whose handlers take one argument, pages through what it missed.
func TestSync(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, numbers(1, 5)...)
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.Send(fmt.Sprintf(`0{"token":%q,"since":""}`, tokenFor(t, ben, nil)))
		if reply := c.Next(); strings.Contains(reply.Text, "pid") {
			t.Errorf("a client with since was answered %s", reply.Text)
		}
		h.tells(ben, "6")
		var live struct{ Number, Position string }
		args := c.Expect("dock.flooded").Args()
		if err := json.Unmarshal(args[0], &live); err != nil || len(args) != 1 || live.Number != "6" {
			t.Fatalf("told %s", args)
		}
		var got []string
		for since, more := "0", true; more; {
			var answer syncPage
			if err := json.Unmarshal(c.Ask("sync", map[string]any{"since": since, "limit": 4}).Args()[0], &answer); err != nil {
				t.Fatal(err)
			}
			for _, e := range answer.Events {
				got = append(got, e.Position)
			}
			since, more = answer.Position, answer.HasMore
		}
		if len(got) != 6 || got[5] != live.Position {
			t.Errorf("synced %v, live at %s", got, live.Position)
		}
		p := h.connect(asha)
		for _, since := range []any{"", "1", got[0], userTag(asha) + ".7"} {
			p.refused("sync", "VALIDATION_ERROR", "since", map[string]any{"since": since})
		}
		p.refused("sync", "VALIDATION_ERROR", "limit", map[string]any{"since": "0", "limit": 101})
	})
}

// TestPlainClientConfirms is R7 and R24 for a client without recovery: what it names in since, what it was given by sync and has, and
// what comes live behind that.
func TestPlainClientConfirms(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		h.tells(ben, numbers(1, 5)...)
		at := func(n int) string { return formatOffset(userTag(ben), dokkerr.Position(n)) }
		connect := func(since string) *person {
			auth := map[string]any{"token": tokenFor(t, ben, nil), "since": since}
			return h.connectWith(ben, auth, transport)
		}
		newPageGets := func(first, last int) {
			t.Helper()
			time.Sleep(2 * lazy)
			c := &tab{h: h, user: ben}
			c.dial()
			c.IgnorePings()
			c.greet()
			c.gets(numbers(first, last)...)
			c.Close()
		}
		c := connect("")
		h.tells(ben, "6")
		newPageGets(1, 6) // its pong proves nothing of what it did not ask for
		sync := func(since string, limit int) {
			t.Helper()
			c.asks("sync", map[string]any{"since": since, "limit": limit}, "events", "position", "hasMore")
		}
		c.Waiting()
		c.IgnorePings()
		sync("0", 3)
		newPageGets(1, 6) // the page may have been lost
		c.AnswerPings()
		newPageGets(4, 6)
		c.IgnorePings()
		sync(at(4), 1)
		newPageGets(5, 6) // it says that it has 4
		c.AnswerPings()
		sync(at(5), 100)
		h.tells(ben, "7")
		newPageGets(8, 7)
		c.Close()
		h.tells(ben, "8", "9")
		for _, nonsense := range []string{"x", at(10), formatOffset(userTag(asha), 9)} {
			connect(nonsense).Close()
			newPageGets(8, 9)
		}
		c = connect(at(8))
		newPageGets(9, 9)
		h.tells(ben, "10")
		newPageGets(9, 10)
		c.Close()
		connect(at(10))
		h.tells(ben, "11")
		newPageGets(12, 11)
	})
}

func TestSyncTellsOfAGap(t *testing.T) {
	h := func(t *testing.T, path string) *harbour {
		return openHarbourWith(t, path, dokkerr.Retention{Events: 10})
	}
	inHarbourOf(t, h, func(t *testing.T, h *harbour) {
		h.tells(ben, numbers(1, 30)...)
		p := h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": "0"}, "polling")
		gap := p.asks("sync", map[string]any{"since": formatOffset(userTag(ben), 1)}, "gap", "oldest")
		page := p.asks("sync", map[string]any{"since": gap["oldest"]}, "events", "position", "hasMore")
		if events := page["events"].([]any); gap["gap"] != true || len(events) != 10 {
			t.Errorf("%v, then %d events", gap, len(events))
		}
		page = p.asks("sync", map[string]any{"since": "0"}, "events", "position", "hasMore")
		if events := page["events"].([]any); len(events) != 10 {
			t.Errorf("%d events of all that is kept", len(events))
		}
	})
}

func TestPositionIsTheLastKey(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:        `{"position":"t.7"}`,
		`{"a":"b"}`: `{"a":"b","position":"t.7"}`,
	} {
		e := &outgoing{name: "x", data: json.RawMessage(data)}
		if got := e.withPosition("t.7"); string(got.data) != want || string(e.data) != data {
			t.Errorf("%s became %s, want %s", data, got.data, want)
		}
	}
}

func TestPID(t *testing.T) {
	key, other := []byte("the key of the store"), []byte("the key of another store")
	want := pid{user: ben, session: newSessionID(), began: 1 << 50, socket: "abcdefghijklmnopqrst"}
	text := want.sign(key)
	if got, ok := readPID(key, text); !ok || got != want || len(text) > maxPID {
		t.Errorf("%+v is read as %+v, %v", want, got, ok)
	}
	if _, ok := readPID(other, text); ok {
		t.Error("a pid of another key is taken")
	}
	for i := range text {
		for _, c := range "A_z0" {
			changed := text[:i] + string(c) + text[i+1:]
			if _, ok := readPID(key, changed); ok && changed != text {
				t.Fatalf("changed at %d it is taken", i)
			}
		}
	}
}

// The base64 decoder skips line breaks; a pid has one spelling.
func TestPIDHasNoLineBreaks(t *testing.T) {
	key := []byte("the key of the store")
	shorter := pid{user: ben, session: newSessionID(), socket: "s"}
	text := shorter.sign(key)
	for i := range text {
		for _, c := range []string{"\r", "\n"} {
			if _, ok := readPID(key, text[:i]+c+text[i:]); ok {
				t.Fatalf("with %q at %d it is taken", c, i)
			}
		}
	}
}

func FuzzReadPID(f *testing.F) {
	key := []byte("key")
	good := pid{user: uuid.New(), socket: "s"}
	f.Add(good.sign(key))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := readPID(key, text); ok && p.sign(key) != text {
			t.Errorf("%q is read as %+v", text, p)
		}
	})
}
