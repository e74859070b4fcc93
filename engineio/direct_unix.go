//go:build unix

package engineio

import (
	"net"
	"syscall"
)

// directWriter writes to a plain TCP connection without ever waiting for it.
type directWriter struct {
	sys syscall.RawConn // nil: nothing can be written without waiting
}

func newDirectWriter(raw net.Conn) directWriter {
	tcp, ok := raw.(*net.TCPConn)
	if !ok {
		return directWriter{}
	}
	sys, err := tcp.SyscallConn()
	if err != nil {
		return directWriter{}
	}
	return directWriter{sys}
}

// write returns what the kernel did not take.
func (d directWriter) write(b []byte) (rest []byte, err error) {
	if d.sys == nil {
		return b, nil
	}
	controlErr := d.sys.Write(func(fd uintptr) bool {
		var n int
		n, err = syscall.Write(int(fd), b)
		if n > 0 {
			b = b[n:]
		}
		return true
	})
	if err == syscall.EAGAIN || err == syscall.EINTR {
		err = nil
	}
	if controlErr != nil {
		err = controlErr
	}
	return b, err
}
