package engineio_test

import (
	"slices"
	"testing"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

func TestConformanceClientClosesPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		p.want(p.post("1"), 200, "ok")
		p.want(<-get, 200, "6")
		h.wantEnd(engineio.TransportClose)
		p.wantUnknown()
	})
}

func TestConformanceClientClosesPollingWithoutGet(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.post("4a\x1e1\x1e4b"), 200, "ok")
		h.wantEnd(engineio.TransportClose)
		p.want(p.post("4a"), 400, unknownSession)
	})
}

func TestConformanceServerClosesPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		h.opened().Close(engineio.ForcedClose)
		p.want(<-get, 200, "1")
		h.wantEnd(engineio.ForcedClose)
		p.wantUnknown()
	})
}

// TestConformanceServerClosesPollingWithoutGet: the close packet waits for the next GET, 30 s at most.
func TestConformanceServerClosesPollingWithoutGet(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		soon, late := h.openPolling(), h.openPolling()
		for range 2 {
			h.opened().Close(engineio.ForcedClose)
			h.wantEnd(engineio.ForcedClose)
		}
		soon.want(soon.post("4a"), 400, unknownSession)
		time.Sleep(29 * time.Second)
		soon.want(soon.get(), 200, "1")
		soon.wantUnknown()
		time.Sleep(2 * time.Second)
		late.wantUnknown()
	})
}

// TestConformanceServerFlushesBeforeClose: what was sent before Close arrives, and the close packet comes alone.
func TestConformanceServerFlushesBeforeClose(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		session := h.opened()
		session.Send(textFrame("last"))
		session.Close(engineio.ForcedClose)
		session.Send(textFrame("too late"))
		p.want(p.get(), 200, "4last")
		p.want(p.get(), 200, "1")
		p.wantUnknown()

		s := h.openSocket()
		session = h.opened()
		session.Send(textFrame("last"))
		session.Close(engineio.ForcedClose)
		session.Send(textFrame("too late"))
		if texts, code := s.rest(); !slices.Equal(texts, []string{"4last"}) || code == noCloseFrame {
			t.Errorf("got %q, close code %d", texts, code)
		}
		h.wantEnd(engineio.ForcedClose)
		h.wantEnd(engineio.ForcedClose)
	})
}

func TestConformanceClientClosesWebSocket(t *testing.T) {
	for name, c := range map[string]struct {
		last []byte
		code int
	}{
		"close packet":    {maskedText("1"), noCode},
		"empty close":     {masked(fin|opClose, ""), noCode},
		"normal close":    {masked(fin|opClose, "\x03\xe8bye"), 1000},
		"going away":      {masked(fin|opClose, "\x03\xe9"), 1001},
		"own close":       {masked(fin|opClose, "\x0f\xa0"), 4000},
		"message, packet": {slices.Concat(maskedText("1"), maskedText("4late")), noCode},
	} {
		t.Run(name, func(t *testing.T) {
			onBothNetworks(t, nil, func(t *testing.T, h *host) {
				s := h.openSocket()
				s.write(c.last)
				s.wantClosed(c.code)
				h.wantEnd(engineio.TransportClose)
			})
		})
	}
}

func TestConformanceConnectionLost(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		s.wantAlive()
		if err := s.conn.Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportClose)
		s = h.openSocket()
		s.write(maskedText("4never")[:5])
		if err := s.conn.Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportClose)
	})
}

func TestConformanceServerClosesWebSocket(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		s := h.openSocket()
		h.opened().Close(engineio.ForcedClose)
		s.wantClosed(noCode)
		h.wantEnd(engineio.ForcedClose)
	})
}

// TestConformanceServerDoesNotWaitForTheClientsClose: a client that keeps its end open is cut.
func TestConformanceServerDoesNotWaitForTheClientsClose(t *testing.T) {
	options := &engineio.Options{PingInterval: time.Hour}
	inMemory(t, options, func(t *testing.T, h *host) {
		s := h.openSocket()
		h.opened().Close(engineio.ForcedClose)
		if s.readFrame(opClose) != "" {
			t.Error("the Close frame has a payload")
		}
		h.wantEnd(engineio.ForcedClose)
		time.Sleep(3 * time.Second)
		h.wantOpen(0)
	})
}

func TestConformanceShutdown(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		ended := h.openPolling()
		h.opened().Close(engineio.ForcedClose) // its client would have 30 s to come for the close packet
		h.wantEnd(engineio.ForcedClose)
		polling, idle, s := h.openPolling(), h.openPolling(), h.openSocket()
		get := polling.pending()
		start := time.Now()
		done := make(chan error, 1)
		go func() { done <- h.srv.Shutdown(t.Context()) }()
		polling.want(<-get, 200, "1")
		s.wantCut()
		for range 3 {
			h.wantEnd(engineio.ServerShutdown)
		}
		_, onWebSocket := h.handshake("EIO=4&transport=websocket", nil)
		for _, a := range []answer{h.do("GET", "EIO=4&transport=polling", ""), onWebSocket} {
			if a.status != 503 || a.header.Get("Retry-After") == "" {
				t.Errorf("handshake while shutting down answered %d with %v", a.status, a.header)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		idle.wantUnknown()
		ended.wantUnknown()
	})
}
