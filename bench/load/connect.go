package main

import "time"

const (
	handshakes   = 200 // in flight
	connectLimit = 60 * time.Second
)

// connecting is the traffic while clients connect.
type connecting struct {
	l     *loop
	ready int
	times *histogram // from connect() to the namespace's CONNECT reply
}

func (t *connecting) joined(c *conn) {
	t.ready++
	t.times.add(t.l.read - c.began)
}

func (t *connecting) delivery(*conn, uint64) {}
func (t *connecting) ack(*conn, uint32)      {}
func (t *connecting) readDone()              {}

// connect connects all clients, a number of handshakes at a time.
func (b *bench) connect() error {
	t := &connecting{l: b.loop, times: new(histogram)}
	b.traffic = t
	before, err := b.usage()
	if err != nil {
		return err
	}
	var failed error
	err = b.until(connectLimit, "connecting", func() bool {
		for len(b.conns) < b.options.clients && len(b.conns)-t.ready < handshakes && failed == nil {
			failed = b.dial(b.tokens[len(b.conns)])
		}
		return t.ready == b.options.clients || failed != nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	after, err := b.usage()
	if err != nil {
		return err
	}
	b.window("connect", after.since(before), int64(b.options.clients))
	b.latency("connect", t.times)
	if b.options.scenario != "connect" {
		b.result.Foreign = 0 // what counts is the scenario's own windows
	}
	return nil
}
