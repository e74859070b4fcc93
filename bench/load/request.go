package main

import (
	"fmt"
	"math/rand/v2"
)

// slotsPerClient is how many requests of one client may be outstanding.
const slotsPerClient = 8

// requests is the traffic of echo, unicast and messages: each asking client has some requests outstanding.
type requests struct {
	b         *bench
	askers    []*conn
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

func (t *requests) ack(c *conn, id uint32) {
	t.acks++
	if t.measuring {
		t.latencies.add(t.b.read - c.asked[id%slotsPerClient])
	}
	if t.refill {
		t.ask(c)
	}
}

func (t *requests) ask(c *conn) {
	t.asked++
	c.requests++
	c.asked[c.requests%slotsPerClient] = now()
	t.frame = t.next(t.frame[:0], c)
	t.b.send(c, t.frame)
}

// echo has every client ask for its own payload back.
func (b *bench) echo() error {
	payload := booking(0)
	t := &requests{b: b, askers: b.conns, next: func(dst []byte, c *conn) []byte { return b.dialect.appendEcho(dst, c.requests, payload) }}
	return t.measure("echo", 1)
}

// unicast has every client send to the room of a random other user.
func (b *bench) unicast() error {
	payloads := make([][]byte, b.options.clients)
	for i := range payloads {
		payloads[i] = message(i)
	}
	t := &requests{b: b, askers: b.conns, next: func(dst []byte, c *conn) []byte {
		to := rand.IntN(b.options.clients)
		b.conns[to].due++
		return b.dialect.appendUnicast(dst, c.requests, payloads[to])
	}}
	return t.measure("unicast", 1)
}

// messages has the first half of the clients send the product's messages to the second, each to one, with 1 and then with 8 outstanding.
func (b *bench) messages() error {
	senders := b.conns[:len(b.conns)/2]
	payloads := make([][]byte, len(senders))
	for i := range payloads {
		payloads[i] = chatMessage(i + len(senders))
	}
	t := &requests{b: b, askers: senders, next: func(dst []byte, c *conn) []byte {
		b.conns[c.index+len(senders)].due++
		return b.dialect.appendUnicast(dst, c.requests, payloads[c.index])
	}}
	if err := t.measure("m1", 1); err != nil {
		return err
	}
	return t.measure("m8", slotsPerClient)
}

// measure keeps a number of requests of each asker outstanding.
func (t *requests) measure(name string, outstanding int) error {
	t.b.traffic = t
	t.refill = true
	t.latencies.reset()
	for range outstanding {
		for _, c := range t.askers {
			t.ask(c)
		}
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
	t.b.result.Uneven = 0
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
