//go:build !unix

package engineio

import "net"

// directWriter writes without ever waiting, which this system offers no way for: a goroutine waits for every write.
type directWriter struct{}

func newDirectWriter(net.Conn) directWriter { return directWriter{} }

func (directWriter) write(b []byte) (rest []byte, err error) { return b, nil }
