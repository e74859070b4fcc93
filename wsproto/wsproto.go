// Package wsproto turns WebSocket frames and messages (RFC 6455), compressed
// ones too (RFC 7692), to and from bytes, on the server's side of the connection.
// It is pure: no I/O, no clock, no goroutine.
package wsproto

import "fmt"

// Opcode says what a frame or message is (RFC 6455 §5.2).
type Opcode byte

// The opcodes of RFC 6455.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

func (op Opcode) control() bool { return op&0x8 != 0 }

func (op Opcode) known() bool { return op <= Binary || op >= Close && op <= Pong }

// Error is a violation by the peer; Code is the close status to answer with.
type Error struct {
	Code   Code
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("wsproto: %s (%d)", e.Reason, e.Code) }
