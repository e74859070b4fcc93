package main

import (
	"fmt"
	"math/rand/v2"
)

const (
	slotsPerClient = 32 // requests of one client that may be outstanding
	messagesAhead  = 8  // of one sender's messages
)

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
	c.acks++
	if t.measuring {
		t.latencies.add(t.b.read - c.asked[id%slotsPerClient])
	}
	if t.refill {
		t.ask(c, now())
	}
}

// ask sends a request that was due at a time.
func (t *requests) ask(c *conn, due int64) {
	t.asked++
	c.requests++
	c.asked[c.requests%slotsPerClient] = due
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

// messages has the first half of the clients send the product's messages to the second, each to one and each under a key of its
// own: with 1 and then with 8 outstanding, then on time at half of that rate.
func (b *bench) messages() error {
	senders := b.conns[:len(b.conns)/2]
	payloads := make([][]byte, len(senders))
	for i := range payloads {
		payloads[i] = chatMessage(i + len(senders))
	}
	t := &requests{b: b, askers: senders, next: func(dst []byte, c *conn) []byte {
		b.conns[c.index+len(senders)].due++
		return b.dialect.appendUnicast(dst, c.requests, withKey(payloads[c.index], c.index, c.requests))
	}}
	if err := t.measure("m1", 1); err != nil {
		return err
	}
	if err := t.measure("m8", messagesAhead); err != nil {
		return err
	}
	if err := t.halfLoad(b.result.Metrics["m8.per_s"] / 2); err != nil {
		return fmt.Errorf("half load: %w", err)
	}
	return nil
}

// halfLoad asks on time whatever the server does, one asker after the other, and measures from the due times.
func (t *requests) halfLoad(perSecond float64) error {
	t.latencies.reset()
	t.measuring = true
	before, err := t.b.usage()
	if err != nil {
		return err
	}
	interval, first, start := int64(1e9/perSecond), now(), t.acks
	for n, due := 0, first; due < first+int64(t.b.options.half); {
		if now() < due {
			if err := t.b.turn(due); err != nil {
				return err
			}
			continue
		}
		c := t.askers[n%len(t.askers)]
		if c.requests-c.acks == slotsPerClient {
			return fmt.Errorf("%d requests of one client outstanding at %.0f a second", slotsPerClient, perSecond)
		}
		t.ask(c, due)
		n, due = n+1, due+interval
	}
	end := t.acks
	after, err := t.b.usage()
	if err != nil {
		return err
	}
	t.measuring = false
	t.b.window("half", after.since(before), end-start)
	t.b.latency("half", &t.latencies)
	return t.drain()
}

// measure keeps a number of requests of each asker outstanding.
func (t *requests) measure(name string, outstanding int) error {
	t.b.traffic = t
	t.refill = true
	t.latencies.reset()
	for range outstanding {
		for _, c := range t.askers {
			t.ask(c, now())
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
