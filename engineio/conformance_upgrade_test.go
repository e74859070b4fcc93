package engineio_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

// The upgrade from long-polling to WebSocket, and what may come between.

// TestConformanceUpgrade is the upgrade as the stock client does it.
func TestConformanceUpgrade(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		session := h.opened()
		get := p.pending()
		start := time.Now()
		s := p.probe()
		p.want(<-get, 200, "6")
		if took := time.Since(start); took > time.Second {
			t.Errorf("the pending GET was released after %v", took)
		}
		if session.Transport() != "polling" {
			t.Errorf("on %s before the upgrade packet", session.Transport())
		}
		s.send("5")
		s.wantAlive()
		if session.Transport() != "websocket" {
			t.Errorf("on %s after the upgrade packet", session.Transport())
		}
		p.want(p.get(), 400, badRequest)
		p.want(p.post("4x"), 400, badRequest)
		s.wantAlive()
		h.wantOpen(1)
		s.send("1")
		s.wantCut()
		h.wantEnd(engineio.TransportClose)
		synctest.Wait()
		p.wantUnknown()
	})
}

// TestConformanceUpgradeReleasesEveryGet: a GET that comes after the probe is released too, again and again.
func TestConformanceUpgradeReleasesEveryGet(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		s := p.probe()
		for range 5 {
			start := time.Now()
			p.want(p.get(), 200, "6")
			if took := time.Since(start); took > time.Second {
				t.Errorf("a GET was released after %v", took)
			}
		}
		s.send("5")
		s.wantAlive()
	})
}

// TestConformanceUpgradeKeepsPolling: until the upgrade packet, messages go both ways on polling; with it what waits moves.
func TestConformanceUpgradeKeepsPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		session := h.opened()
		s := p.probe()
		p.wantAlive()
		session.Send(textFrame("a"))
		p.want(p.get(), 200, "4a")
		session.Send(textFrame("b"))
		session.Send(engineio.BinaryFrame([]byte{1, 2, 3}))
		s.send("5")
		s.want("4b")
		if got := s.readFrame(opBinary); got != "\x01\x02\x03" {
			t.Errorf("got %q", got)
		}
		s.wantAlive()
	})
}

// TestConformanceUpgradeReleasesGetAtTheEnd: a GET that is pending when the upgrade packet comes does not hang.
func TestConformanceUpgradeReleasesGetAtTheEnd(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		s := p.tryUpgrade()
		s.write(slices.Concat(maskedText("2probe"), maskedText("5"), maskedText("4hello")))
		s.want("3probe")
		s.want("4hello")
		p.want(<-get, 200, "6")
	})
}

// TestConformanceUpgradeInOneWrite: the client's packets may stand right behind its upgrade request.
func TestConformanceUpgradeInOneWrite(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		s, a := h.handshake("EIO=4&transport=websocket&sid="+p.sid, slices.Concat(maskedText("2probe"), maskedText("5"), maskedText("4hello")))
		if a.status != http.StatusSwitchingProtocols {
			t.Fatalf("upgrade answered %d %q", a.status, a.body)
		}
		s.want("3probe")
		s.want("4hello")

		s, a = h.handshake("EIO=4&transport=websocket", maskedText("4early"))
		if a.status != http.StatusSwitchingProtocols {
			t.Fatalf("handshake answered %d %q", a.status, a.body)
		}
		h.parseOpening(s.text())
		s.want("4early")
	})
}

// TestConformanceRubbishBehindUpgradeRequest: frames with reserved bits, while the handshake is still being answered.
func TestConformanceRubbishBehindUpgradeRequest(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		for _, reserved := range []byte{0x20, 0x10, 0x30} {
			s, _ := h.handshake("EIO=4&transport=websocket", masked(fin|reserved|opText, "4x"))
			if texts, code := s.rest(); len(texts) != 1 || code != 1002 {
				t.Errorf("new session: got %q, close code %d", texts, code)
			}
			h.wantEnd(engineio.TransportError)

			p := h.openPolling()
			s, _ = h.handshake("EIO=4&transport=websocket&sid="+p.sid, masked(fin|reserved|opText, "2probe"))
			s.wantCut()
			p.wantAlive()
		}
	})
}

// TestConformanceUpgradeFails: what does not go through with the upgrade is closed; the session stays on polling, unharmed, and may try again.
func TestConformanceUpgradeFails(t *testing.T) {
	for name, c := range map[string]struct {
		probe  bool // first
		frames []byte
	}{
		"empty":                {false, maskedText("")},
		"no packet":            {false, maskedText("abc")},
		"a message":            {false, maskedText("4hello")},
		"another ping":         {false, maskedText("2")},
		"another probe":        {false, maskedText("2prob")},
		"no probe":             {false, maskedText("5")},
		"a pong":               {false, maskedText("3probe")},
		"a close packet":       {false, maskedText("1")},
		"binary":               {false, masked(fin|opBinary, "2probe")},
		"a Close frame":        {false, masked(fin|opClose, "\x03\xe8")},
		"not masked":           {false, []byte{fin | opText, 6, '2', 'p', 'r', 'o', 'b', 'e'}},
		"too large":            {false, maskedText("2" + strings.Repeat("x", 1_000_000))},
		"probe, message":       {true, maskedText("4hello")},
		"probe, probe":         {true, maskedText("2probe")},
		"probe, no packet":     {true, maskedText("")},
		"probe, close packet":  {true, maskedText("1")},
		"probe, binary":        {true, masked(fin|opBinary, "5")},
		"probe, a Close frame": {true, masked(fin|opClose, "")},
	} {
		t.Run(name, func(t *testing.T) {
			onBothNetworks(t, nil, func(t *testing.T, h *host) {
				p := h.openPolling()
				s := p.tryUpgrade()
				if c.probe {
					s.send("2probe")
					s.want("3probe")
				}
				go s.conn.Write(c.frames) // the server need not read all
				s.wantCut()
				p.wantAlive()
				h.wantOpen(1)
				s = p.probe()
				s.send("5")
				s.wantAlive()
			})
		})
	}
}

// TestConformanceUpgradeLost: the connection breaks at each step of the upgrade.
func TestConformanceUpgradeLost(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, step := range []func(){
			func() { p.tryUpgrade().conn.Close() },
			func() { p.probe().conn.Close() },
			func() {
				s := p.tryUpgrade()
				s.send("2probe")
				s.conn.Close() // before the answer is read
			},
			func() {
				s := p.probe()
				s.write(maskedText("5")[:3])
				s.conn.Close()
			},
		} {
			step()
			synctest.Wait()
			p.wantAlive()
		}
		s := p.probe()
		s.send("5")
		s.wantAlive()
	})
}

func TestConformanceUpgradeTimeout(t *testing.T) {
	for name, start := range map[string]func(p *poller) *socket{
		"silent": (*poller).tryUpgrade,
		"probed": (*poller).probe,
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, h *host) {
				p := h.openPolling()
				began := time.Now()
				start(p).wantCut()
				about(t, "the end of the upgrade", began, 10*time.Second)
				p.wantAlive()
				s := p.probe()
				s.send("5")
				time.Sleep(11 * time.Second) // the time-out is over with the upgrade
				s.wantAlive()
			})
		})
	}
}

// TestConformanceSecondUpgrade: another WebSocket for a session that is upgrading, or has upgraded, does not harm it.
func TestConformanceSecondUpgrade(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		s := p.probe()
		p.wantNoUpgrade()
		s.send("5")
		s.wantAlive()
		p.wantNoUpgrade()
		s.wantAlive()
		h.wantOpen(1)

		onSocket, a := h.handshake("EIO=4&transport=websocket", nil)
		if a.status != http.StatusSwitchingProtocols {
			t.Fatalf("handshake answered %d %q", a.status, a.body)
		}
		other := &poller{h, h.parseOpening(onSocket.text()).SID}
		other.wantNoUpgrade()
		other.want(other.get(), 400, badRequest)
		other.want(other.post("4x"), 400, badRequest)
		onSocket.wantAlive()
	})
}

// wantNoUpgrade checks that one more WebSocket is refused, or closed at once.
func (p *poller) wantNoUpgrade() {
	p.t.Helper()
	s, a := p.handshake("EIO=4&transport=websocket&sid="+p.sid, nil)
	if a.status == http.StatusSwitchingProtocols {
		s.wantCut()
	} else if a.status != 400 {
		p.t.Errorf("answered %d %q", a.status, a.body)
	}
}

// TestConformanceSessionEndsDuringUpgrade: the WebSocket of a session that ends before the upgrade packet is closed.
func TestConformanceSessionEndsDuringUpgrade(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(p *poller, session *engineio.Session)
		reason engineio.Reason
	}{
		"server": {func(_ *poller, session *engineio.Session) { session.Close(engineio.ForcedClose) }, engineio.ForcedClose},
		"client": {func(p *poller, _ *engineio.Session) { p.want(p.post("1"), 200, "ok") }, engineio.TransportClose},
		"parser": {func(p *poller, _ *engineio.Session) { p.post("abc") }, engineio.ParseError},
	} {
		for step, start := range map[string]func(p *poller) *socket{
			"silent": (*poller).tryUpgrade,
			"probed": (*poller).probe,
		} {
			t.Run(name+" "+step, func(t *testing.T) {
				onBothNetworks(t, nil, func(t *testing.T, h *host) {
					p := h.openPolling()
					session := h.opened()
					s := start(p)
					c.end(p, session)
					s.wantCut()
					h.wantEnd(c.reason)
					p.get() // takes the close packet, if one waits
				})
			})
		}
	}
}

func TestConformancePingTimeoutDuringUpgrade(t *testing.T) {
	inMemory(t, &engineio.Options{UpgradeTimeout: time.Hour}, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		s := p.probe()
		s.wantCut()
		h.wantEnd(engineio.PingTimeout)
		p.wantUnknown()
	})
}

func TestConformanceUpgradeOfClosedSession(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.post("1"), 200, "ok")
		_, a := h.handshake("EIO=4&transport=websocket&sid="+p.sid, nil)
		h.want(a, 400, unknownSession)

		p = h.openPolling()
		h.opened()
		h.opened().Close(engineio.ForcedClose) // which its client does not know yet
		p.wantNoUpgrade()
		p.want(p.get(), 200, "1")
	})
}

// TestConformanceHeartbeatAcrossUpgrade: a ping asked on polling may be answered on WebSocket, and the rhythm goes on.
func TestConformanceHeartbeatAcrossUpgrade(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		s := p.probe()
		s.send("5")
		start := time.Now()
		s.send("3")
		s.want("2")
		about(t, "the next ping", start, 25*time.Second)
		s.wantCut()
		about(t, "the end", start, 45*time.Second)
		h.wantEnd(engineio.PingTimeout)
	})
}

// TestConformanceUpgradesUnderLoad: many clients upgrade while messages go both ways; each comes back once and in order.
func TestConformanceUpgradesUnderLoad(t *testing.T) {
	const clients, messages = 40, 60
	h := overTCP(t, &engineio.Options{PingInterval: 50 * time.Millisecond})
	var group sync.WaitGroup
	for range clients {
		c := &mover{poller: h.openPolling(), total: messages}
		upgradeAt := 1 + rand.IntN(messages-1)
		group.Go(func() {
			if err := c.run(upgradeAt); err != nil {
				t.Errorf("upgrade behind message %d: %v", upgradeAt, err)
			}
		})
	}
	group.Wait()
	h.wantOpen(clients)
}

// mover is a client that counts while it moves from polling to WebSocket.
type mover struct {
	*poller
	total, got int        // messages; got is the poll loop's, then the WebSocket reader's
	posting    sync.Mutex // one POST at a time
}

func (c *mover) run(upgradeAt int) error {
	stop, polled := make(chan struct{}), make(chan error, 1)
	go func() { polled <- c.pollUntil(stop) }()
	for i := range upgradeAt {
		if err := c.send("4" + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	s, err := c.dialUpgrade()
	if err != nil {
		return err
	}
	close(stop)
	if err := <-polled; err != nil {
		return err
	}
	s.conn.Write(maskedText("5")) // what goes wrong with a write shows in what is read
	go func() {
		for i := upgradeAt; i < c.total; i++ {
			s.conn.Write(maskedText("4" + strconv.Itoa(i)))
		}
	}()
	for c.got < c.total {
		_, packet, err := s.read()
		if err == nil {
			err = c.take(packet)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pollUntil sends one GET after the other, and none any more once stop is closed.
func (c *mover) pollUntil(stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		a, err := c.fetch(context.Background(), "GET", c.query(), nil)
		if err != nil || a.status != 200 {
			return fmt.Errorf("GET: %d %q, %w", a.status, a.body, err)
		}
		for packet := range strings.SplitSeq(a.body, "\x1e") {
			if packet == "2" {
				err = c.send("3")
			} else {
				err = c.take(packet)
			}
			if err != nil {
				return err
			}
		}
	}
}

// send posts one packet.
func (c *mover) send(packet string) error {
	c.posting.Lock()
	defer c.posting.Unlock()
	a, err := c.fetch(context.Background(), "POST", c.query(), strings.NewReader(packet))
	if err != nil || a.status != 200 {
		return fmt.Errorf("POST %q: %d %q, %w", packet, a.status, a.body, err)
	}
	return nil
}

// dialUpgrade opens a WebSocket and exchanges the probe.
func (c *mover) dialUpgrade() (*socket, error) {
	s, err := c.dialSocket("EIO=4&transport=websocket&sid="+c.sid, maskedText("2probe"))
	if err != nil {
		return nil, err
	}
	if _, err = s.readAnswer(); err != nil {
		return nil, err
	}
	if _, packet, err := s.read(); err != nil || packet != "3probe" {
		return nil, fmt.Errorf("probe answered %q, %w", packet, err)
	}
	return s, nil
}

// take counts an echo; the pings on the WebSocket may go without pong for as long as this takes.
func (c *mover) take(packet string) error {
	switch packet {
	case "2", "6":
	case "4" + strconv.Itoa(c.got):
		c.got++
	default:
		return fmt.Errorf("got %q, want message %d", packet, c.got)
	}
	return nil
}

// TestConformanceCloseRacesUpgrade: a session that ends at any moment of its upgrade ends once, and nothing of it is left.
func TestConformanceCloseRacesUpgrade(t *testing.T) {
	h := overTCP(t, nil)
	var group sync.WaitGroup
	for i := range 200 {
		p := h.openPolling()
		session := h.opened()
		group.Go(func() {
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			if i%2 == 0 {
				session.Close(engineio.ForcedClose)
				return
			}
			if a, err := p.fetch(context.Background(), "POST", p.query(), strings.NewReader("1")); err != nil || a.status != 200 && a.status != 400 {
				t.Errorf("POST: %d %q, %v", a.status, a.body, err)
			}
		})
		group.Go(func() { p.upgradeBlindly(fmt.Sprint(i)) })
		group.Go(func() {
			if _, err := p.fetch(context.Background(), "GET", p.query(), nil); err != nil {
				t.Errorf("GET: %v", err)
			}
		})
		if i%8 == 7 {
			group.Wait()
		}
	}
	group.Wait()
}

// upgradeBlindly does the client's side of an upgrade, whatever the server says, and leaves.
func (p *poller) upgradeBlindly(message string) {
	s, err := p.dialSocket("EIO=4&transport=websocket&sid="+p.sid, nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	for _, packet := range []string{"2probe", "5", "4" + message} {
		if _, err := s.conn.Write(maskedText(packet)); err != nil {
			break // cut by the close that this races with
		}
		time.Sleep(time.Duration(rand.IntN(500)) * time.Microsecond)
	}
	s.conn.Close()
}
