package gateway

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// line is a connection whose far end is slow, behind a buffer as kernels and routers have it.
type line struct {
	net.Conn
	perSecond int
	buffer    chan []byte
	rest      []byte
	ended     chan struct{} // closed by Close
	once      sync.Once
}

const buffered = 256 << 10 // bytes

// dialSlow makes what c dials slow to read.
func dialSlow(t *testing.T, c *http.Client, perSecond int) *http.Client {
	t.Helper()
	var pumps sync.WaitGroup
	dial := c.Transport.(*http.Transport).DialContext
	// A browser would ask for gzip; the stock client in Node does not.
	slow := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		const chunk = 512
		l := &line{Conn: conn, perSecond: perSecond, buffer: make(chan []byte, buffered/chunk), ended: make(chan struct{})}
		pumps.Go(func() { l.pump(chunk) })
		return l, nil
	}}
	t.Cleanup(func() {
		slow.CloseIdleConnections()
		pumps.Wait()
	})
	return &http.Client{Transport: slow}
}

// pump fills the buffer until the connection ends.
func (l *line) pump(chunk int) {
	defer close(l.buffer)
	for {
		b := make([]byte, chunk)
		n, err := l.Conn.Read(b)
		if n > 0 {
			select {
			case l.buffer <- b[:n]:
			case <-l.ended:
			}
		}
		if err != nil {
			return
		}
	}
}

// Read returns what has come through.
func (l *line) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		next, open := <-l.buffer
		if !open {
			return 0, net.ErrClosed
		}
		l.rest = next
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	select {
	case <-time.After(time.Duration(n) * time.Second / time.Duration(l.perSecond)):
		return n, nil
	case <-l.ended:
		return 0, net.ErrClosed
	}
}

// Close lets the pump end.
func (l *line) Close() error {
	l.once.Do(func() { close(l.ended) })
	return l.Conn.Close()
}

// TestSlowLine is hole 8: over 700 B/s all that waits arrives, on one connection, whose heartbeat neither end misses. The promise
// is 1 KB/s; the rest is for what HTTP and a busy machine add.
func TestSlowLine(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		const total = 5_000
		queue(h, ben, total)
		p := &tab{h: h, user: ben, transport: transport}
		client := siotest.Dial(t, h.server.URL, &siotest.Options{
			Client: dialSlow(t, h.server.Client, 700), Transport: transport, Timeout: time.Minute,
		})
		var mu sync.Mutex
		var heard []string
		last, longest := time.Now(), time.Duration(0)
		client.On("dock.flooded", func(packet siotest.Packet) []any {
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, time.Since(last))
			last = time.Now()
			heard = append(heard, p.take(packet))
			return nil
		})
		if _, err := client.Join("/", p.auth()); err != nil {
			t.Fatal(err)
		}
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(heard)
		}
		for begin := time.Now(); count() < total && client.Alive() && time.Since(begin) < 3*time.Hour; {
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if count() != total || !client.Alive() {
			t.Fatalf("%d of %d came; the connection is alive: %v", count(), total, client.Alive())
		}
		for i, number := range numbers(1, total) {
			if heard[i] != number {
				t.Fatalf("%s came in the place of %s", heard[i], number)
			}
		}
		if beat := 45 * time.Second; longest >= beat {
			t.Errorf("nothing came for %v: the stock client gives up after %v", longest, beat)
		}
	})
}

// queue commits many events for a user at once.
func queue(h *harbour, user dokkerr.ID, total int) {
	h.t.Helper()
	err := h.store.Update(h.t.Context(), func(tx dokkerr.Tx) error {
		for _, number := range numbers(1, total) {
			tx.Append(dokkerr.Entry{Time: dokkerr.TimeOf(time.Now()), Event: dokkerr.Event{
				Name: "dock.flooded", Data: []byte(`{"number":"` + number + `","text":"` + strings.Repeat("x", 150) + `"}`),
				To: []dokkerr.Recipient{{User: user}}, Durable: true,
			}})
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestManyEventsInOneCommit is hole 11: a healthy socket gets 5,000 at once and stays.
func TestManyEventsInOneCommit(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		const total = 5000
		p := &tab{h: h, user: ben, transport: transport}
		p.connect()
		queue(h, ben, total)
		time.Sleep(time.Minute)
		p.gets(numbers(1, total)...)
		if !p.Alive() {
			t.Error("the connection has ended")
		}
	})
}
