package main

import "time"

const settle = 5 * time.Second // from the last connect to the first reading

// resting is the traffic of clients that only answer pings.
type resting struct{}

func (resting) joined(*conn)           {}
func (resting) delivery(*conn, uint64) {}
func (resting) ack(*conn, uint32)      {}
func (resting) readDone()              {}

// idleWindow measures what connected clients cost that do nothing.
func (b *bench) idleWindow() error {
	b.traffic = resting{}
	if err := b.during(settle); err != nil {
		return err
	}
	settled, err := readMemory(b.server)
	if err != nil {
		return err
	}
	before, err := b.usage()
	if err != nil {
		return err
	}
	pongs := b.pongs
	if err := b.during(b.options.idle); err != nil {
		return err
	}
	after, err := b.usage()
	if err != nil {
		return err
	}
	late, err := readMemory(b.server)
	if err != nil {
		return err
	}
	n := float64(b.options.clients)
	b.window("idle", after.since(before), b.pongs-pongs)
	b.set("idle.rss_kib", (settled.rss-b.empty.rss)/n)
	b.set("idle.pss_kib", (settled.pss-b.empty.pss)/n)
	b.set("idle.anon_kib", (settled.anonymous-b.empty.anonymous)/n)
	b.set("idle.rss_after_kib", (late.rss-b.empty.rss)/n)
	b.set("idle.cpu_s_per_min", b.result.Metrics["idle.server_share"]*60)
	return nil
}
