package netpoll

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestStaleEvent has an event come for a file descriptor that meanwhile belongs to another
// connection. The kernel forgets a file with its last descriptor only, so
// that a duplicate (a fork makes one, until it executes) keeps the first one watched.
func TestStaleEvent(t *testing.T) {
	p := newPoller(t, &Options{Loops: 1})
	oldClient, old := add(t, p, calls{})
	fd := int(old.(*parked).fd)
	keep, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(keep)
	heard := make(chan struct{}, 1)
	markClient, _ := add(t, p, calls{readable: func(c Conn) {
		if got, _ := readAll(c); len(got) > 0 {
			signal(heard, struct{}{})
		}
	}})
	_, server := pair(t)
	occupyBelow(t, fd)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	called := make(chan struct{}, 1)
	c, err := p.Add(server, nil, calls{readable: func(Conn) { signal(called, struct{}{}) }})
	if err != nil {
		t.Fatal(err)
	}
	if got := int(c.(*parked).fd); got != fd {
		t.Fatalf("the new connection has file descriptor %d, not %d: this test tests nothing", got, fd)
	}

	write(t, oldClient, "x")
	write(t, markClient, "x")
	receive(t, heard, "the event behind the stale one")
	for c.(*parked).reading.calls.Load() != 0 {
		runtime.Gosched() // a turn that the stale event began has to show
	}
	select {
	case <-called:
		t.Error("the new connection got an event of the old one")
	default:
	}

	// Without the difference in generation the same event gets through.
	l := c.(*parked).loop
	l.mu.Lock()
	c.(*parked).generation = old.(*parked).generation
	l.mu.Unlock()
	write(t, oldClient, "x")
	receive(t, called, "the stale event: something else than the generation stops it")
}

// occupyBelow takes all free file descriptors up to fd.
func occupyBelow(t *testing.T, fd int) {
	t.Helper()
	for {
		got, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(got) })
		if got > fd {
			return
		}
	}
}

func TestAddWithoutFileDescriptors(t *testing.T) {
	p := newPoller(t, nil)
	client, server := pair(t)
	defer server.Close()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Add(server, nil, calls{})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v", err)
	}
	write(t, server, "still mine")
	expect(t, client, "still mine")
}

func TestFileDescriptorsAreLetGo(t *testing.T) {
	p := newPoller(t, nil)
	open(t, p)
	before := openFiles(t)
	for range 20 {
		client, c := add(t, p, calls{})
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		client.Close()
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
	for _, l := range p.epoll.loops {
		for _, c := range l.conns {
			if c != nil {
				t.Error("a closed connection is still known")
			}
		}
	}
}

// TestManyEventsAtOnce has more events come than are taken at once.
func TestManyEventsAtOnce(t *testing.T) {
	p := newPoller(t, &Options{Loops: 1})
	const n = 3 * batch
	read := make(chan struct{}, n)
	var clients []*net.TCPConn
	for range n {
		client, _ := add(t, p, calls{readable: func(c Conn) {
			if got, _ := readAll(c); len(got) > 0 {
				read <- struct{}{}
			}
		}})
		clients = append(clients, client)
	}
	l := p.epoll.loops[0]
	l.mu.Lock() // holds the loop at its first event
	for _, client := range clients {
		write(t, client, "x")
	}
	l.mu.Unlock()
	for range n {
		receive(t, read, "Readable")
	}
}

func TestNotInheritedByChildren(t *testing.T) {
	p := newPoller(t, &Options{Loops: 1})
	_, c := add(t, p, calls{})
	for _, fd := range []int{int(c.(*parked).fd), p.epoll.loops[0].fd} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("file descriptor %d: flags %#x, %v", fd, flags, err)
		}
	}
}

// open has the poller open what it needs itself.
func open(t *testing.T, p *Poller) {
	t.Helper()
	client, c := add(t, p, calls{})
	client.Close()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestParkedIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(parked{}); size > 64 {
		t.Errorf("a parked connection has %d bytes, want at most 64", size)
	}
}

// TestReadAsksOnce: behind a read that got less than it had room for, nothing
// is asked of the kernel until the next turn; the connection is readable all the same.
func TestReadAsksOnce(t *testing.T) {
	p := newPoller(t, nil)
	turns := make(chan string)
	more := make(chan struct{})
	var first atomic.Bool
	client, _ := add(t, p, calls{readable: func(c Conn) {
		buf := make([]byte, 16)
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		turns <- string(buf[:n])
		if first.CompareAndSwap(false, true) {
			<-more // has come when the second Read does not ask for it
		}
		if _, err := c.Read(buf); err != ErrAgain {
			t.Errorf("the second Read of a turn: %v", err)
		}
	}})
	write(t, client, "one")
	if got := receive(t, turns, "the first turn"); got != "one" {
		t.Errorf("got %q", got)
	}
	write(t, client, "two")
	close(more)
	if got := receive(t, turns, "the second turn"); got != "two" {
		t.Errorf("got %q", got)
	}
}

// TestWritableOncePerWish: output is watched for from the first NotifyWritable on, and told only
// when asked for.
func TestWritableOncePerWish(t *testing.T) {
	p := newPoller(t, nil)
	var told atomic.Int32
	wrote, read := make(chan struct{}, 1), make(chan struct{}, 1)
	client, c := add(t, p, calls{
		writable: func(Conn) { told.Add(1); signal(wrote, struct{}{}) },
		readable: func(c Conn) {
			if got, _ := readAll(c); len(got) > 0 {
				read <- struct{}{}
			}
		},
	})
	for wish := range int32(3) {
		if err := c.NotifyWritable(); err != nil {
			t.Fatal(err)
		}
		receive(t, wrote, "Writable")
		for range 5 {
			write(t, client, "x")
			receive(t, read, "Readable")
		}
		for c.(*parked).writing.calls.Load() != 0 {
			runtime.Gosched()
		}
		if n := told.Load(); n != wish+1 {
			t.Errorf("%d calls for %d wishes", n, wish+1)
		}
	}
}
