package engineio_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

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
