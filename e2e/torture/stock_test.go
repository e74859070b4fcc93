package torture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// stock is a process of stock clients, one Socket for each of its devices. It is told what to send, so that the history
// has the beginning of a send before the send.
type stock struct {
	process *exec.Cmd
	errors  bytes.Buffer // what it said before it ended
	read    sync.WaitGroup

	mu      sync.Mutex
	orders  io.WriteCloser // under mu
	devices map[string]*device
}

// news is a line of the process.
type news struct {
	Device    string
	Recovered *bool           // on a connect
	Message   *message        // that came
	Ack       json.RawMessage // the list of the pending send
	Refused   string
}

// startStock starts the process and opens a Socket for each device. The devices' packages are those of e2e.
func startStock(t *testing.T, devices []*device) *stock {
	t.Helper()
	if _, err := os.Stat("../node_modules/socket.io-client"); err != nil {
		t.Fatalf("%v; run make e2e/node_modules/.package-lock.json", err)
	}
	s := &stock{process: exec.Command("node", "stock.js"), devices: map[string]*device{}}
	s.process.Stderr = &s.errors
	orders, err := s.process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.orders = orders
	lines, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range devices {
		s.devices[d.name] = d
		d.stock, d.acks = s, make(chan json.RawMessage, 1)
		d.transports = [][]string{{"websocket"}, {"polling", "websocket"}, {"polling"}}[i%3]
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	s.read.Go(func() { s.listen(t, lines) })
	return s
}

// stop ends the process and what listens to it.
func (s *stock) stop(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	err := s.orders.Close()
	s.mu.Unlock()
	s.read.Wait()
	if ended := s.process.Wait(); err != nil || ended != nil {
		t.Errorf("the stock clients: %v, %v\n%s", err, ended, &s.errors)
	}
}

// order tells the process what one of its devices is to do.
func (s *stock) order(d *device, what string, value any) error {
	line, err := json.Marshal(map[string]any{"device": d.name, what: value})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.orders.Write(append(line, '\n'))
	return err
}

// listen takes what the process tells, in its order, until it ends.
func (s *stock) listen(t *testing.T, from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var n news
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			t.Errorf("the stock clients said %q: %v", lines.Bytes(), err)
			continue
		}
		s.take(t, s.devices[n.Device], n)
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

func (s *stock) take(t *testing.T, d *device, n news) {
	switch {
	case n.Message != nil:
		d.got(*n.Message)
	case n.Ack != nil:
		d.acks <- n.Ack
	case n.Recovered != nil:
		d.history.connected(*n.Recovered)
	default:
		t.Errorf("%s was refused: %s", d.name, n.Refused)
	}
}

// runStock has the device's Socket send, one message after the other, until no more are wanted, and listen until the process ends.
func (d *device) runStock(ctx context.Context, more func() bool) error {
	open := map[string]any{"url": d.stockURL, "token": d.token, "transports": d.transports}
	if err := d.stock.order(d, "open", open); err != nil {
		return err
	}
	for d.pending != "" || more() {
		payload := d.next()
		if err := d.stock.order(d, "send", payload); err != nil {
			return err
		}
		select {
		case ack := <-d.acks:
			if err := d.acked(ack); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
		case <-ctx.Done():
			return nil
		case <-time.After(ackWait):
			return fmt.Errorf("%s: %w: none for %s in %v", d.name, errWrong, d.pending, ackWait)
		}
	}
	return nil
}
