package engineio_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

func TestConformanceHeartbeatOnPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		for range 3 {
			p.want(p.get(), 200, "2")
			about(t, "a ping", start, 25*time.Second)
			time.Sleep(15 * time.Second)
			p.want(p.post("3"), 200, "ok")
			start = time.Now() // the next ping counts from the pong
		}
		h.wantOpen(1)
	})
}

func TestConformanceHeartbeatOnWebSocket(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		s := h.openSocket()
		for range 3 {
			s.want("2")
			about(t, "a ping", start, 25*time.Second)
			time.Sleep(15 * time.Second)
			s.send("3")
			start = time.Now()
		}
		h.wantOpen(1)
	})
}

func TestConformancePingTimeoutOnPolling(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		p.want(p.get(), 200, "1")
		about(t, "the end", start, 45*time.Second)
		h.wantEnd(engineio.PingTimeout)
		p.wantUnknown()
	})
}

// TestConformanceSilentPollingClient: a client that never polls is gone after the same time.
func TestConformanceSilentPollingClient(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p := h.openPolling()
		h.wantEnd(engineio.PingTimeout)
		about(t, "the end", start, 45*time.Second)
		p.wantUnknown()
	})
}

func TestConformancePingTimeoutOnWebSocket(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		s := h.openSocket()
		s.want("2")
		s.wantCut()
		about(t, "the end", start, 45*time.Second)
		h.wantEnd(engineio.PingTimeout)
	})
}

// TestConformanceOtherPacketExtendsOnce: a packet in place of the pong puts the time-out off, once for a ping.
func TestConformanceOtherPacketExtendsOnce(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.get(), 200, "2")
		time.Sleep(15 * time.Second)
		start := time.Now()
		p.want(p.post("4a"), 200, "ok")
		time.Sleep(15 * time.Second)
		p.want(p.post("4b"), 200, "ok")
		h.wantEnd(engineio.PingTimeout)
		about(t, "the end", start, 20*time.Second)
	})
}

func TestConformanceUnaskedPongs(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		start := time.Now()
		p, s := h.openPolling(), h.openSocket()
		time.Sleep(10 * time.Second)
		p.want(p.post("3"+strings.Repeat("\x1e3", 999)), 200, "ok")
		for range 1000 {
			s.send("3")
		}
		p.want(p.get(), 200, "2")
		about(t, "the ping on polling", start, 25*time.Second)
		s.want("2")
		about(t, "the ping on WebSocket", start, 25*time.Second)
		h.wantOpen(2)
	})
}

// Messages.
