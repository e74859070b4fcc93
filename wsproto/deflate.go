package wsproto

import (
	"bytes"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// keptBuffer is the biggest buffer, in bytes, that stays with a deflater in its pool.
const keptBuffer = 64 << 10

var deflaterPool = sync.Pool{New: func() any { return newDeflater() }}

// AppendDeflated appends a final, unmasked frame that holds payload compressed (RFC 7692
// §7.2.1), for a connection on which NegotiateDeflate agreed to it; op is Text or Binary. No
// message leans on another, so one frame serves any number of connections, and AppendFrame's
// may stand between. What does not compress becomes longer: the plain frame is then the better
// one. Calls may run at once.
func AppendDeflated(dst []byte, op Opcode, payload []byte) []byte {
	d := deflaterPool.Get().(*deflater)
	defer deflaterPool.Put(d)
	defer d.letGo()
	deflated := d.deflate(payload)
	first := len(dst)
	dst = AppendHeader(slices.Grow(dst, MaxHeader+len(deflated)), op, len(deflated))
	dst[first] |= rsv1Bit
	return append(dst, deflated...)
}

// deflater compresses one message at a time, each by itself.
type deflater struct {
	out    bytes.Buffer
	stream *flate.Writer
}

func newDeflater() *deflater {
	stream, err := flate.NewWriter(nil, flate.BestSpeed)
	must(err)
	return &deflater{stream: stream}
}

// letGo drops what was compressed, and a buffer that grew big.
func (d *deflater) letGo() {
	d.out.Reset()
	if d.out.Cap() > keptBuffer {
		d.out = bytes.Buffer{}
	}
}

// deflate returns payload compressed, without the tail; letGo ends the loan.
func (d *deflater) deflate(payload []byte) []byte {
	d.stream.Reset(&d.out)
	_, err := d.stream.Write(payload)
	must(err)
	must(d.stream.Flush())
	return bytes.TrimSuffix(d.out.Bytes(), []byte(deflateTail))
}

// must stands for what cannot fail: the level is known, and memory takes all that is written.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
