//go:build linux || darwin

package main

import (
	"log/slog"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reserving keeps some of the process's file descriptors for the store, the log and who is here already: what comes beyond is
// told to come back. The kernel gives out the lowest number that is free, so a high one means that all below are in use. The number of
// the connection itself says nothing: netpoll keeps a duplicate of it and gives its own back, which the next one gets.
type reserving struct {
	net.Listener
	highest uintptr      // fixed at birth: file descriptor that no connection gets
	log     *slog.Logger // fixed at birth
	told    time.Time    // Accept's, which one goroutine calls: when the log was told last
}

const (
	reserved   = 64
	sayFull    = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	sayingTime = 100 * time.Millisecond
	tellEvery  = time.Minute
)

// withReserve lets connections have nine tenths of what the process may open, and never the last few.
func withReserve(l net.Listener, log *slog.Logger) net.Listener {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return l
	}
	return &reserving{Listener: l, highest: uintptr(min(files.Cur/10*9, files.Cur-min(files.Cur, reserved))), log: log}
}

// Accept implements net.Listener.
func (l *reserving) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || !l.isBeyond(c) {
			return c, err
		}
		l.tell()
		// Nobody is waited for, and who does not hear it sees the end and comes back all the same.
		_ = c.SetDeadline(time.Now().Add(sayingTime))
		_, _ = c.Write([]byte(sayFull))
		_ = c.Close()
	}
}

// tell writes to the log, now and then.
func (l *reserving) tell() {
	if now := time.Now(); now.Sub(l.told) >= tellEvery {
		l.told = now
		l.log.Warn("connections are turned away: no file descriptors are left for more; raise the limit of open files", "connections", l.highest)
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
	if err := raw.Control(func(fd uintptr) { beyond = l.isLastBelow(fd) }); err != nil {
		return false
	}
	return beyond
}

// isLastBelow reports whether a duplicate of fd would be beyond, and so that nothing below is free.
func (l *reserving) isLastBelow(fd uintptr) bool {
	next, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return true // there is none at all
	}
	_ = unix.Close(next) // nothing was written to it
	return uintptr(next) >= l.highest
}
