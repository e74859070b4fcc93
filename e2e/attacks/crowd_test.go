package attacks

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// questions is how often those of a crowd who ask do so.
const questions = 2

// crowd is many connections of a few users. They read, as cheaply as they can, until they are told to stop.
type crowd struct {
	users   []person
	members []*member
	reading sync.WaitGroup
}

// member is one connection of a crowd.
type member struct {
	net.Conn
	r       *bufio.Reader
	stopped chan struct{} // closed when it is to read no more
}

// gather connects users who read, with so many connections each.
func (s *server) gather(t *testing.T, users, each int) *crowd {
	t.Helper()
	c := &crowd{}
	for range users {
		c.users = append(c.users, s.person())
	}
	for _, user := range c.users {
		for range each {
			m := s.member(t, user)
			c.members = append(c.members, m)
			c.reading.Go(m.read)
		}
	}
	return c
}

func (s *server) member(t *testing.T, user person) *member {
	t.Helper()
	little := net.Dialer{Timeout: patience, Control: keepLittle}
	raw, err := little.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	m := &member{raw, bufio.NewReaderSize(raw, 2<<10), make(chan struct{})}
	o, err := s.stream(&wire{raw, m.r})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := connect(o, map[string]any{"token": user.token}); err != nil || !strings.HasPrefix(answer, "40") {
		t.Fatalf("CONNECT was answered %s, %v", answer, err)
	}
	return m
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

// read skips all but pings, which it answers, until it is stopped or the connection ends.
func (m *member) read() {
	for {
		select {
		case <-m.stopped:
			return
		default:
		}
		if m.skip() != nil {
			return
		}
	}
}

// skip reads one frame.
func (m *member) skip() error {
	head, err := m.r.Peek(2)
	if err != nil {
		return err
	}
	size, length := 2, int(head[1])
	if length == 126 {
		if head, err = m.r.Peek(4); err != nil {
			return err
		}
		size, length = 4, int(binary.BigEndian.Uint16(head[2:]))
	}
	if _, err := m.r.Discard(size); err != nil {
		return err
	}
	if length == 1 {
		if kind, err := m.r.ReadByte(); err != nil || kind != '2' {
			return err
		}
		_, err := io.WriteString(m, join(frame{op: opText, payload: "3"}))
		return err
	}
	_, err = m.r.Discard(length)
	return err
}

// stop has all read no more.
func (c *crowd) stop(t *testing.T) {
	t.Helper()
	for _, m := range c.members {
		close(m.stopped)
		if err := m.SetReadDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	c.reading.Wait()
}

// ask has every other member ask for what is large, and that nobody may drop or put off, evenly over a time or until its end.
func (c *crowd) ask(over time.Duration, done <-chan struct{}) {
	if len(c.members) == 0 {
		return
	}
	tick := time.NewTicker(over / time.Duration(questions*len(c.members)/2))
	defer tick.Stop()
	for range questions {
		for i := 0; i < len(c.members); i += 2 {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			_ = c.members[i].ask() // may be closed already
		}
	}
}

func (m *member) ask() error {
	_, err := io.WriteString(m, join(frame{op: opText, payload: `420["conversation.list",{}]`}))
	return err
}

// leave closes all connections.
func (c *crowd) leave() {
	for _, m := range c.members {
		m.Close()
	}
	c.reading.Wait()
}
