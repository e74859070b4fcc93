package engineio

import (
	"encoding/binary"
	"sync"

	"github.com/dokkerr/realtime/eioproto"
	"github.com/dokkerr/realtime/wsproto"
)

// Frame is one message encoded once, for every transport and any number of
// sessions. It is immutable; a copy is the same message.
type Frame struct{ *encoded }

// encoded is what the outboxes of all receivers share.
type encoded struct {
	wire     []byte // a whole WebSocket frame
	packet   int32  // where the Engine.IO packet starts in wire, behind the header
	binary   bool
	deflated *deflated // nil: never compressed
}

// deflated is a frame's compressed form, made once, when the first session wants it, for all copies of the frame.
type deflated struct {
	once sync.Once
	wire []byte
}

// deflateFrom is the size from which compressing pays.
const deflateFrom = 1024

// Uncompressed returns the frame as it is never compressed.
func (f Frame) Uncompressed() Frame {
	if f.deflated == nil {
		return f
	}
	plain := *f.encoded
	plain.deflated = nil
	return Frame{&plain}
}

// on returns the frame's bytes for a WebSocket on which deflate was agreed on or not. Where compressing gains nothing they
// are plain.
func (f Frame) on(deflate bool) []byte {
	if !deflate || f.deflated == nil {
		return f.wire
	}
	f.deflated.once.Do(func() {
		op := wsproto.Text
		if f.binary {
			op = wsproto.Binary
		}
		f.deflated.wire = wsproto.AppendDeflated(nil, op, f.wire[f.packet:])
	})
	if len(f.deflated.wire) < len(f.wire) {
		return f.deflated.wire
	}
	return f.wire
}

// TextFrame builds a text message: build appends its content to dst and
// returns it. size is a hint of how much that is, in bytes. build is called
// once, before TextFrame returns; it must keep what dst holds, and append valid
// UTF-8, which is not checked.
func TextFrame(size int, build func(dst []byte) []byte) Frame {
	buf := make([]byte, wsproto.MaxHeader, wsproto.MaxHeader+1+size)
	buf = append(buf, byte(eioproto.Message))
	return seal(build(buf), wsproto.Text)
}

// BinaryFrame builds a binary message with a copy of data.
func BinaryFrame(data []byte) Frame {
	buf := make([]byte, wsproto.MaxHeader, wsproto.MaxHeader+len(data))
	return seal(append(buf, data...), wsproto.Binary)
}

// Content returns the message's content: what build appended, or the binary
// data. It must not be changed.
func (f Frame) Content() []byte {
	if f.binary {
		return f.wire[f.packet:]
	}
	return f.wire[f.packet+1:]
}

// Len returns how many bytes the frame takes on a WebSocket, uncompressed.
func (f Frame) Len() int { return len(f.wire) }

// seal puts the header right in front of the content that follows the room
// kept for it.
func seal(buf []byte, op wsproto.Opcode) Frame {
	var header [wsproto.MaxHeader]byte
	h := wsproto.AppendHeader(header[:0], op, len(buf)-wsproto.MaxHeader)
	start := wsproto.MaxHeader - len(h)
	copy(buf[start:], h)
	e := &encoded{wire: buf[start:], packet: int32(len(h)), binary: op == wsproto.Binary}
	if len(buf)-wsproto.MaxHeader >= deflateFrom {
		e.deflated = &deflated{}
	}
	return Frame{e}
}

// controlFrame is a packet of the engine's own.
func controlFrame(t eioproto.Type, data string) Frame {
	buf := make([]byte, wsproto.MaxHeader, wsproto.MaxHeader+1+len(data))
	buf = eioproto.AppendText(buf, eioproto.Packet{Type: t, Data: []byte(data)})
	return seal(buf, wsproto.Text)
}

// closeFrame is a WebSocket Close; code 0 stands for none.
func closeFrame(code wsproto.Code, reason string) Frame {
	if code == 0 {
		return Frame{&encoded{wire: wsproto.AppendFrame(nil, wsproto.Close, nil)}}
	}
	return Frame{&encoded{wire: wsproto.AppendClose(nil, code, reason)}}
}

var (
	closePacket    = controlFrame(eioproto.Close, "")
	noopPacket     = controlFrame(eioproto.Noop, "")
	pingFrame      = controlFrame(eioproto.Ping, "")
	probeFrame     = controlFrame(eioproto.Pong, "probe")
	plainCloseWire = closeFrame(0, "")
)

// appendPacket appends the frame as a packet of a polling payload.
func (f Frame) appendPacket(dst []byte) []byte {
	if f.binary {
		return eioproto.AppendBinary(dst, f.wire[f.packet:])
	}
	return append(dst, f.wire[f.packet:]...)
}

// asPacket returns what the frame holds.
func (f Frame) asPacket() eioproto.Packet {
	if f.binary {
		return eioproto.Packet{Type: eioproto.Message, Binary: true, Data: f.wire[f.packet:]}
	}
	return eioproto.Packet{Type: eioproto.Type(f.wire[f.packet]), Data: f.wire[f.packet+1:]}
}

// forV3 returns a binary frame as protocol 3 has it on a WebSocket: the type stands before the data.
func (f Frame) forV3() Frame {
	buf := make([]byte, wsproto.MaxHeader, wsproto.MaxHeader+1+len(f.wire))
	buf = append(buf, byte(eioproto.Message-'0'))
	return seal(append(buf, f.wire[f.packet:]...), wsproto.Binary)
}

// echoClose answers a peer's Close payload with the code that it holds.
func echoClose(payload []byte) Frame {
	if len(payload) < 2 {
		return plainCloseWire
	}
	return closeFrame(wsproto.Code(binary.BigEndian.Uint16(payload)), "")
}
