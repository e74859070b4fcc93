// Command floor is the least that a server can do for the scenarios of
// bench/load: one thread on raw epoll that knows the generator's bytes and
// their places. It parses no JSON, checks no token and no accept key, and gives
// every delivery a write(2) of its own; with -cork, all that one epoll batch
// brings to a client leaves in one write. It shows what the kernel costs; it is
// not a server that one could use.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

func main() {
	port := flag.Int("port", 4000, "to listen on, on 127.0.0.1")
	cork := flag.Bool("cork", false, "join all that one epoll batch brings to a client into one write")
	flag.Parse()
	runtime.LockOSThread()
	debug.SetGCPercent(400)
	fmt.Fprintln(os.Stderr, "floor:", serve(*port, *cork))
	os.Exit(1)
}

// serve returns only when something fails.
func serve(port int, cork bool) error {
	listener, err := listen(port)
	if err != nil {
		return err
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, listener, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(listener)}); err != nil {
		return err
	}
	s := &server{epoll: epoll, listener: listener, cork: cork, users: make(map[string]*conn)}
	return s.run()
}

func listen(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	return fd, unix.Listen(fd, 4096)
}
