package main

import (
	"fmt"
	"math/rand/v2"
)

// requests is the traffic of echo and unicast: every client has one request outstanding.
type requests struct {
	b         *bench
	next      func(dst []byte, c *conn) []byte
	refill    bool
	measuring bool
	latencies histogram
	acks      int64
	asked     int64
	total     int64 // deliveries
	frame     []byte
}

func (t *requests) joined(*conn) {}
func (t *requests) readDone()    {}

func (t *requests) delivery(c *conn, _ uint64) {
	c.received++
	t.total++
}

func (t *requests) ack(c *conn) {
	t.acks++
	if t.measuring {
		t.latencies.add(t.b.read - c.asked)
	}
	if t.refill {
		t.ask(c)
	}
}

func (t *requests) ask(c *conn) {
	t.asked++
	c.requests++
	c.asked = now()
	t.frame = t.next(t.frame[:0], c)
	t.b.send(c, t.frame)
}

// echo has every client ask for its own payload back.
func (b *bench) echo() error {
	payload := booking(0)
	t := &requests{b: b, next: func(dst []byte, c *conn) []byte { return b.dialect.appendEcho(dst, c.requests, payload) }}
	return t.measure("echo")
}

// unicast has every client send to the room of a random other user.
func (b *bench) unicast() error {
	payloads := make([][]byte, b.options.clients)
	for i := range payloads {
		payloads[i] = message(i)
	}
	t := &requests{b: b, next: func(dst []byte, c *conn) []byte {
		to := rand.IntN(b.options.clients)
		b.conns[to].due++
		return b.dialect.appendUnicast(dst, c.requests, payloads[to])
	}}
	return t.measure("unicast")
}

func (t *requests) measure(name string) error {
	t.b.traffic = t
	t.refill = true
	for _, c := range t.b.conns {
		t.ask(c)
	}
	if err := t.b.during(t.b.options.warm); err != nil {
		return err
	}
	before, err := t.b.usage()
	if err != nil {
		return err
	}
	start := t.acks
	t.measuring = true
	if err := t.b.during(t.b.options.measure); err != nil {
		return err
	}
	t.measuring = false
	end := t.acks
	after, err := t.b.usage()
	if err != nil {
		return err
	}
	t.b.window(name, after.since(before), end-start)
	t.b.latency(name, &t.latencies)
	return t.drain()
}

// drain waits for all acknowledgements and deliveries, and counts what is missing.
func (t *requests) drain() error {
	t.refill = false
	var due int64
	for _, c := range t.b.conns {
		due += int64(c.due)
	}
	err := t.b.until(drainLimit, "the last messages", func() bool { return t.acks == t.asked && t.total >= due })
	t.b.result.Lost = t.asked - t.acks + due - t.total
	for _, c := range t.b.conns {
		if c.received != c.due {
			t.b.result.Uneven++
		}
	}
	if err != nil {
		return fmt.Errorf("%d messages lost: %w", t.b.result.Lost, err)
	}
	return nil
}
