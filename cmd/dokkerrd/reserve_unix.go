//go:build linux || darwin

package main

import (
	"net"
	"syscall"
	"time"
)

// reserving keeps some of the process's file descriptors for the store, the log and who is here already: what comes beyond is
// told to come back. The kernel gives out the lowest number that is free, so a high one means that all below are in use.
type reserving struct {
	net.Listener
	highest uintptr // file descriptor of a connection
}

const (
	reserved   = 64
	sayFull    = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	sayingTime = 100 * time.Millisecond
)

// withReserve lets connections have nine tenths of what the process may open, and never the last few.
func withReserve(l net.Listener) net.Listener {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return l
	}
	return &reserving{l, uintptr(min(files.Cur/10*9, files.Cur-min(files.Cur, reserved)))}
}

// Accept implements net.Listener.
func (l *reserving) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || !l.isBeyond(c) {
			return c, err
		}
		// Nobody is waited for, and who does not hear it sees the end and comes back all the same.
		_ = c.SetDeadline(time.Now().Add(sayingTime))
		_, _ = c.Write([]byte(sayFull))
		_ = c.Close()
	}
}

func (l *reserving) isBeyond(c net.Conn) (beyond bool) {
	file, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return false
	}
	if err := raw.Control(func(fd uintptr) { beyond = fd >= l.highest }); err != nil {
		return false
	}
	return beyond
}
