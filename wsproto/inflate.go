package wsproto

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// deflateTail ends what a sender compresses, and is not sent (RFC 7692 §7.2.1).
	deflateTail = "\x00\x00\xff\xff"
	// inflateTail is that, and an empty final block by which a decompressor knows the end.
	inflateTail = deflateTail + "\x01" + deflateTail
)

var inflaterPool = sync.Pool{New: func() any { return newInflater() }}

// inflate returns what the payload of a compressed message holds (RFC 7692 §7.2.2).
// The error is an *Error: MessageTooBig as soon as it is more than limit bytes, InvalidPayload
// if it is broken, or does not end where the payload does.
func inflate(payload []byte, limit int) ([]byte, error) {
	f := inflaterPool.Get().(*inflater)
	defer inflaterPool.Put(f)
	defer f.letGo()
	return f.inflate(payload, limit)
}

// inflater inflates one message at a time, each by itself.
type inflater struct {
	payload []byte // to be read yet
	tail    string // to be read behind it
	in      *bufio.Reader
	stream  inflateStream
	out     inflated
}

// inflateStream is what the decompressor can do beyond reading.
type inflateStream interface {
	io.WriterTo
	flate.Resetter
}

func newInflater() *inflater {
	f := &inflater{}
	f.in = bufio.NewReader(f)
	f.stream = flate.NewReader(f.in).(inflateStream)
	return f
}

// letGo forgets the memory of others.
func (f *inflater) letGo() { f.payload, f.out = nil, inflated{} }

func (f *inflater) inflate(payload []byte, limit int) ([]byte, error) {
	f.payload, f.tail = payload, inflateTail
	f.in.Reset(f)
	f.out = inflated{limit: limit}
	for {
		if err := f.inflateStream(); err != nil {
			return nil, err
		}
		// A block marked as final ends a stream, and the message only if nothing follows (§7.2.1).
		if _, err := f.in.Peek(1); err != nil {
			return f.out.data, nil
		}
	}
}

// inflateStream inflates up to a final block.
func (f *inflater) inflateStream() error {
	err := f.stream.Reset(f.in, nil)
	if err == nil {
		_, err = f.stream.WriteTo(&f.out)
	}
	if err == nil || errors.As(err, new(*Error)) {
		return err
	}
	return violation(InvalidPayload, "deflated data is broken")
}

// Read gives the payload, then the tail.
func (f *inflater) Read(p []byte) (int, error) {
	n := copy(p, f.payload)
	f.payload = f.payload[n:]
	if n == 0 {
		n = copy(p, f.tail)
		f.tail = f.tail[n:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// inflated is a message that grows while it is inflated.
type inflated struct {
	data  []byte
	limit int
}

func (m *inflated) Write(p []byte) (int, error) {
	if len(p) > m.limit-len(m.data) {
		return 0, violation(MessageTooBig, "inflated message too big")
	}
	m.data = append(grow(m.data, len(p), m.limit), p...)
	return len(p), nil
}
