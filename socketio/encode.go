package socketio

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// Encoded is an event encoded once for one namespace. It is immutable; the
// zero value is no event, and sends nothing.
type Encoded struct {
	namespace *Namespace
	event     string
	frames    []engineio.Frame // the packet and its attachments
}

// WithOffset returns the event with one more argument at the end, a string, as
// connection state recovery has it. Attachments are shared.
func (e Encoded) WithOffset(offset string) Encoded {
	if len(e.frames) == 0 {
		return e
	}
	text := e.frames[0].Content()
	e.frames = slices.Clone(e.frames)
	if e.namespace.server.options.Parser == MsgPack {
		e.frames[0] = appendPacked(text, offset)
		return e
	}
	e.frames[0] = engineio.TextFrame(len(text)+len(offset)+8, func(dst []byte) []byte {
		dst = append(dst, text[:len(text)-1]...)
		dst = append(dst, ',')
		dst = sioproto.AppendString(dst, offset)
		return append(dst, ']')
	})
	return e
}

// Uncompressed returns the event as it is never compressed where Options.Engine.Deflate is on: for what would not
// shrink. An offset is to be added before.
func (e Encoded) Uncompressed() Encoded {
	e.frames = slices.Clone(e.frames)
	for i, f := range e.frames {
		e.frames[i] = f.Uncompressed()
	}
	return e
}

// size returns the bytes of the packet and its attachments.
func (e Encoded) size() int {
	n := 0
	for _, f := range e.frames {
		n += f.Len() + engineio.FrameCost
	}
	return n
}

// check panics when the event was encoded for another namespace, whose name is in it.
func (e Encoded) check(n *Namespace) {
	if e.namespace != n && e.namespace != nil {
		panic("socketio: event of " + e.namespace.name + " sent in " + n.name)
	}
}

// ackID is the id of an acknowledgement.
type ackID struct {
	id     uint64
	wanted bool
}

// frame makes a message of a packet without its attachments. Data are as close leaves them.
func (o *Options) frame(p sioproto.Packet) engineio.Frame {
	if o.Parser == MsgPack {
		return packedFrame(p)
	}
	return textFrame(p)
}

func textFrame(p sioproto.Packet) engineio.Frame {
	return engineio.TextFrame(len(p.Data)+len(p.Namespace)+24, func(dst []byte) []byte {
		return sioproto.Append(dst, p)
	})
}

// encoder builds the JSON of a packet and collects the attachments that its
// placeholders stand for.
type encoder struct {
	options     *Options
	json        *json.Encoder // writes to text
	text        []byte
	attachments [][]byte
}

var encoderPool = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(e)
	e.json.SetEscapeHTML(false)
	return e
}}

func newEncoder(o *Options) *encoder {
	e := encoderPool.Get().(*encoder)
	e.options = o
	return e
}

func (e *encoder) free() {
	if cap(e.text) > maxKept {
		e.text = nil
	}
	e.text = e.text[:0]
	e.attachments = nil
	encoderPool.Put(e)
}

// Write appends to the text; it is for json only.
func (e *encoder) Write(p []byte) (int, error) {
	e.text = append(e.text, p...)
	return len(p), nil
}

// event encodes the payload of an EVENT packet.
func (e *encoder) event(name string, payload any) error {
	if reserved(name) {
		return fmt.Errorf("socketio: the event %s is reserved", name)
	}
	e.text = append(e.text, '[')
	e.text = sioproto.AppendString(e.text, name)
	if err := e.args(payload); err != nil {
		return fmt.Errorf("socketio: payload of %s: %w", name, err)
	}
	e.text = append(e.text, ']')
	return e.close()
}

// list encodes the payload of an ACK packet.
func (e *encoder) list(payload any) error {
	e.text = append(e.text, '[')
	if err := e.args(payload); err != nil {
		return fmt.Errorf("socketio: acknowledgement: %w", err)
	}
	e.text = append(e.text, ']')
	return e.close()
}

// close gives the text the form that the parser sends.
func (e *encoder) close() error {
	if e.options.Parser != MsgPack {
		return nil
	}
	packed, err := pack(e.text, e.attachments)
	if err != nil {
		return fmt.Errorf("socketio: msgpack: %w", err)
	}
	e.text, e.attachments = packed, nil
	return nil
}

// args appends the values of a payload to a list that is open.
func (e *encoder) args(payload any) error {
	switch p := payload.(type) {
	case nil, None:
	case Raw:
		e.raw(p)
	case Args:
		for _, v := range p {
			if err := e.arg(v); err != nil {
				return err
			}
		}
	default:
		if err := e.arg(p); err != nil {
			return err
		}
	}
	if len(e.attachments) > e.options.MaxAttachments {
		return fmt.Errorf("%d attachments, more than MaxAttachments", len(e.attachments))
	}
	return nil
}

func (e *encoder) raw(r Raw) {
	if len(r.JSON) == 0 {
		return
	}
	e.separate()
	e.text = append(e.text, r.JSON...)
	e.attachments = r.Attachments
}

func (e *encoder) arg(v any) error {
	e.separate()
	return e.value(v)
}

// separate puts a comma before all values but the first of a list.
func (e *encoder) separate() {
	if e.text[len(e.text)-1] != '[' {
		e.text = append(e.text, ',')
	}
}

// value appends one value. Bytes in it that travel as attachments leave a placeholder.
func (e *encoder) value(v any) error {
	switch v := v.(type) {
	case Binary:
		e.attach(v)
		return nil
	case json.RawMessage:
		return e.rawMessage(v)
	case Raw, Args, None:
		return fmt.Errorf("%T is no single value", v)
	}
	start := len(e.text)
	if err := e.json.Encode(v); err != nil {
		return err
	}
	e.text = e.text[:len(e.text)-1] // Encode ends with a line break
	return e.liftBinary(start)
}

func (e *encoder) rawMessage(m json.RawMessage) error {
	if m == nil {
		e.text = append(e.text, "null"...)
		return nil
	}
	if !sioproto.Valid(m, e.options.MaxDepth) {
		return fmt.Errorf("json.RawMessage is not one JSON text of %d levels at most", e.options.MaxDepth)
	}
	e.text = append(e.text, m...)
	return nil
}

// packet describes what was encoded. It is good until free.
func (e *encoder) packet(t sioproto.Type, namespace string, ack ackID) sioproto.Packet {
	switch {
	case len(e.attachments) == 0:
	case t == sioproto.Event:
		t = sioproto.BinaryEvent
	case t == sioproto.Ack:
		t = sioproto.BinaryAck
	}
	return sioproto.Packet{
		Type: t, Namespace: namespace, ID: ack.id, HasID: ack.wanted,
		Attachments: len(e.attachments), Data: e.text,
	}
}

// frames makes one unit of a packet and its attachments.
func (e *encoder) frames(t sioproto.Type, namespace string, ack ackID) []engineio.Frame {
	frames := make([]engineio.Frame, 0, 1+len(e.attachments))
	frames = append(frames, e.options.frame(e.packet(t, namespace, ack)))
	for _, b := range e.attachments {
		frames = append(frames, engineio.BinaryFrame(b))
	}
	return frames
}
