package socketio_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// stock is a client that resumes as the stock client does.
type stock struct {
	*siotest.Client
	h           *host
	id          string
	pid, offset string
	recovered   bool
	got         []string // the events, each with its first argument
}

func (h *host) stock() *stock {
	c := &stock{h: h}
	c.reconnect()
	return c
}

// reconnect connects anew. The earlier connection may be open yet.
func (c *stock) reconnect() {
	c.h.t.Helper()
	c.Client = c.h.dial()
	c.Send("0" + c.auth())
	var reply struct{ SID, PID string }
	if err := json.Unmarshal(c.Next().Data, &reply); err != nil || reply.SID == "" || reply.PID == "" {
		c.h.t.Fatalf("reply %+v, %v", reply, err)
	}
	c.recovered = reply.PID == c.pid
	if c.recovered != (c.id == reply.SID) {
		c.h.t.Errorf("the pid is the same: %t, the id %s became %s", c.recovered, c.id, reply.SID)
	}
	c.id, c.pid = reply.SID, reply.PID
}

func (c *stock) auth() string {
	auth := map[string]string{"name": "ann"}
	if c.pid != "" {
		auth["pid"] = c.pid
	}
	if c.offset != "" {
		auth["offset"] = c.offset
	}
	text, err := json.Marshal(auth)
	if err != nil {
		c.h.t.Fatal(err)
	}
	return string(text)
}

// take takes so many events.
func (c *stock) take(n int) {
	c.h.t.Helper()
	for range n {
		c.note(c.Next())
	}
}

func (c *stock) note(p siotest.Packet) {
	args := p.Args()
	var offset string
	if json.Unmarshal(args[len(args)-1], &offset) == nil {
		c.offset = offset
	}
	c.got = append(c.got, p.Name()+string(args[0]))
}

// settle takes all that was sent so far.
func (c *stock) settle() {
	c.h.t.Helper()
	c.Ask("sync")
	for _, p := range c.Waiting() {
		c.note(p)
	}
}

func (c *stock) wants(events ...string) {
	c.h.t.Helper()
	if !slices.Equal(c.got, events) {
		c.h.t.Errorf("got %q, want %q", c.got, events)
	}
}

func (h *host) ofID(id string) *socketio.Socket {
	h.t.Helper()
	found := h.main().To(id).FetchSockets()
	if len(found) != 1 {
		h.t.Fatalf("%d sockets have the id %s", len(found), id)
	}
	return found[0]
}

// away waits until nobody has the id.
func (h *host) away(id string) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); len(h.main().To(id).FetchSockets()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("the socket stays")
		}
	}
}

func overRecovery(t *testing.T, o *socketio.RecoveryOptions, test func(t *testing.T, h *host)) {
	overBoth(t, &socketio.Options{Recovery: o}, func(t *testing.T, h *host) {
		h.addSync()
		test(t, h)
	})
}

func TestRecoveryReplaysWhatWasMissed(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		recovered := make(chan bool, 3)
		h.main().OnConnect(func(s *socketio.Socket) { recovered <- s.Recovered() })
		n := h.main()
		c, other := h.stock(), h.stock()
		h.ofID(c.id).Join("room", "muted")
		n.To("room").Emit("a", 1)
		h.ofID(c.id).Emit("b", socketio.Args{3, socketio.Binary{9}})
		c.settle()
		c.wants("a1", "b3")
		c.Close()
		h.away(c.id)
		n.To("room").Emit("c", 4)
		n.To("elsewhere").Emit("not", 5)
		n.To("room").Except("muted").Emit("not", 6)
		h.ofID(other.id).Broadcast().Emit("d", 7)
		n.To("room").Volatile().Emit("not", 8)
		n.To(c.id).Emit("e", socketio.Args{9, socketio.Binary{1, 2}})
		id := c.id
		c.reconnect()
		c.settle()
		c.wants("a1", "b3", "c4", "d7", "e9")
		if !c.recovered || c.id != id {
			t.Error("not recovered")
		}
		if s := h.ofID(id); !s.Recovered() || !slices.Equal(s.Rooms(), []string{id, "room", "muted"}) {
			t.Errorf("recovered %t, rooms %q", s.Recovered(), s.Rooms())
		}
		n.Emit("f", 10)
		c.settle()
		c.wants("a1", "b3", "c4", "d7", "e9", "f10")
		for _, want := range []bool{false, false, true} {
			if got := within(t, recovered, "OnConnect"); got != want {
				t.Errorf("recovered %t in OnConnect, want %t", got, want)
			}
		}
	})
}

func TestRecoveryTakesOverAConnectionThatSeemsOpen(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		reasons := make(chan socketio.Reason, 9)
		h.main().OnDisconnect(func(_ *socketio.Socket, r socketio.Reason) { reasons <- r })
		c := h.stock()
		h.main().Emit("a", 1)
		c.take(1)
		h.main().Emit("b", 2) // on its way on a connection that is dead
		lost := c.Client
		c.reconnect()
		lost.ExpectEnd()
		h.main().Emit("c", 3)
		c.settle()
		c.wants("a1", "b2", "c3")
		if got := within(t, reasons, "OnDisconnect"); !c.recovered || got != socketio.Replaced {
			t.Errorf("recovered %t, the old one ended by %s", c.recovered, got)
		}
		if n := len(h.main().Sockets()); n != 1 {
			t.Errorf("%d sockets", n)
		}
		h.main().Emit("d", 4)
		c.Close()
		h.away(c.id)
		c.reconnect() // again, with the same pid
		c.settle()
		c.wants("a1", "b2", "c3", "d4")
	})
}

func TestRecoveryOfASocketThatNeverGotAnything(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		c := h.stock()
		h.main().Emit("a", 1)
		c.Close() // before it took the event
		h.away(c.id)
		h.main().Emit("b", 2)
		c.reconnect()
		c.settle()
		c.wants("a1", "b2")
	})
}

func TestRecoveryGivesWhatWasSentAndNothingElse(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		n := h.main()
		c := h.stock()
		n.Emit("a", 1)
		c.settle()
		n.To("room").Emit("not", 2) // before it joined
		h.ofID(c.id).Join("room")
		n.To("room").Emit("b", 3)
		h.ofID(c.id).Leave("room") // after it was sent that
		c.Close()
		h.away(c.id)
		n.To("room").Emit("not", 4)
		c.reconnect()
		c.settle()
		c.wants("a1", "b3")
	})
}

func TestRecoveryIsRefused(t *testing.T) {
	identity := "ann"
	o := &socketio.RecoveryOptions{MaxPackets: 5, MaxBytes: 10_000, MaxSessions: 1, Identity: func(*socketio.Socket) string { return identity }}
	for name, spoil := range map[string]func(h *host, c *stock){
		"by another identity": func(h *host, c *stock) {
			identity = "bob"
			c.h.t.Cleanup(func() { identity = "ann" })
		},
		"with an unknown pid":       func(h *host, c *stock) { c.pid += "x" },
		"with an offset not given":  func(h *host, c *stock) { c.offset = "1" },
		"with an offset to come":    func(h *host, c *stock) { c.offset = "999" },
		"with an offset no number":  func(h *host, c *stock) { c.offset = "x" },
		"with a negative offset":    func(h *host, c *stock) { c.offset = "-1" },
		"after too many events":     func(h *host, c *stock) { emit(h, 6, "x") },
		"after too many bytes":      func(h *host, c *stock) { emit(h, 3, strings.Repeat("x", 5000)) },
		"after too many other ends": func(h *host, c *stock) { other := h.stock(); other.Close(); h.away(other.id) },
	} {
		t.Run(name, func(t *testing.T) {
			overRecovery(t, o, func(t *testing.T, h *host) {
				h.main().To("nobody").Emit("early", 0) // position 1
				c := h.stock()
				h.main().Emit("a", 1)
				c.settle()
				c.Close()
				h.away(c.id)
				h.main().Emit("missed", 2)
				spoil(h, c)
				c.reconnect()
				h.main().Emit("b", 3)
				c.settle()
				c.wants("a1", "b3")
				if c.recovered || h.ofID(c.id).Recovered() {
					t.Error("recovered")
				}
			})
		})
	}
}

func emit(h *host, n int, text string) {
	for range n {
		h.main().To("nobody").Emit("x", text)
	}
}

func TestRecoveryIsNotForOtherTypes(t *testing.T) {
	h := serve(t, &socketio.Options{Recovery: &socketio.RecoveryOptions{}})
	h.addSync()
	for _, claim := range []string{`{"pid":1}`, `{"pid":%s,"offset":1}`, `{"pid":%s,"offset":["1"]}`, `{"pid":null,"offset":null}`} {
		c := h.stock()
		h.main().Emit("a", 1)
		c.settle()
		c.Close()
		h.away(c.id)
		again := h.dial()
		if strings.Contains(claim, "%s") {
			claim = fmt.Sprintf(claim, strconv.Quote(c.pid))
		}
		again.Send("0" + claim)
		if p := again.Next(); strings.Contains(p.Text, c.pid) {
			t.Errorf("%s is recovered", claim)
		}
	}
}

func TestRecoveryOnlyAfterALostConnection(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		for name, end := range map[string]func(c *stock){
			"client disconnect": func(c *stock) { c.Send("1") },
			"server disconnect": func(c *stock) { h.ofID(c.id).Disconnect(false) },
			"with connection":   func(c *stock) { h.ofID(c.id).Disconnect(true) },
			"parse error":       func(c *stock) { c.Send("rubbish") },
		} {
			c := h.stock()
			end(c)
			h.away(c.id)
			c.reconnect()
			if c.recovered {
				t.Errorf("%s: recovered", name)
			}
		}
		c := h.stock()
		h.ofID(c.id).Close("of its own")
		c.reconnect()
		if !c.recovered {
			t.Error("Close: not recovered")
		}
	})
}

func TestRecoveryEnds(t *testing.T) {
	inBubble(t, &socketio.Options{Recovery: &socketio.RecoveryOptions{MaxDisconnection: time.Minute}}, func(t *testing.T, h *host) {
		c := h.stock()
		for _, row := range []struct {
			away time.Duration
			want bool
		}{{59 * time.Second, true}, {61 * time.Second, false}} {
			c.Close()
			synctest.Wait()
			time.Sleep(row.away)
			c.reconnect()
			if c.recovered != row.want {
				t.Errorf("recovered after %v: %t", row.away, c.recovered)
			}
		}
		c.Close()
		synctest.Wait()
		h.web.Close()
	})
}

// TestRecoveryUnderLoad loses connections at any time while several goroutines emit: each event comes once and in order.
func TestRecoveryUnderLoad(t *testing.T) {
	overRecovery(t, &socketio.RecoveryOptions{}, func(t *testing.T, h *host) {
		const senders, each, clients = 3, 200, 4
		var sending, reading sync.WaitGroup
		for sender := range senders {
			sending.Go(func() {
				for i := range each {
					h.main().Emit("n"+strconv.Itoa(sender), i)
					time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
				}
			})
		}
		for range clients {
			c := h.stock()
			reading.Go(func() { c.readLosingConnections(senders, each) })
		}
		sending.Wait()
		reading.Wait()
	})
}

func (c *stock) readLosingConnections(senders, each int) {
	next := make(map[string]int)
	for len(next) < senders || slices.Min(slices.Collect(maps.Values(next))) < each {
		p := c.Next()
		c.note(p)
		var i int
		if json.Unmarshal(p.Args()[0], &i) != nil || next[p.Name()] != 0 && next[p.Name()] != i {
			c.h.t.Errorf("%s comes when %d is next", p.Text, next[p.Name()])
			return
		}
		next[p.Name()] = i + 1
		if rand.IntN(20) > 0 {
			continue
		}
		if rand.IntN(2) > 0 {
			c.Close()
		}
		c.reconnect()
		if !c.recovered {
			c.h.t.Error("not recovered")
			return
		}
	}
}
