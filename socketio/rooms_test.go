package socketio_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// received returns the names of the events that came to a client before the acknowledgement of its "sync".
func received(c *siotest.Client) []string {
	c.Ask("sync")
	var names []string
	for _, p := range c.Waiting() {
		names = append(names, p.Name())
	}
	return names
}

func TestBroadcasts(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		a, b, c := h.connect(), h.connect(), h.connect()
		sa, sb, sc := h.socket(a), h.socket(b), h.socket(c)
		sa.Join("even", "all")
		sb.Join("odd", "all", "all")
		sc.Join("even")
		all := h.main()

		all.Emit("1", nil)
		all.To("even", "odd", "all").Emit("2", nil)
		all.To("all").Except("odd").Emit("3", nil)
		all.To(b.ID()).Emit("4", nil)
		all.Broadcast().Except(a.ID(), b.ID()).Emit("5", nil)
		sa.Broadcast().Emit("6", nil)
		sa.To("even").Emit("7", nil)
		sa.To("even").To(b.ID()).Emit("8", nil)
		all.To("even").Except("even").Emit("9", nil)
		all.To().Emit("10", nil)
		all.To("nobody").Emit("11", nil)
		all.To("odd").SocketsJoin("later")
		all.To("all").SocketsLeave("even")
		all.To("even", "later").Emit("12", nil)
		sb.Leave("later", "never")
		all.To("later").Emit("13", nil)
		sc.Emit("14", nil)
		for name, got := range map[string]struct{ got, want []string }{
			"a": {received(a), []string{"1", "2", "3"}},
			"b": {received(b), []string{"1", "2", "4", "6", "8", "12"}},
			"c": {received(c), []string{"1", "2", "5", "6", "7", "8", "12", "14"}},
		} {
			if !slices.Equal(got.got, got.want) {
				t.Errorf("%s got %v, want %v", name, got.got, got.want)
			}
		}
		if n := len(all.To("all").FetchSockets()); n != 2 {
			t.Errorf("%d sockets in all", n)
		}
	})
}

func TestBroadcastIsAValue(t *testing.T) {
	h := serve(t, nil)
	h.addSync()
	a, b := h.connect(), h.connect()
	h.socket(a).Join("a")
	h.socket(b).Join("b")
	base := h.main().To("x").To("y").To("z") // leaves room behind its rooms
	toA, toB := base.To("a"), base.To("b")
	base.Emit("none", nil)
	toA.Emit("to a", nil)
	toB.Emit("to b", nil)
	if got := received(a); !slices.Equal(got, []string{"to a"}) {
		t.Errorf("a got %v", got)
	}
	if got := received(b); !slices.Equal(got, []string{"to b"}) {
		t.Errorf("b got %v", got)
	}
}

func TestEncoded(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		custom := h.io.Of("/custom")
		c := h.connectTo("/custom", nil)
		plain, err := custom.Encode("news", json.RawMessage(`{"a": 1}`))
		if err != nil {
			t.Fatal(err)
		}
		binary, err := custom.Encode("news", map[string]any{"b": socketio.Binary("xy")})
		if err != nil {
			t.Fatal(err)
		}
		s := custom.Sockets()[0]
		s.Send(plain)
		custom.Broadcast().Send(plain.WithOffset("u.1"))
		s.Send(plain.WithOffset("\"\n").WithOffset("2"))
		s.Send(binary.WithOffset("3"))
		s.Send(plain)
		for _, want := range []string{
			`2/custom,["news",{"a": 1}]`,
			`2/custom,["news",{"a": 1},"u.1"]`,
			`2/custom,["news",{"a": 1},"\"\n","2"]`,
			`51-/custom,["news",{"b":{"_placeholder":true,"num":0}},"3"]`,
			`2/custom,["news",{"a": 1}]`,
		} {
			p := c.Next()
			wantText(t, p, want)
			if p.Type == 5 {
				wantAttachments(t, p, []byte("xy"))
			}
		}
	})
}

func TestDisconnect(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		custom := h.io.Of("/custom")
		reasons := make(chan socketio.Reason, 2)
		h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
		custom.OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
		c := h.connect()
		if _, err := c.Join("/custom", nil); err != nil {
			t.Fatal(err)
		}
		s := custom.Sockets()[0]
		s.Disconnect(false)
		c.ExpectText(`1/custom,`)
		s.Emit("x", nil)
		s.Disconnect(false)
		if r := within(t, reasons, "OnDisconnect"); r != socketio.ServerDisconnect {
			t.Errorf("reason %q", r)
		}
		if _, err := c.Join("/custom", nil); err != nil {
			t.Fatal(err)
		}
		h.main().Emit("last", nil)
		h.socket(c).Disconnect(true)
		c.ExpectText(`2["last"]`)
		got := []string{c.Next().Text, c.Next().Text}
		slices.Sort(got)
		if !slices.Equal(got, []string{"1", "1/custom,"}) {
			t.Errorf("got %q", got)
		}
		c.ExpectEnd()
		for range 2 {
			if r := within(t, reasons, "OnDisconnect"); r != socketio.ServerDisconnect {
				t.Errorf("reason %q", r)
			}
		}
	})
}

func TestCloseSendsNoDisconnect(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, h *host) {
		reasons := make(chan socketio.Reason, 1)
		h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
		c := h.connect()
		s := h.socket(c)
		s.Emit("last", nil)
		s.Close("replaced")
		c.ExpectText(`2["last"]`)
		c.ExpectEnd()
		if rest := c.Waiting(); len(rest) > 0 {
			t.Errorf("got %s", rest[0].Text)
		}
		if r := within(t, reasons, "OnDisconnect"); r != "replaced" {
			t.Errorf("reason %q", r)
		}
	})
}

func TestVolatile(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, h *host) {
		h.addSync()
		c := h.connect()
		synctest.Wait() // the client waits for something
		h.socket(c).Volatile().Emit("one", nil)
		synctest.Wait()
		h.main().Broadcast().Volatile().Emit("two", nil)
		if got := received(c); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestVolatileIsDroppedWhileNoPollWaits(t *testing.T) {
	h := serve(t, nil)
	address := h.web.URL + "/socket.io/?EIO=4&transport=polling"
	request := func(method, body string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := h.web.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	opening := decode[siotest.Opening](t, json.RawMessage(request("GET", "")[1:]))
	address += "&sid=" + opening.SID
	request("POST", "40")
	request("GET", "")
	h.main().Broadcast().Volatile().Emit("lost", nil)
	h.main().Emit("kept", nil)
	if got := request("GET", ""); got != `42["kept"]` {
		t.Errorf("got %s", got)
	}
}

// A broadcast reaches exactly the members of its rooms, whatever joined and left before.
func TestBroadcastsReachExactlyTheMembers(t *testing.T) {
	h := serve(t, nil)
	n := h.main()
	h.addSync()
	const clients = 12
	var peers []*siotest.Client
	var sockets []*socketio.Socket
	for range clients {
		c := h.connect()
		peers = append(peers, c)
		sockets = append(sockets, h.socket(c))
	}
	rooms := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		member := make(map[string]map[int]bool)
		for _, room := range rooms {
			member[room] = make(map[int]bool)
			n.Broadcast().SocketsLeave(room)
		}
		for range rapid.IntRange(0, 60).Draw(t, "changes") {
			i, room := rapid.IntRange(0, clients-1).Draw(t, "client"), rapid.SampledFrom(rooms).Draw(t, "room")
			if member[room][i] = rapid.Bool().Draw(t, "join"); member[room][i] {
				sockets[i].Join(room)
			} else {
				sockets[i].Leave(room)
			}
		}
		to := rapid.SliceOfN(rapid.SampledFrom(rooms), 1, 3).Draw(t, "to")
		except := rapid.SliceOfN(rapid.SampledFrom(rooms), 0, 2).Draw(t, "except")
		sender := rapid.IntRange(0, clients-1).Draw(t, "sender")
		sockets[sender].To(to...).Except(except...).Emit("x", nil)
		for i, c := range peers {
			in := func(room string) bool { return member[room][i] }
			want := 0
			if i != sender && slices.ContainsFunc(to, in) && !slices.ContainsFunc(except, in) {
				want = 1
			}
			if got := len(received(c)); got != want {
				t.Fatalf("client %d got %d events, want %d", i, got, want)
			}
		}
	})
}

func TestManyRoomsAndMembers(t *testing.T) {
	h := serve(t, nil)
	c := h.connect()
	s := h.socket(c)
	for i := range 1000 {
		s.Join(fmt.Sprint("room ", i))
	}
	if len(s.Rooms()) != 1001 || h.main().Rooms() != 1000 {
		t.Errorf("%d rooms of the socket, %d in all", len(s.Rooms()), h.main().Rooms())
	}
	for i := range 1000 {
		s.Leave(fmt.Sprint("room ", i))
	}
	s.Leave(s.ID())
	if len(s.Rooms()) != 1 || h.main().Rooms() != 0 || len(h.main().To(s.ID()).FetchSockets()) != 1 {
		t.Error("rooms are left over")
	}
}

// A room stays whole while sockets come and go and others send to it.
func TestRoomsUnderConcurrency(t *testing.T) {
	h := serve(t, nil)
	h.addSync()
	stay := h.connect()
	h.socket(stay).Join("room")
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				c := h.connect()
				s := h.socket(c)
				s.Join("room", "other")
				h.main().To("room", "other").Emit("x", nil)
				s.Leave("other")
				c.Close()
			}
		}()
	}
	for range 4 {
		<-done
	}
	got := received(stay)
	if len(got) != 80 {
		t.Errorf("got %d of 80 events", len(got))
	}
}
