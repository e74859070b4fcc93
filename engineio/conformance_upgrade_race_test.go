package engineio_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/engineio"
)

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
