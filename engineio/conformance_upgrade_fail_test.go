package engineio_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

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
