package netpoll

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const canPark = true

// epoll is the loops that watch the parked connections; none: nothing is parked.
type epoll struct{ loops []*loop } // fixed once open

func (e *epoll) open(n int, running *sync.WaitGroup) error {
	for i := range n {
		l, err := newLoop(n, running)
		if err != nil {
			return err
		}
		e.loops = append(e.loops[:i:i], l)
	}
	return nil
}

func (e *epoll) isOpen() bool { return len(e.loops) > 0 }

func (e *epoll) close() error {
	var err error
	for _, l := range e.loops {
		err = errors.Join(err, l.close())
	}
	return err
}

// park takes a connection over: a duplicate of its file descriptor is watched, and
// the original, with all that the net package keeps for it, let go.
func (e *epoll) park(tcp *net.TCPConn, early []byte, h Handler) (Conn, error) {
	fd, err := duplicate(tcp)
	if err != nil {
		return nil, err
	}
	c := &parked{loop: e.loops[fd%len(e.loops)], handler: h, fd: int32(fd)}
	if len(early) > 0 {
		c.early = &early
	}
	if err := c.loop.add(c); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	if err := tcp.Close(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if len(early) > 0 {
		c.happened(unix.EPOLLIN)
	}
	return c, nil
}

func duplicate(tcp *net.TCPConn) (fd int, err error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	controlErr := raw.Control(func(original uintptr) {
		fd, err = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	})
	if controlErr != nil {
		return -1, controlErr
	}
	return fd, os.NewSyscallError("fcntl", err)
}

const batch = 128 // events taken at once

// loop is one epoll instance and the goroutine that waits for its events.
type loop struct {
	file    *os.File        // fixed at birth: the epoll instance, itself watched by Go's poller
	raw     syscall.RawConn // fixed at birth: of file
	fd      int             // fixed at birth: of file
	stride  int             // fixed at birth: a loop has every stride-th file descriptor
	running *sync.WaitGroup // fixed at birth: the Poller's

	mu         sync.Mutex
	conns      []*parked // under mu: by file descriptor / stride
	generation uint32    // under mu: of the newest conn
	idle       []*worker // under mu: wait for a turn to do, the last to come first to go
	closed     bool      // under mu
}

func newLoop(stride int, running *sync.WaitGroup) (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // tells NewFile to watch it
		return nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l := &loop{file: file, raw: raw, fd: fd, stride: stride, running: running}
	running.Add(1)
	go l.run()
	return l, nil
}

// run handles events until the file is closed.
func (l *loop) run() {
	defer l.running.Done()
	events := make([]unix.EpollEvent, batch)
	err := l.raw.Read(func(fd uintptr) (done bool) {
		for l.handle(int(fd), events) == len(events) {
			runtime.Gosched() // so that the workers come to rest and do the next turns too
		}
		return false // none is left: the next one wakes us again
	})
	if !l.isClosed() {
		panic("netpoll: waiting for epoll: " + err.Error())
	}
}

// handle takes the events that are there, as many as fit.
func (l *loop) handle(fd int, events []unix.EpollEvent) int {
	n, err := unix.EpollWait(fd, events, 0)
	if err != nil { // it does not wait, so no signal can interrupt it
		panic("netpoll: epoll_wait: " + err.Error())
	}
	for _, e := range events[:n] {
		if c := l.find(e.Fd, uint32(e.Pad)); c != nil {
			c.happened(e.Events)
		}
	}
	return n
}

// find returns the connection that an event is for. An event may be older than
// what now has its file descriptor; its generation tells.
func (l *loop) find(fd int32, generation uint32) *parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := int(fd) / l.stride
	if i >= len(l.conns) || l.conns[i] == nil || l.conns[i].generation != generation {
		return nil
	}
	return l.conns[i]
}

// add gives c its generation and watches it. The lock is held meanwhile, as the first
// event has to find c; the system call does not wait.
func (l *loop) add(c *parked) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.generation++
	c.generation = l.generation
	if err := l.control(unix.EPOLL_CTL_ADD, c, 0); err != nil {
		return err
	}
	i := int(c.fd) / l.stride
	if missing := i + 1 - len(l.conns); missing > 0 {
		l.conns = append(l.conns, make([]*parked, missing)...)
	}
	l.conns[i] = c
	return nil
}

// control says what c is watched for: edges of input, and of more if given. An
// edge that is there already counts as one.
func (l *loop) control(op int, c *parked, more uint32) error {
	event := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET | more,
		Fd:     c.fd,
		Pad:    int32(c.generation),
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.fd, op, int(c.fd), &event))
}

// release forgets c and closes its file descriptor, in this order: until it is closed
// no other connection can have its number. The kernel ends the watching.
func (l *loop) release(c *parked) error {
	l.mu.Lock()
	if i := int(c.fd) / l.stride; !l.closed {
		l.conns[i] = nil
	}
	l.mu.Unlock()
	return os.NewSyscallError("close", unix.Close(int(c.fd)))
}

// close closes every connection and ends run.
func (l *loop) close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	conns := l.conns
	l.conns, l.closed = nil, true
	l.mu.Unlock()
	l.dismiss()
	var err error
	for _, c := range conns {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	return errors.Join(err, l.file.Close())
}

func (l *loop) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
