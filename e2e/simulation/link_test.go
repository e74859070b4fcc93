package simulation

import (
	"net"
	"sync"
	"time"
)

// link is a connection with a latency, between a client and the server, that can be cut like a line in the real world: then
// what was on its way is lost, and an end may not hear of it.
type link struct {
	luck       luck          // fixed at birth
	latency    time.Duration // of every byte, at least; fixed at birth
	client     net.Conn      // the middle's end towards the client; fixed at birth
	server     net.Conn      // and towards the server; fixed at birth
	done       chan struct{} // closed when both ends are closed
	pumps      sync.WaitGroup
	mu         sync.Mutex
	muteUp     bool // nothing reaches the server any more; under mu
	muteDown   bool // nothing reaches the client any more; under mu
	serverHeld bool // the server is not told of the client's end; under mu
}

// damage is what a cut does.
type damage int

const (
	bothEnds   damage = iota // both hear of it
	clientOnly               // the server waits for its heartbeat to fail
	nobody                   // both do
	answers                  // nothing reaches the client, which hears of it when its heartbeat fails; the server gets all
	damages
)

// newLink returns the client's end of a link to the server.
func newLink(server net.Conn, latency time.Duration, u luck) (net.Conn, *link) {
	end, middle := net.Pipe()
	l := &link{luck: u, latency: latency, client: middle, server: server, done: make(chan struct{})}
	l.pumps.Go(func() { l.pump(l.server, l.client, &l.muteUp) })
	l.pumps.Go(func() { l.pump(l.client, l.server, &l.muteDown) })
	go func() {
		l.pumps.Wait()
		close(l.done)
	}()
	return end, l
}

// cut damages the link for ever.
func (l *link) cut(d damage) {
	l.mu.Lock()
	l.muteDown = true
	l.muteUp = l.muteUp || d != answers
	l.serverHeld = d == clientOnly || d == nobody
	l.mu.Unlock()
	if d == bothEnds || d == clientOnly {
		_ = l.client.Close() // of a pipe, which has no error to tell
	}
	if d == bothEnds {
		_ = l.server.Close()
	}
}

type chunk struct {
	data []byte
	due  time.Time
}

// pump carries bytes one way until the source ends, and then ends the other side, unless that is not to be told.
func (l *link) pump(to, from net.Conn, mute *bool) {
	queue := make(chan chunk, 1<<12)
	var writer sync.WaitGroup
	writer.Go(func() { l.write(to, queue, mute) })
	var last time.Time
	for buffer := make([]byte, 64<<10); ; {
		n, err := from.Read(buffer)
		last = l.due(last)
		if n > 0 {
			queue <- chunk{append([]byte(nil), buffer[:n]...), last}
		}
		if err != nil {
			break
		}
	}
	queue <- chunk{nil, last}
	close(queue)
	writer.Wait()
}

// due is when what is sent now arrives: not before what was sent earlier, and a little later each time, so that what the server
// does every second does not meet its own answers.
func (l *link) due(last time.Time) time.Time {
	due := time.Now().Add(l.latency + l.luck.now(7).within(time.Millisecond))
	if due.Before(last) {
		return last
	}
	return due
}

// write discards what the damage has swallowed, as a kernel's buffer would.
func (l *link) write(to net.Conn, queue <-chan chunk, mute *bool) {
	for c := range queue {
		time.Sleep(time.Until(c.due))
		l.mu.Lock()
		muted, held := *mute, l.serverHeld && to == l.server
		l.mu.Unlock()
		switch {
		case c.data == nil && !held:
			_ = to.Close()
		case c.data != nil && !muted:
			_, _ = to.Write(c.data) // or the other end is gone
		}
	}
}
