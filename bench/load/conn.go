package main

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// conn is one client.
type conn struct {
	fd       int
	index    int
	began    int64  // when connect was called
	upgraded bool   // the HTTP part is over
	token    string // fixed at birth
	partial  []byte // the start of a frame whose end was not read yet
	message  []byte // the fragments of an unfinished message
	out      []byte // what the kernel did not take yet

	received uint32 // deliveries
	due      uint32 // deliveries that it should get, where that differs from client to client
	requests uint32
	acks     uint32
	asked    [slotsPerClient]int64 // by request: when it was sent
}

const sources = 249 // 127.0.0.2 to 127.0.0.250

// dial starts a connection and its handshake.
func (l *loop) dial(token string) error {
	c := &conn{index: len(l.conns), began: now(), token: token}
	l.conns = append(l.conns, c)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	c.fd = fd
	source := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + c.index%sources)}}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		// A reset at the end leaves nothing behind that the next run would meet.
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		unix.Bind(fd, &source),
	)
	if err != nil {
		return err
	}
	if err := unix.Connect(fd, &l.address); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return fmt.Errorf("connect: %w", err)
	}
	c.out = l.dialect.handshake()
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(c.index)})
}

// send writes b, or keeps what the kernel does not take.
func (l *loop) send(c *conn, b []byte) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, err := rawWrite(c.fd, b)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		l.fail(c, fmt.Errorf("write: %w", err))
		return
	}
	if n < len(b) {
		c.out = append(c.out, b[n:]...)
		l.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

func (l *loop) writable(c *conn) {
	n, err := rawWrite(c.fd, c.out)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		l.fail(c, fmt.Errorf("write: %w", err))
		return
	}
	c.out = c.out[n:]
	if len(c.out) == 0 {
		c.out = nil
		l.watch(c, unix.EPOLLIN)
	}
}

func (l *loop) watch(c *conn, events uint32) {
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: events, Fd: int32(c.index)}); err != nil {
		l.fail(c, err)
	}
}

// consume handles all that is complete in b and returns the rest.
func (c *conn) consume(l *loop, b []byte) []byte {
	if !c.upgraded {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return b
		}
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) {
			l.fail(c, fmt.Errorf("the handshake was answered %q", b[:end]))
			return nil
		}
		c.upgraded = true
		b = b[end+4:]
		l.dialect.upgraded(l, c)
	}
	for {
		f, n := parseFrame(b)
		if n == 0 {
			return b
		}
		c.frame(l, f)
		b = b[n:]
	}
}

func (c *conn) frame(l *loop, f frame) {
	switch {
	case f.opcode == opText && f.final:
		l.dialect.text(l, c, f.payload)
	case f.opcode == opText || f.opcode == opContinuation:
		c.message = append(c.message, f.payload...)
		if f.final {
			l.dialect.text(l, c, c.message)
			c.message = c.message[:0]
		}
	case f.opcode == opPing:
		l.send(c, appendFrame(nil, opPong, f.payload))
	case f.opcode == opClose:
		l.fail(c, fmt.Errorf("the server sent a close frame %q", f.payload))
	}
}
