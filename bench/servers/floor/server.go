package main

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const pingInterval = 25 // seconds

// server is everything, on one thread.
type server struct {
	epoll, listener int
	cork            bool
	conns           []*conn // by descriptor
	members         []*conn // of the one room
	users           map[string]*conn
	corked          []byte  // frames for all members, at the end of the batch
	dirty           []*conn // with corked frames of their own
	pings           [pingInterval][]*conn
	second          int64 // of the last ping
	buffer          [64 << 10]byte
	events          [512]unix.EpollEvent
}

type conn struct {
	fd       int
	upgraded bool
	member   int    // index in members
	partial  []byte // an unfinished request or frame
	corked   []byte // frames that wait for the end of the batch
	out      []byte // what the kernel did not take
}

func (s *server) run() error {
	s.second = time.Now().Unix()
	for {
		n, err := unix.EpollWait(s.epoll, s.events[:], 1000)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		for _, e := range s.events[:max(n, 0)] {
			if int(e.Fd) == s.listener {
				err = s.accept()
			} else if c := s.conns[e.Fd]; c != nil {
				err = s.ready(c, e.Events)
			}
			if err != nil {
				return err
			}
		}
		s.uncork()
		s.ping()
	}
}

func (s *server) accept() error {
	for {
		fd, _, err := unix.Accept4(s.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ECONNABORTED) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		for len(s.conns) <= fd {
			s.conns = append(s.conns, nil)
		}
		s.conns[fd] = &conn{fd: fd, member: -1}
		if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			return err
		}
	}
}

func (s *server) ready(c *conn, events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		pending := c.out
		c.out = nil
		s.write(c, pending)
		if len(c.out) == 0 {
			s.watch(c, unix.EPOLLIN)
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return nil
	}
	kept := copy(s.buffer[:], c.partial)
	n, err := read(c.fd, s.buffer[kept:])
	if errors.Is(err, unix.EAGAIN) {
		return nil
	}
	if err != nil || n == 0 {
		return s.drop(c)
	}
	rest := s.consume(c, s.buffer[:kept+n])
	c.partial = append(c.partial[:0], rest...)
	return nil
}

// send writes at once, or at the end of the batch.
func (s *server) send(c *conn, b []byte) {
	if !s.cork {
		s.write(c, b)
		return
	}
	if len(c.corked) == 0 {
		s.dirty = append(s.dirty, c)
	}
	c.corked = append(c.corked, b...)
}

// write is one write(2).
func (s *server) write(c *conn, b []byte) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, err := write(c.fd, b)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		return // the read side hears of it
	}
	if n < len(b) {
		c.out = append(c.out, b[n:]...)
		s.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

func (s *server) watch(c *conn, events uint32) {
	if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: events, Fd: int32(c.fd)}); err != nil {
		panic(err) // the descriptor is ours and open
	}
}

func (s *server) drop(c *conn) error {
	s.conns[c.fd] = nil
	if c.member >= 0 {
		last := s.members[len(s.members)-1]
		s.members[c.member] = last
		last.member = c.member
		s.members = s.members[:len(s.members)-1]
		c.member = -1
	}
	return unix.Close(c.fd)
}

func (s *server) broadcast(frame []byte) {
	if s.cork {
		s.corked = append(s.corked, frame...)
		return
	}
	for _, c := range s.members {
		s.write(c, frame)
	}
}

func (s *server) uncork() {
	for _, c := range s.dirty {
		if s.conns[c.fd] == c {
			s.write(c, c.corked)
		}
		c.corked = c.corked[:0]
	}
	s.dirty = s.dirty[:0]
	if len(s.corked) == 0 {
		return
	}
	for _, c := range s.members {
		s.write(c, s.corked)
	}
	s.corked = s.corked[:0]
}

// join makes c a member and pings it from now on, in the second of its arrival.
func (s *server) join(c *conn, user string) {
	c.member = len(s.members)
	s.members = append(s.members, c)
	s.users[user] = c
	slot := &s.pings[s.second%pingInterval]
	*slot = append(*slot, c)
}

var pingFrame = []byte("\x81\x012")

func (s *server) ping() {
	for now := time.Now().Unix(); s.second < now; {
		s.second++
		for _, c := range s.pings[s.second%pingInterval] {
			if c.member >= 0 {
				s.write(c, pingFrame)
			}
		}
	}
}

func read(fd int, b []byte) (int, error) { return raw(unix.SYS_READ, fd, b) }

func write(fd int, b []byte) (int, error) { return raw(unix.SYS_WRITE, fd, b) }
