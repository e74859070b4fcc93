package main

import (
	"fmt"
	"time"
)

const (
	slots      = 1024 // broadcasts whose deliveries can be counted at once
	drainLimit = 10 * time.Second
)

// broadcasts is the traffic of fan-out: client 0 emits, everybody receives.
type broadcasts struct {
	b         *bench
	sent      uint64
	completed uint64       // read by all
	due       [slots]int64 // by sequence: when it was sent or should have been
	readers   [slots]int32 // by sequence: how many have read it
	refill    bool         // closed loop: a completed broadcast is followed by another
	pending   int          // completed during this read
	latencies *histogram   // nil: not measured
	total     int64        // deliveries
	frames    []byte       // reused
}

func (t *broadcasts) joined(*conn)      {}
func (t *broadcasts) ack(*conn, uint32) {}

func (t *broadcasts) delivery(c *conn, seq uint64) {
	c.received++
	t.total++
	slot := seq % slots
	t.readers[slot]++
	if t.latencies != nil {
		t.latencies.add(t.b.read - t.due[slot])
	}
	if int(t.readers[slot]) == t.b.options.clients {
		t.completed++
		t.pending++
	}
}

// readDone sends the followers of what one read completed, together.
func (t *broadcasts) readDone() {
	if t.pending > 0 && t.refill {
		t.send(t.pending, now())
	}
	t.pending = 0
}

func (t *broadcasts) send(n int, due int64) {
	t.frames = t.frames[:0]
	for range n {
		t.due[t.sent%slots] = due
		t.readers[t.sent%slots] = 0
		t.frames = t.b.dialect.appendBroadcast(t.frames, booking(t.sent))
		t.sent++
	}
	t.b.loop.send(t.b.conns[0], t.frames)
}

// fanout measures saturation with 1 and with 8 broadcasts outstanding, then the latency at half the first load.
func (b *bench) fanout() error {
	t := &broadcasts{b: b}
	b.traffic = t
	for _, outstanding := range []int{1, 8} {
		if err := t.saturate(outstanding); err != nil {
			return fmt.Errorf("%d outstanding: %w", outstanding, err)
		}
	}
	if err := t.halfLoad(b.result.Metrics["w1.per_s"] / 2 / float64(b.options.clients)); err != nil {
		return fmt.Errorf("half load: %w", err)
	}
	return nil
}

func (t *broadcasts) saturate(outstanding int) error {
	t.refill = true
	t.send(outstanding, now())
	if err := t.b.during(t.b.options.warm); err != nil {
		return err
	}
	start, before, err := t.mark()
	if err != nil {
		return err
	}
	if err := t.b.during(t.b.options.measure); err != nil {
		return err
	}
	end, after, err := t.mark()
	if err != nil {
		return err
	}
	t.b.window(fmt.Sprintf("w%d", outstanding), after.since(before), end-start)
	if err := t.drain(); err != nil {
		return err
	}
	return t.b.distance()
}

// halfLoad sends on time whatever the server does, and measures from the due times.
func (t *broadcasts) halfLoad(perSecond float64) error {
	t.latencies = new(histogram)
	interval := int64(1e9 / perSecond)
	start, before, err := t.mark()
	if err != nil {
		return err
	}
	first := now()
	for due := first; due < first+int64(t.b.options.half); {
		if now() < due {
			if err := t.b.turn(due); err != nil {
				return err
			}
			continue
		}
		if t.sent-t.completed == slots {
			return fmt.Errorf("%d broadcasts outstanding at %.1f a second", slots, perSecond)
		}
		t.send(1, due)
		due += interval
	}
	end, after, err := t.mark()
	if err != nil {
		return err
	}
	t.b.window("half", after.since(before), end-start)
	if err := t.drain(); err != nil {
		return err
	}
	t.b.latency("half", t.latencies)
	return nil
}

func (t *broadcasts) mark() (deliveries int64, u usage, err error) {
	u, err = t.b.usage()
	return t.total, u, err
}

// drain waits for all that is under way and counts what is missing.
func (t *broadcasts) drain() error {
	t.refill = false
	deadline := now() + int64(drainLimit)
	for t.completed < t.sent && now() < deadline {
		if err := t.b.turn(deadline); err != nil {
			return err
		}
	}
	t.b.result.Lost = int64(t.sent)*int64(t.b.options.clients) - t.total
	t.b.result.Uneven = 0
	for _, c := range t.b.conns {
		if uint64(c.received) != t.sent {
			t.b.result.Uneven++
		}
	}
	if t.completed < t.sent {
		return fmt.Errorf("%d deliveries lost", t.b.result.Lost)
	}
	return nil
}
