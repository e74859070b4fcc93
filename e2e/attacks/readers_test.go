package attacks

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
)

var slowReaders = flag.Int("slow-readers", 360, "clients that stop reading; from 1,000 on the server is also waited for until nothing waits for them")

const (
	devices     = 20 // connections of each user who does not read
	perSecond   = 200
	idleWorkers = 256              // that the poller's loops keep for their next turns
	spentFor    = time.Second      // may the budget be
	goneAfter   = 11 * time.Second // a client that takes nothing has 10 s
)

// TestSlowReaders has clients that stop reading in conversations that get 200 messages a second: what waits for them stays within the
// budget, those with the most are closed when it is spent, nobody else notices, and who comes back gets everything.
func TestSlowReaders(t *testing.T) {
	budget := max(1<<20, *slowReaders*3<<10)
	s := serve(t, machine.Build(t), "JWT_SECRET="+secret, fmt.Sprint("LIMITS=messages=off,events=off,userEvents=off,maxStuck=", budget))
	birds := s.chat(t)
	talk := s.newTalk(t)
	before := talk.to(t, s.people(*slowReaders/devices))
	start, err := s.usage()
	start.goroutines += idleWorkers
	if err != nil {
		t.Fatal(err)
	}
	crowd := s.people(*slowReaders / devices)
	stuck := s.unread(t, crowd)
	watched := s.watch(t)
	asking := time.AfterFunc(time.Second, func() { askMuch(stuck) }) // of what nobody may drop or put off
	beside := talk.to(t, crowd)
	asking.Stop()
	if len(stuck) >= 1000 {
		watched.await(t)
	}
	seen := watched.end(t)
	t.Logf("%d slow readers, a budget of %d KiB: %v; 99 of 100 acknowledgements within %v, without them %v", len(stuck), budget>>10, seen, beside, before)
	seen.judge(t, budget)
	bound := max(strict, lenient*before) // other tests run too
	if *slowReaders >= 1000 {
		bound = max(strict/5, before*3/2)
	}
	if beside > bound {
		t.Errorf("99 of 100 acknowledgements took %v, %v without slow readers", beside, before)
	}
	for _, o := range stuck {
		o.close()
	}
	if err := s.settle(start); err != nil {
		t.Error(err)
	}
	if err := s.catchesUp(crowd[0], talk.sent[crowd[0].id]); err != nil {
		t.Error(err)
	}
	talk.line.close()
	birds.stopped(t)
}

func (s *server) people(n int) (all []person) {
	for range n {
		all = append(all, s.person())
	}
	return all
}

// unread connects the devices of users. They read no more once they are logged in.
func (s *server) unread(t *testing.T, users []person) (all []session) {
	t.Helper()
	little := net.Dialer{Timeout: patience, Control: keepLittle}
	for _, user := range users {
		for range devices {
			raw, err := little.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { raw.Close() })
			o, err := s.stream(&wire{raw, bufio.NewReaderSize(raw, 2<<10)})
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := connect(o, map[string]any{"token": user.token}); err != nil || !strings.HasPrefix(answer, "40") {
				t.Fatalf("CONNECT was answered %s, %v", answer, err)
			}
			all = append(all, o)
		}
	}
	return all
}

// askMuch has every other session ask for what is large, and that nobody may drop or put off.
func askMuch(all []session) {
	for i := 0; i < len(all); i += 2 {
		for range 8 {
			_ = all[i].send(`420["conversation.list",{}]`) // may be closed already
		}
	}
}

// keepLittle has both kernels keep little of what is not read: how much the sender's keeps grows with the size of segments.
func keepLittle(_, _ string, c syscall.RawConn) error {
	var buffer, segment error
	err := c.Control(func(fd uintptr) {
		buffer = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		segment = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536)
	})
	return errors.Join(err, buffer, segment)
}

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

// to sends users 200 large messages a second, in turn, for 3 s, and returns how long 99 of 100 acknowledgements took.
func (k *talk) to(t *testing.T, users []person) (p99 time.Duration) {
	t.Helper()
	content := strings.Repeat("x", 16_384)
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for range 3 * perSecond {
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
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		k.mu.Lock()
		left, err := len(k.began), k.err
		k.mu.Unlock()
		if err != nil || left > 0 && time.Now().After(deadline) {
			t.Fatalf("%d acknowledgements are missing: %v", left, err)
		}
		if left == 0 {
			break
		}
	}
	slices.Sort(k.took)
	p99 = k.took[len(k.took)*99/100]
	k.took = nil
	return p99
}

// catchesUp has a user come back, who gets each message once and in order.
func (s *server) catchesUp(user person, messages int) error {
	o, err := openStreaming(s)
	if err != nil {
		return err
	}
	defer o.close()
	if _, err := connect(o, map[string]any{"token": user.token}); err != nil {
		return err
	}
	for seq := 1; seq <= messages; {
		f, err := o.(*streaming).frame()
		if err != nil || f.op == opClose {
			return fmt.Errorf("%d of %d messages came: %w", seq-1, messages, errors.Join(err, io.EOF))
		}
		switch text := string(f.payload); {
		case text == "2":
			if err := o.send("3"); err != nil {
				return err
			}
		case strings.HasPrefix(text, `42["message.new"`) && strings.Contains(text, fmt.Sprintf(`"seq":%d}`, seq)):
			seq++
		case strings.HasPrefix(text, `42["message.new"`):
			return fmt.Errorf("message %d was due, not %.100s … %s", seq, text, text[max(0, len(text)-200):])
		}
	}
	return nil
}
