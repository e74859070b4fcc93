package attacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// canaries are people who chat in pairs while a server is attacked, and must not notice.
type canaries struct {
	stop chan struct{}
	all  sync.WaitGroup

	mu      sync.Mutex
	took    []time.Duration // from a message to its acknowledgement; under mu
	sent    int             // under mu
	heard   int             // by the other; under mu
	trouble []string        // under mu
}

const (
	pairs     = 2
	chatEvery = 125 * time.Millisecond // each of a pair
)

// chat starts canaries, which end with stopped.
func (s *server) chat(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{stop: make(chan struct{})}
	for range pairs {
		a, b := s.person(), s.person()
		c.add(t, s, a, b.id)
		c.add(t, s, b, a.id)
	}
	return c
}

func (c *canaries) add(t *testing.T, s *server, who person, other string) {
	t.Helper()
	w, err := openStreaming(s)
	if err != nil {
		t.Fatal(err)
	}
	line := w.(*streaming)
	if answer, err := connect(line, map[string]any{"token": who.token}); err != nil || !strings.HasPrefix(answer, "40") {
		t.Fatalf("a canary was answered %s, %v", answer, err)
	}
	if err := line.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	b := &bird{canaries: c, line: line, other: other, acks: make(chan struct{}, 8)}
	c.all.Go(b.listen)
	c.all.Go(b.sing)
}

// bird is one of them. It sends one message after the other.
type bird struct {
	*canaries
	line  *streaming
	other string
	acks  chan struct{} // of the one message that waits
}

func (b *bird) listen() {
	for {
		f, err := b.line.frame()
		if err != nil || f.op == opClose {
			select {
			case <-b.stop:
			default:
				b.complain("disconnected: %v", err)
			}
			return
		}
		switch text := string(f.payload); {
		case text == "2":
			b.write("3") // at once: it says that the acknowledgement behind the ping has come, and the next message is no retry
		case f.op == opPing:
			b.write("pong")
		case strings.HasPrefix(text, "43"):
			if strings.Contains(text, `"error"`) {
				b.complain("refused: %s", text)
			}
			b.acks <- struct{}{}
		case strings.HasPrefix(text, `42["message.new"`):
			b.mu.Lock()
			b.heard++
			b.mu.Unlock()
		}
	}
}

func (b *bird) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = append(b.trouble, fmt.Sprintf(format, args...))
}

func (b *bird) sing() {
	defer b.line.close()
	tick := time.NewTicker(chatEvery)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-b.stop:
			return
		case <-tick.C:
			n++
			if !b.say(n) {
				return
			}
		}
	}
}

// say sends a message and waits for its acknowledgement.
func (b *bird) say(n int) bool {
	text, err := json.Marshal([]any{"message.new", map[string]string{"recipientId": b.other, "content": "all is well", "type": "text"}})
	if err != nil {
		b.complain("%v", err)
		return false
	}
	from := time.Now()
	b.write("42" + strconv.Itoa(n) + string(text))
	select {
	case <-b.acks:
	case <-time.After(patience):
		b.complain("message %d was not acknowledged", n)
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = append(b.took, time.Since(from))
	b.sent++
	return true
}

func (b *bird) write(packet string) {
	f := frame{op: opText, payload: packet}
	if packet == "pong" {
		f = frame{op: opPong}
	}
	if err := b.line.write(join(f)); err != nil {
		b.complain("%v", err)
	}
}

// mark is a moment in what the canaries saw.
func (c *canaries) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.took)
}

// after returns how long each acknowledgement after a mark took.
func (c *canaries) after(mark int) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.took[mark:])
}

// since tells how long the acknowledgements after a mark took: 99 of 100, and all.
func (c *canaries) since(mark int) (p99, longest time.Duration, count int) {
	took := c.after(mark)
	slices.Sort(took)
	if len(took) == 0 {
		return 0, 0, 0
	}
	return took[(len(took)*99+99)/100-1], took[len(took)-1], len(took)
}

// but tells how long the acknowledgements after a mark took, but for the longest ones.
func (c *canaries) but(longest, mark int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := slices.Sorted(slices.Values(c.took[mark:]))
	if len(took) <= longest {
		return 0
	}
	return took[len(took)-1-longest]
}

// stopped ends the canaries and says what they noticed.
func (c *canaries) stopped(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); !c.whole() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	close(c.stop)
	c.mu.Lock()
	t.Logf("canaries: %d messages sent, %d heard", c.sent, c.heard)
	if c.heard < c.sent {
		c.trouble = append(c.trouble, "messages were not heard")
	}
	for _, text := range c.trouble {
		t.Error("a canary noticed:", text)
	}
	c.mu.Unlock()
	c.all.Wait()
}

func (c *canaries) whole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard >= c.sent
}
