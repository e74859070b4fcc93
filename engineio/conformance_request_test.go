package engineio_test

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

func TestConformanceTwoGets(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		first := p.pending()
		if a := p.get(); a.status != 400 {
			t.Errorf("second GET answered %d %q", a.status, a.body)
		}
		p.want(<-first, 200, "1")
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
	})
}

func TestConformanceTwoPosts(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		first := p.unfinishedPost("4never")
		if a := p.post("4x"); a.status != 400 {
			t.Errorf("second POST answered %d %q", a.status, a.body)
		}
		p.want(<-get, 200, "1")
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
		if _, err := io.WriteString(first, "r"); err != nil {
			t.Fatal(err)
		}
		if a := p.answerOn(first); a.status != 400 {
			t.Errorf("first POST answered %d %q", a.status, a.body)
		}
	})
}

func TestConformanceGetCut(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		ctx, cut := context.WithCancel(t.Context())
		p.getLater(ctx)
		synctest.Wait()
		cut()
		h.wantEnd(engineio.TransportError)
		p.wantUnknown()
	})
}

func TestConformancePostCut(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		get := p.pending()
		if err := p.unfinishedPost("4hello").Close(); err != nil {
			t.Fatal(err)
		}
		h.wantEnd(engineio.TransportError)
		p.want(<-get, 200, "1")
		p.wantUnknown()
	})
}

// TestConformanceSlowPost: a body that does not come whole in time ends the session.
func TestConformanceSlowPost(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		start := time.Now()
		p.unfinishedPost("4hello")
		h.wantEnd(engineio.TransportError)
		about(t, "the end", start, 10*time.Second)
		p.wantUnknown()
	})
}

func TestConformanceBodyTooLarge(t *testing.T) {
	body := "4" + strings.Repeat("x", 1_000_000)
	for _, c := range []struct {
		name string
		body func() io.Reader
	}{
		{"declared", func() io.Reader { return strings.NewReader(body) }},
		{"chunked", func() io.Reader { return bufio.NewReader(strings.NewReader(body)) }}, // of a length that is not known
		{"multi-byte", func() io.Reader { return strings.NewReader("4" + strings.Repeat("€", 333_334)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, h *host) {
				p := h.openPolling()
				get := p.pending()
				a, err := p.fetch(t.Context(), "POST", p.query(), c.body())
				if err != nil {
					t.Fatal(err)
				}
				if a.status != 413 {
					t.Errorf("answered %d %q", a.status, a.body)
				}
				p.want(<-get, 200, "1") // and no echo
				h.wantEnd(engineio.TransportError)
				p.wantUnknown()
			})
		})
	}
}

func TestConformanceOctetStream(t *testing.T) {
	for _, kind := range []string{"application/octet-stream", "Application/Octet-Stream; x=y"} {
		inMemory(t, nil, func(t *testing.T, h *host) {
			p := h.openPolling()
			get := p.pending()
			if a := p.do("POST", p.query(), "4x", "Content-Type", kind); a.status != 400 {
				t.Errorf("answered %d %q", a.status, a.body)
			}
			p.want(<-get, 200, "1")
			h.wantEnd(engineio.TransportError)
			p.wantUnknown()
		})
	}
}

func TestConformanceOtherMethods(t *testing.T) {
	onBothNetworks(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"} {
			if a := h.do(method, p.query(), "4x"); a.status != 405 || a.header.Get("Allow") != "GET, POST" {
				t.Errorf("%s answered %d with %v", method, a.status, a.header)
			}
		}
		p.wantAlive()
		h.wantOpen(1)
	})
}

func TestConformanceTooManyPackets(t *testing.T) {
	inMemory(t, &engineio.Options{MaxPackets: 3}, func(t *testing.T, h *host) {
		p := h.openPolling()
		p.want(p.post("4a\x1e4b\x1e4c"), 200, "ok")
		p.want(p.get(), 200, "4a\x1e4b\x1e4c")
		p.post("3\x1e3\x1e3\x1e3")
		h.wantEnd(engineio.ParseError)
	})
}

// Closing.
