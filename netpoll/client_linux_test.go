package netpoll

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The clients of the benchmarks live in a process of their own, this program
// again: they cost the server neither memory nor computing time. They are bare
// file descriptors in one thread. Commands come as numbers, of connections first and
// then of messages, and are answered by a line when done.

const clientAddr = "NETPOLL_BENCH_CLIENT" // the environment's: where to connect to

func init() {
	if addr := os.Getenv(clientAddr); addr != "" {
		if err := clientMain(addr); err != nil {
			log.Fatal(err)
		}
		os.Exit(0)
	}
}

// clients is the process, as the benchmark sees it.
type clients struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// connect starts n clients and gives their connections to the server.
func connect(b *testing.B, n int, srv server) *clients {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	c := &clients{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), clientAddr+"="+ln.Addr().String(), "GOMAXPROCS=1")
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c.order(b, n)
	for range n {
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		if err := srv.add(conn.(*net.TCPConn)); err != nil {
			b.Fatal(err)
		}
	}
	c.await(b)
	return c
}

// echo sends n messages and returns when all are back, one at a time on each connection.
func (c *clients) echo(b *testing.B, n int) {
	b.Helper()
	c.order(b, n)
	c.await(b)
}

func (c *clients) order(b *testing.B, n int) {
	b.Helper()
	if _, err := fmt.Fprintln(c.in, n); err != nil {
		b.Fatal(err)
	}
}

func (c *clients) await(b *testing.B) {
	b.Helper()
	if _, err := c.out.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
}

// close ends the process, and with it the connections.
func (c *clients) close(b *testing.B) {
	if err := c.in.Close(); err != nil {
		b.Error(err)
	}
	if err := c.cmd.Wait(); err != nil {
		b.Error(err)
	}
}

func clientMain(addr string) error {
	if err := pinToLast(); err != nil {
		return err
	}
	var n int
	if _, err := fmt.Scanln(&n); err != nil {
		return err
	}
	var c client
	if err := c.connect(addr, n); err != nil {
		return err
	}
	for {
		fmt.Println("done")
		if _, err := fmt.Scanln(&n); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := c.echo(n); err != nil {
			return err
		}
	}
}

// pinToLast has the thread stay on the last processor: with "taskset -c 0" the server has the other one.
func pinToLast() error {
	var allowed unix.CPUSet
	runtime.LockOSThread()
	online, err := os.ReadFile("/sys/devices/system/cpu/online") // as in 0-1
	if err != nil {
		return err
	}
	list := strings.TrimSpace(string(online))
	last, err := strconv.Atoi(list[strings.LastIndexAny(list, "-,")+1:])
	if err != nil {
		return err
	}
	allowed.Set(last)
	return unix.SchedSetaffinity(0, &allowed)
}

type client struct {
	epoll  int
	fds    []int
	events [256]unix.EpollEvent
}

func (c *client) connect(addr string, n int) (err error) {
	to, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return err
	}
	if c.epoll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		reset := &unix.Linger{Onoff: 1} // no port has to wait after the close
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, reset); err != nil {
			return err
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}); err != nil {
			return err
		}
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return err
		}
		c.fds = append(c.fds, fd)
	}
	return nil
}

func (c *client) echo(n int) error {
	var message [echoSize]byte
	waiting := c.fds[:min(n, len(c.fds))]
	for sent, back := 0, 0; back < n; {
		for _, fd := range waiting[:min(len(waiting), n-sent)] {
			if _, err := unix.Write(fd, message[:]); err != nil {
				return err
			}
			sent++
		}
		var err error
		if waiting, err = c.answered(); err != nil {
			return err
		}
		back += len(waiting)
	}
	return nil
}

// answered waits for answers and returns whose they are.
func (c *client) answered() (fds []int, err error) {
	n, err := unix.EpollWait(c.epoll, c.events[:], -1)
	if err != nil && err != unix.EINTR {
		return nil, err
	}
	var answer [echoSize]byte
	for _, e := range c.events[:max(n, 0)] {
		if got, err := unix.Read(int(e.Fd), answer[:]); got != echoSize || err != nil {
			return nil, fmt.Errorf("an echo of %d bytes, %w", got, err)
		}
		fds = append(fds, int(e.Fd))
	}
	return fds, nil
}
