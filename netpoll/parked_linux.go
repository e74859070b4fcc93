package netpoll

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parked is a TCP connection that a loop watches.
type parked struct {
	loop       *loop   // fixed at birth
	handler    Handler // fixed at birth
	fd         int32   // fixed at birth; may be used while counted in users
	generation uint32  // fixed by loop.add: tells c from others that had or will have fd
	early      *[]byte // the reader's: what was read before it was parked; nil when taken
	users      users
	reading    turn
	writing    turn
	flags      atomic.Uint32
}

// The flags of a connection.
const (
	drained  = 1 << iota // a read got less than it had room for; until the next turn
	hungUp               // the peer has ended its stream, or the connection broke
	awaiting             // Writable was asked for
)

// happened takes note of an event.
func (c *parked) happened(events uint32) {
	const over = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	if events&over != 0 {
		c.flags.Or(hungUp)
	}
	if events&(unix.EPOLLIN|over) != 0 && c.reading.begin() {
		c.loop.dispatch(c)
	}
	const writable = unix.EPOLLOUT | unix.EPOLLHUP | unix.EPOLLERR
	if events&writable != 0 && c.flags.And(^uint32(awaiting))&awaiting != 0 && c.writing.begin() {
		c.loop.running.Add(1)
		go c.writeTurn()
	}
}

func (c *parked) readTurn() {
	goOn := false
	for more := true; more; more = c.reading.again() {
		c.flags.And(^uint32(drained))
		if !c.users.isClosed() && c.handler.Readable(c) {
			goOn = true
		}
	}
	if goOn {
		c.handler.Continue(c)
	}
}

func (c *parked) writeTurn() {
	defer c.loop.running.Done()
	for more := true; more; more = c.writing.again() {
		if !c.users.isClosed() {
			c.handler.Writable(c)
		}
	}
}

// Read asks the kernel once per turn if that had less than there was room for: what
// comes later is an edge of its own. Only an end of the stream may have come in
// the same event; then it asks on.
func (c *parked) Read(p []byte) (int, error) {
	if !c.users.enter() {
		return 0, net.ErrClosed
	}
	if c.early != nil {
		return c.readEarly(p), c.leave(nil)
	}
	n, err := 0, ErrAgain
	if c.flags.Load()&(drained|hungUp) != drained {
		n, err = retry("read", func() (int, error) { return unix.Read(int(c.fd), p) })
	}
	switch {
	case n == 0 && err == nil && len(p) > 0:
		err = io.EOF
	case n < len(p) && err == nil:
		c.flags.Or(drained)
	}
	return n, c.leave(err)
}

func (c *parked) readEarly(p []byte) int {
	n := copy(p, *c.early)
	if *c.early = (*c.early)[n:]; len(*c.early) == 0 {
		c.early = nil
	}
	return n
}

func (c *parked) Write(p []byte) (int, error) {
	if !c.users.enter() {
		return 0, net.ErrClosed
	}
	n, err := retry("write", func() (int, error) { return writeNow(int(c.fd), p) })
	if n < len(p) && err == nil {
		err = ErrAgain
	}
	return n, c.leave(err)
}

const maxBuffers = 1024 // the kernel takes at once (IOV_MAX)

func (c *parked) Writev(bufs [][]byte) (int, error) {
	if !c.users.enter() {
		return 0, net.ErrClosed
	}
	total := 0
	for len(bufs) > 0 {
		some := bufs[:min(maxBuffers, len(bufs))]
		n, err := retry("writev", func() (int, error) { return unix.Writev(int(c.fd), some) })
		total += n
		if n < size(some) && err == nil {
			err = ErrAgain
		}
		if err != nil {
			return total, c.leave(err)
		}
		bufs = bufs[len(some):]
	}
	return total, c.leave(nil)
}

func size(bufs [][]byte) (n int) {
	for _, b := range bufs {
		n += len(b)
	}
	return n
}

// retry makes a system call, and again if a signal interrupted it.
func retry(name string, call func() (int, error)) (int, error) {
	for {
		n, err := call()
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, ErrAgain
		case unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError(name, err)
	}
}

// NotifyWritable watches for output from the first time on; the call itself finds what
// is writable already.
func (c *parked) NotifyWritable() error {
	if !c.users.enter() {
		return net.ErrClosed
	}
	c.flags.Or(awaiting)
	return c.leave(c.loop.control(unix.EPOLL_CTL_MOD, c, unix.EPOLLOUT))
}

func (c *parked) CloseWrite() error {
	if !c.users.enter() {
		return net.ErrClosed
	}
	return c.leave(os.NewSyscallError("shutdown", unix.Shutdown(int(c.fd), unix.SHUT_WR)))
}

func (c *parked) Close() error {
	if !c.users.close() {
		return nil
	}
	return c.leave(nil)
}

// leave ends a use that came to err; the last one after Close closes the file descriptor.
func (c *parked) leave(err error) error {
	if !c.users.leave() {
		return err
	}
	if closeErr := c.loop.release(c); err == nil {
		return closeErr
	}
	return err
}

// shortWrite is up to how many bytes a write is over before a switch of threads would be.
const shortWrite = 16 << 10

// writeNow tells the scheduler of long writes only. A file descriptor that never blocks keeps its thread for no longer than the copy
// takes, and to tell costs as much as most of what this package does for a delivery.
func writeNow(fd int, p []byte) (int, error) {
	if len(p) > shortWrite {
		return unix.Write(fd, p)
	}
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
