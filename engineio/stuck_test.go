package engineio_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

// TestStuckClientsShareABudget: those for which most waits are ended when it is spent, and nobody else.
func TestStuckClientsShareABudget(t *testing.T) {
	inMemory(t, &engineio.Options{MaxStuck: 100_000}, func(t *testing.T, h *host) {
		frame := textFrame(strings.Repeat("x", 10_000))
		fat, lean := h.openPolling(), h.openPolling()
		fatSession, leanSession := h.opened(), h.opened()
		lean.want(lean.post("4kept"), 200, "ok")
		for range 8 {
			fatSession.Send(frame)
		}
		if stuck := h.srv.Stuck(); stuck < 80_000 || stuck > 82_000 {
			t.Errorf("%d bytes are stuck, want about 80,000", stuck)
		}
		leanSession.Send(frame)
		synctest.Wait()
		h.wantOpen(2)
		leanSession.Send(frame)
		synctest.Wait()
		h.wantEnd(engineio.SlowReader)
		fat.wantUnknown()
		if stuck := h.srv.Stuck(); stuck < 20_000 || stuck > 21_000 {
			t.Errorf("%d bytes are stuck, want about 20,000", stuck)
		}
		if a := lean.get(); a.status != 200 || !strings.HasPrefix(a.body, "4kept\x1e4xxx") || len(a.body) < 20_000 {
			t.Errorf("the other one got %d, %d bytes", a.status, len(a.body))
		}
		lean.pending()
		if stuck := h.srv.Stuck(); stuck != 0 {
			t.Errorf("%d bytes are stuck when all was taken", stuck)
		}
	})
}

// TestReadersCostNoBudget: what is on its way to clients that take it is not counted, whatever it is; of one that polls no more than the
// latest answer is.
func TestReadersCostNoBudget(t *testing.T) {
	inMemory(t, &engineio.Options{MaxStuck: 5}, func(t *testing.T, h *host) {
		s := h.openSocket()
		for range 100 {
			s.wantAlive()
		}
		p := h.openPolling()
		h.opened()
		session := h.opened()
		for range 100 {
			pending := p.pending()
			session.Send(textFrame("news"))
			h.want(<-pending, 200, "4news")
		}
		h.wantOpen(2)
		if stuck := h.srv.Stuck(); stuck != 5 {
			t.Errorf("%d bytes are stuck, want the latest answer's 5", stuck)
		}
	})
}

// TestBudgetHoldsAtRest: who is charged while others are being ended is not overlooked.
func TestBudgetHoldsAtRest(t *testing.T) {
	const most = 100_000
	frame := textFrame(strings.Repeat("x", 10_000))
	for range 100 {
		inMemory(t, &engineio.Options{MaxStuck: most}, func(t *testing.T, h *host) {
			var all sync.WaitGroup
			for range 30 {
				h.openPolling()
				s := h.opened()
				all.Go(func() { s.Send(frame) })
			}
			all.Wait()
			synctest.Wait()
			if stuck := h.srv.Stuck(); stuck > most {
				t.Fatalf("%d bytes are stuck and nobody is ended", stuck)
			}
		})
	}
}

// TestKeptAnswersCount: the answer to a poll is kept until the client polls again, and costs the budget until then.
func TestKeptAnswersCount(t *testing.T) {
	inMemory(t, &engineio.Options{MaxStuck: 100_000}, func(t *testing.T, h *host) {
		fat, lean := h.openPolling(), h.openPolling()
		fatSession, leanSession := h.opened(), h.opened()
		fatSession.Send(textFrame(strings.Repeat("x", 60_000)))
		fat.get()
		leanSession.Send(textFrame(strings.Repeat("x", 50_000)))
		synctest.Wait()
		h.wantEnd(engineio.SlowReader)
		fat.wantUnknown()
		lean.get()
		if stuck := h.srv.Stuck(); stuck != 50_001 {
			t.Errorf("%d bytes are stuck, want the one answer's 50,001", stuck)
		}
		lean.pending()
		if stuck := h.srv.Stuck(); stuck != 0 {
			t.Errorf("%d bytes are stuck when all was taken", stuck)
		}
	})
}

// TestAnswersThatNobodyReads: at most one is held for a session, and none for one that has ended, whatever WriteTimeout is.
func TestAnswersThatNobodyReads(t *testing.T) {
	large := textFrame(strings.Repeat("x", 60_000))
	for name, gone := range map[string]func(h *host, p *poller, s *engineio.Session){
		"polls again": func(_ *host, p *poller, _ *engineio.Session) { p.pending() },
		"upgrades":    func(_ *host, p *poller, _ *engineio.Session) { p.probe().send("5") },
		"has ended":   func(_ *host, p *poller, _ *engineio.Session) { p.post("x") },
		"budget spent": func(h *host, _ *poller, _ *engineio.Session) {
			h.openPolling()
			h.opened().Send(textFrame(strings.Repeat("x", 50_000)))
			h.wantEnd(engineio.SlowReader)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, &engineio.Options{MaxStuck: 100_000, WriteTimeout: time.Hour}, func(t *testing.T, h *host) {
				p := h.openPolling()
				s := h.opened()
				s.Send(large)
				c := p.unread()
				if stuck := h.srv.Stuck(); stuck != 60_001 {
					t.Errorf("%d bytes are stuck, want the answer's 60,001", stuck)
				}
				gone(h, p, s)
				time.Sleep(time.Second)
				if n, err := io.Copy(io.Discard, c); n > 60_000 || err != nil {
					t.Errorf("%d bytes and %v after a second, want a connection cut before", n, err)
				}
			})
		})
	}
}

// TestAnswerOnItsWayArrives: what is being written when the session ends is not torn off at once.
func TestAnswerOnItsWayArrives(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, h *host) {
		p := h.openPolling()
		h.opened().Send(textFrame(strings.Repeat("x", 60_000)))
		c := p.unread()
		p.post("no packet")
		h.wantEnd(engineio.ParseError)
		a, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(a.Body); len(body) != 60_001 || err != nil {
			t.Errorf("%d bytes and %v, want all 60,001", len(body), err)
		}
	})
}

// TestBurstEndsSoon: a client whose outbox a burst has filled, and that does not take the end, is not waited for as long as others.
func TestBurstEndsSoon(t *testing.T) {
	h := overTCP(t, &engineio.Options{MaxOutbox: 100_000})
	h.openSocket() // reads nothing from here on
	frame := textFrame(strings.Repeat("x", 60_000))
	from := time.Now()
	h.opened().Send(frame, frame)
	h.wantEnd(engineio.SlowReader)
	for h.srv.Sessions() > 0 {
		if time.Since(from) > 2*time.Second {
			t.Fatal("the connection is not closed 2 s later")
		}
		time.Sleep(time.Millisecond)
	}
	t.Logf("closed after %v", time.Since(from).Round(time.Millisecond))
}

// TestStuckWebSocket: one that does not read is counted, ended at once when the budget is spent, and healed by reading in time.
func TestStuckWebSocket(t *testing.T) {
	inMemory(t, &engineio.Options{MaxStuck: 100_000, WriteTimeout: time.Minute}, func(t *testing.T, h *host) {
		s := h.openSocket() // reads nothing from here on
		session := h.opened()
		frame := textFrame(strings.Repeat("x", 10_000))
		for range 3 {
			session.Send(frame)
			synctest.Wait()
		}
		for range 3 {
			s.want("4" + strings.Repeat("x", 10_000))
		}
		synctest.Wait()
		if stuck := h.srv.Stuck(); stuck != 0 {
			t.Errorf("%d bytes are stuck when all was read", stuck)
		}
		for range 11 {
			session.Send(frame)
			synctest.Wait()
		}
		h.wantEnd(engineio.SlowReader)
		if stuck := h.srv.Stuck(); stuck != 0 {
			t.Errorf("%d bytes are stuck without a session", stuck)
		}
	})
}

// TestBusyReaderIsNoDeadPeer: while the server holds up the reading of what a client has sent, a pong behind it is not missed.
func TestBusyReaderIsNoDeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := &holdUp{echo: newEcho(), until: release}
		bubbleOf(t, nil, e, func(l *pipeListener) {
			p := l.dialWebSocket(t, "")
			p.frame()
			p.send("4held up")
			synctest.Wait()
			time.Sleep(3 * time.Minute)
			if len(e.closed) > 0 {
				t.Fatalf("ended: %s", <-e.closed)
			}
			close(release)
			for p.frame() != "4held up" {
			}
			p.send("3")
			time.Sleep(20 * time.Second)
			if len(e.closed) > 0 {
				t.Fatalf("ended: %s", <-e.closed)
			}
			p.conn.Close()
		})
	})
}

// holdUp is an echo whose messages are held up.
type holdUp struct {
	*echo
	until chan struct{}
}

func (h *holdUp) Message(s *engineio.Session, m engineio.Message) {
	<-h.until
	h.echo.Message(s, m)
}

type visit struct{ ends atomic.Int32 }

func (v *visit) End() { v.ends.Add(1) }

// TestConformanceVisits: who was admitted is told of the end once, however it comes, and also when nothing came of the handshake.
func TestConformanceVisits(t *testing.T) {
	var visits []*visit
	options := &engineio.Options{Admit: func(*http.Request) (engineio.Visit, error) {
		visits = append(visits, new(visit))
		return visits[len(visits)-1], nil
	}}
	inMemory(t, options, func(t *testing.T, h *host) {
		ends := func(want ...int32) {
			t.Helper()
			synctest.Wait()
			if len(visits) != len(want) {
				t.Fatalf("%d visits, want %d", len(visits), len(want))
			}
			for i, v := range visits {
				if got := v.ends.Load(); got != want[i] {
					t.Errorf("visit %d ended %d times, want %d", i, got, want[i])
				}
			}
		}
		p := h.openPolling()
		session := h.opened()
		if session.Request().Visit != visits[0] {
			t.Error("the session does not know its visit")
		}
		p.probe().send("5")
		ends(0)
		h.openSocket()
		h.opened().Close("enough")
		time.Sleep(3 * time.Second)
		ends(0, 1)
		if _, a := h.handshake("EIO=4&transport=websocket", nil, "Sec-WebSocket-Version", "8"); a.status == 101 {
			t.Error("a handshake of another version was taken")
		}
		ends(0, 1, 1)
		session.Close("enough")
		time.Sleep(3 * time.Second)
		ends(1, 1, 1)
	})
}

// TestTinyPacketsFillAnOutbox: what a packet costs beside its bytes counts too, so that MaxOutbox bounds the memory of tiny ones.
func TestTinyPacketsFillAnOutbox(t *testing.T) {
	inMemory(t, &engineio.Options{MaxOutbox: 64 << 10}, func(t *testing.T, h *host) {
		h.openPolling()
		session := h.opened()
		tiny := textFrame("x")
		for range 900 {
			session.Send(tiny)
		}
		synctest.Wait()
		h.wantOpen(1)
		for range 200 {
			session.Send(tiny)
		}
		synctest.Wait()
		h.wantEnd(engineio.SlowReader)
	})
}

// TestStrangersSaySoMuch: until a client is trusted all that it sends counts, over every transport and both together.
func TestStrangersSaySoMuch(t *testing.T) {
	inMemory(t, &engineio.Options{MaxUntrusted: 1000}, func(t *testing.T, h *host) {
		word := "4" + strings.Repeat("x", 299)
		p := h.openPolling()
		h.opened()
		for range 3 {
			p.want(p.post(word), 200, "ok")
		}
		if a := p.post(word); a.status != 413 {
			t.Errorf("1,200 bytes of a stranger: %d", a.status)
		}
		h.wantEnd(engineio.TransportError)

		s := h.openSocket()
		h.opened()
		for range 4 {
			s.send(word)
		}
		h.wantEnd(engineio.TransportError)
		s.rest()
		synctest.Wait() // the connection is closed too

		trusted := h.openPolling()
		h.opened().Trust()
		for range 5 {
			trusted.want(trusted.post(word), 200, "ok")
		}
		h.wantOpen(1)
	})
}
