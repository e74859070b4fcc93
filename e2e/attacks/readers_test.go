package attacks

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
)

var slowReaders = flag.Int("slow-readers", 360, "clients that stop reading; from 1,000 on figures are measured, in windows that take turns with others who read")

const (
	devices     = 20 // connections of each user who does not read
	rounds      = 7
	window      = 3 * time.Second
	idleWorkers = 256              // that the poller's loops keep for their next turns
	goneAfter   = 11 * time.Second // a client that takes nothing has 10 s
)

// measured says whether figures are asserted that need the machine for themselves.
func measured() bool { return *slowReaders >= 1000 }

// closedAfter is how soon a client is closed when what may wait for it, or for all, is full.
func closedAfter() time.Duration {
	if measured() {
		return time.Second
	}
	return 5 * time.Second // other tests run too
}

// TestSlowReaders has clients that stop reading in conversations that get 200 messages a second, in turn with others who read on: what
// waits for them stays within the budget, those with the most are closed when it is spent, nobody else notices, and who comes back gets
// everything.
func TestSlowReaders(t *testing.T) {
	budget := max(1<<20, *slowReaders*3<<10)
	s := serve(t, machine.Build(t), "JWT_SECRET="+secret, fmt.Sprint("LIMITS=messages=off,events=off,userEvents=off,maxStuck=", budget))
	k := &trial{server: s, birds: s.chat(t), talk: s.newTalk(t), budget: budget}
	k.talk.to(t, []person{s.person()}, time.Second) // warms up
	start, err := s.usage()
	start.goroutines += idleWorkers
	if err != nil {
		t.Fatal(err)
	}
	if measured() {
		k.compare(t)
	} else {
		reading, stopped := k.reading(t, devices), k.stuck(t, true)
		if stopped.p50 > max(strict, lenient*reading.p50) { // other tests run too
			t.Errorf("half of the acknowledgements took %v, %v beside clients that read", stopped.p50, reading.p50)
		}
	}
	if err := s.settle(start); err != nil {
		t.Error(err)
	}
	if err := s.catchesUp(k.last, k.talk.sent[k.last.id]); err != nil {
		t.Error(err)
	}
	k.talk.line.close()
	k.birds.stopped(t)
}

// compare measures in windows that take turns, so that what disturbs the machine disturbs all.
func (k *trial) compare(t *testing.T) {
	t.Helper()
	var absent, reading, stopped figures
	for round := range rounds {
		absent = append(absent, k.reading(t, 0))
		reading = append(reading, k.reading(t, devices))
		stopped = append(stopped, k.stuck(t, round == rounds-1))
	}
	t.Logf("medians of %d windows: stopped: %v; reading: %v; nobody there: %v", rounds, stopped, reading, absent)
	if stopped.p99() > reading.p99()*3/2 {
		t.Errorf("99 of 100 acknowledgements took %v, %v beside clients that read", stopped.p99(), reading.p99())
	}
}

// trial is what a crowd does to those who chat beside it.
type trial struct {
	server *server
	birds  *canaries
	talk   *talk
	budget int    // bytes that may wait for clients that take nothing
	last   person // of those who did not read
}

// reading is a window with users who read, with so many connections each.
func (k *trial) reading(t *testing.T, each int) figure {
	t.Helper()
	crowd := k.server.gather(t, *slowReaders/devices, each)
	defer crowd.leave()
	return k.window(t, fmt.Sprintf("%d who read", len(crowd.members)), crowd)
}

// stuck is a window with a crowd that reads no more, which is judged.
func (k *trial) stuck(t *testing.T, last bool) figure {
	t.Helper()
	crowd := k.server.gather(t, *slowReaders/devices, devices)
	defer crowd.leave()
	k.last = crowd.users[0]
	crowd.stop(t)
	watched := k.server.watch(t)
	f := k.window(t, fmt.Sprintf("%d who do not", len(crowd.members)), crowd)
	if last && measured() {
		watched.await(t)
	}
	seen := watched.end(t)
	t.Logf("a budget of %d KiB: %v; closed within %v", k.budget>>10, seen, seen.closing(k.budget))
	seen.judge(t, k.budget)
	return f
}

// window sends a crowd messages, and has it ask for more, and returns how long those who chat waited for acknowledgements meanwhile.
func (k *trial) window(t *testing.T, what string, c *crowd) figure {
	t.Helper()
	done := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() { c.ask(window/2, done) })
	mark := k.birds.mark()
	ours, theirs := processorTime(t), k.server.processorTime(t)
	took := k.talk.to(t, c.users, window)
	ours, theirs = processorTime(t)-ours, k.server.processorTime(t)-theirs
	close(done)
	asking.Wait()
	f := newFigure(append(took, k.birds.after(mark)...))
	t.Logf("%s: %v; %v of CPU here, %v in the server", what, f, ours, theirs)
	return f
}

// processorTime is what this process has computed so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Round(10 * time.Millisecond)
}

func (s *server) processorTime(t *testing.T) time.Duration {
	t.Helper()
	at, err := s.sample()
	if err != nil {
		t.Fatal(err)
	}
	return at.computed
}

// figure is how long acknowledgements took, half of them and 99 of 100.
type figure struct{ p50, p99 time.Duration }

func newFigure(took []time.Duration) figure {
	slices.Sort(took)
	return figure{took[len(took)/2], took[len(took)*99/100]}
}

func (f figure) String() string { return fmt.Sprintf("p50 %v, p99 %v", f.p50, f.p99) }

// figures are those of several windows.
type figures []figure

// p99 returns the median.
func (all figures) p99() time.Duration {
	return all.median(func(f figure) time.Duration { return f.p99 })
}

func (all figures) median(of func(figure) time.Duration) time.Duration {
	var each []time.Duration
	for _, f := range all {
		each = append(each, of(f))
	}
	slices.Sort(each)
	return each[len(each)/2]
}

func (all figures) String() string {
	return figure{all.median(func(f figure) time.Duration { return f.p50 }), all.p99()}.String()
}

// TestFullOutbox has one client after the other ask for what is large and read nothing of it: each is closed as soon as its outbox is
// full, though much more may wait for all.
func TestFullOutbox(t *testing.T) {
	const bound = 256 << 10
	s := serve(t, machine.Build(t), "JWT_SECRET="+secret, fmt.Sprint("LIMITS=messages=off,events=off,userEvents=off,maxStuck=", 64*bound, ",maxOutbox=", bound))
	talk := s.newTalk(t)
	var longest time.Duration
	most := 0
	for range 5 {
		c := s.gather(t, 1, 1)
		talk.to(t, c.users, time.Second/perSecond) // one message, which is part of each answer
		c.stop(t)
		took, waited := s.fillOutbox(t, c.members[0], bound)
		longest, most = max(longest, took), max(most, waited)
		c.leave()
	}
	t.Logf("closed within %v; seen to wait at most %d KiB, of %d", longest.Round(time.Millisecond), most>>10, bound>>10)
	if most < bound/4 || most > bound {
		t.Error("no outbox was full, or one was fuller than that")
	}
	if longest > closedAfter() {
		t.Errorf("a client was closed only %v after its outbox was full", longest)
	}
	talk.line.close()
}

// fillOutbox has a member ask until it is closed, and returns how long it was there after the last moment at which its outbox was seen not to
// be full, and what was seen to wait for it.
func (s *server) fillOutbox(t *testing.T, m *member, bound int) (took time.Duration, most int) {
	t.Helper()
	watched := s.watch(t)
	before := watched.first.ended
	for m.ask() == nil {
		time.Sleep(10 * time.Millisecond) // so that it is seen to fill
	}
	closed := time.Now()
	watched.until(t, func(at sample) bool { return at.ended > before })
	var room time.Time
	seen := watched.end(t)
	for _, at := range seen {
		if at.ended == before && at.stuck <= bound {
			room = at.at
		}
	}
	return closed.Sub(room), seen.most()
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
