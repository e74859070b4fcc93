package main

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

var began = time.Now()

// now returns nanoseconds of a clock that never steps.
func now() int64 { return int64(time.Since(began)) }

// traffic is told what arrives; a scenario implements it.
type traffic interface {
	joined(c *conn)
	delivery(c *conn, seq uint64) // an event that some client caused
	ack(c *conn, id uint32)       // the answer to a request of c
	readDone()                    // all of one read was handed over
}

// loop drives all clients on one thread.
type loop struct {
	epoll   int
	spin    bool // poll without sleeping
	server  int  // its process id
	address unix.SockaddrInet4
	dialect dialect
	traffic traffic
	conns   []*conn
	read    int64 // when the bytes being handled were read
	pongs   int64 // sent
	err     error // the first failure of a client
	events  [512]unix.EpollEvent
	buffer  [256 << 10]byte
}

// A spinning loop leaves the kernel alone for so long after it was handed few
// clients: else its polling and the server's deliveries fight for epoll's lock,
// and a delivery costs the server a tenth more in some runs and not in others.
const (
	few   = 64
	pause = int64(30 * time.Microsecond)
)

// turn waits for readable clients, not beyond deadline, and handles them.
func (l *loop) turn(deadline int64) error {
	n, err := l.wait(deadline)
	if err != nil {
		return err
	}
	polled := now()
	for _, e := range l.events[:n] {
		l.handle(l.conns[e.Fd], e.Events)
	}
	for l.spin && n < few && now() < polled+pause {
	}
	return l.err
}

// until turns the loop until done, and fails when that takes longer than limit.
func (l *loop) until(limit time.Duration, what string, done func() bool) error {
	deadline := now() + int64(limit)
	for !done() {
		if now() > deadline {
			return fmt.Errorf("%s: not done after %v", what, limit)
		}
		if err := l.turn(deadline); err != nil {
			return err
		}
	}
	return nil
}

// during turns the loop for a time.
func (l *loop) during(d time.Duration) error {
	for deadline := now() + int64(d); now() < deadline; {
		if err := l.turn(deadline); err != nil {
			return err
		}
	}
	return nil
}

// wait is epoll_pwait2. Spinning, it goes past the Go scheduler, as it never blocks.
func (l *loop) wait(deadline int64) (int, error) {
	call, timeout := unix.Syscall6, unix.Timespec{}
	if l.spin {
		call = unix.RawSyscall6
	} else {
		timeout = unix.NsecToTimespec(max(0, deadline-now()))
	}
	n, _, errno := call(unix.SYS_EPOLL_PWAIT2, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return int(n), nil
}

func (l *loop) handle(c *conn, events uint32) {
	if events&unix.EPOLLOUT != 0 {
		l.writable(c)
	}
	if events&^unix.EPOLLOUT != 0 {
		l.readable(c)
	}
}

// readable reads once: when there is more, the next turn says so.
func (l *loop) readable(c *conn) {
	kept := copy(l.buffer[:], c.partial)
	n, err := rawRead(c.fd, l.buffer[kept:])
	if errors.Is(err, unix.EAGAIN) {
		return
	}
	if err != nil || n == 0 {
		l.fail(c, fmt.Errorf("the server closed the connection: read %d bytes, %w", n, err))
		return
	}
	l.read = now()
	rest := c.consume(l, l.buffer[:kept+n])
	c.partial = append(c.partial[:0], rest...)
	l.traffic.readDone()
}

func (l *loop) fail(c *conn, err error) {
	if l.err == nil {
		l.err = fmt.Errorf("client %d: %w", c.index, err)
	}
}

func rawRead(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func rawWrite(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
