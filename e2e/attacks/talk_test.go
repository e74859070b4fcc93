package attacks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const perSecond = 200 // messages

// talk is somebody's messages to many.
type talk struct {
	line *streaming
	sent map[string]int // by recipient
	next int

	mu    sync.Mutex
	began map[int]time.Time // the messages that wait for their acknowledgement; under mu
	took  []time.Duration   // under mu
	err   error             // under mu
}

func (s *server) newTalk(t *testing.T) *talk {
	t.Helper()
	o, _, err := s.joined("websocket")
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{line: o.(*streaming), sent: map[string]int{}, began: map[int]time.Time{}}
	if err := k.line.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go k.listen()
	return k
}

// listen ends with the line.
func (k *talk) listen() {
	for {
		f, err := k.line.frame()
		if err != nil || f.op == opClose {
			k.fail(fmt.Errorf("disconnected: %v", err))
			return
		}
		text := string(f.payload)
		if text == "2" {
			k.fail(k.line.send("3"))
		} else if ack, found := strings.CutPrefix(text, "43"); found {
			k.acknowledged(ack)
		}
	}
}

func (k *talk) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = errors.Join(k.err, err)
}

func (k *talk) acknowledged(text string) {
	digits, answer, _ := strings.Cut(text, "[")
	n, err := strconv.Atoi(digits)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil || strings.Contains(answer, `"error"`) {
		k.err = errors.Join(k.err, fmt.Errorf("acknowledged with %.200s", text))
	}
	k.took = append(k.took, time.Since(k.began[n]))
	delete(k.began, n)
}

// to sends users 200 large messages a second, in turn, for a while, and returns how long the acknowledgements took.
func (k *talk) to(t *testing.T, users []person, during time.Duration) (took []time.Duration) {
	t.Helper()
	content := strings.Repeat("x", 16_384)
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for range int(during.Seconds() * perSecond) {
		<-tick.C
		user := users[k.next%len(users)]
		k.next++
		k.sent[user.id]++
		k.mu.Lock()
		k.began[k.next] = time.Now()
		k.mu.Unlock()
		if err := k.line.send(fmt.Sprintf(`42%d["message.new",{"recipientId":%q,"content":%q,"type":"text"}]`, k.next, user.id, content)); err != nil {
			t.Fatal(err)
		}
	}
	return k.settled(t)
}

// settled waits for the acknowledgements that are missing, and returns how long all took.
func (k *talk) settled(t *testing.T) (took []time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		k.mu.Lock()
		left, err := len(k.began), k.err
		if left == 0 {
			took, k.took = k.took, nil
		}
		k.mu.Unlock()
		if err != nil || left > 0 && time.Now().After(deadline) {
			t.Fatalf("%d acknowledgements are missing: %v", left, err)
		}
		if left == 0 {
			return took
		}
	}
}
