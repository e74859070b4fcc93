package wsproto

import (
	"cmp"
	"unicode/utf8"
)

const (
	defaultMaxMessage   = 1_000_000
	defaultMaxFragments = 1_024
	firstBuffer         = 512 // bytes of a buffer that has to grow
)

// Reader puts messages together from the bytes a client sends. The zero value
// is ready to use. It holds no buffer while no message is incomplete. Calls
// come one after the other.
type Reader struct {
	MaxMessage   int  // bytes of one message, fragments added up, both as sent and inflated; 0: 1,000,000
	MaxFragments int  // frames of one message; 0: 1,024
	Deflate      bool // NegotiateDeflate agreed to compressed messages

	rest *rest // nil between two messages, which is nearly always
}

// rest is what a Reader remembers while something is incomplete, or when it is spent.
type rest struct {
	head  [maxHead]byte // of the next frame
	have  int           // bytes in head
	frame header        // whose payload is coming; its key goes along
	open  bool          // frame is under way
	left  int           // bytes of its payload to come

	op        Opcode // of the message under way; 0: none
	deflated  bool   // the message is compressed
	fragments int    // of the message, begun ones included
	message   []byte // what came of it, as it was sent
	settled   int    // bytes of message known to be UTF-8
	control   []byte // what came of a control frame

	spent bool
	err   error // why; nil: a Close frame came
}

// Feed takes the next bytes of the stream, in any slicing, unmasks them in
// place, and calls each for every complete message and control frame, in order
// (fragments assembled, compressed messages inflated; Ping, Pong and Close as they
// come, also between fragments). data is lent until each returns: it may point into
// p. each must not call Feed.
//
// An error of each stops the feeding and is returned as it is; a violation is
// returned as *Error, found as early as the header allows, for text as early as
// the byte that cannot be UTF-8, for compressed messages when their last byte is
// there. The Reader is then spent: Feed returns the same error again. What follows a
// valid Close frame is ignored (§5.5.1).
func (r *Reader) Feed(p []byte, each func(op Opcode, data []byte) error) error {
	for len(p) > 0 && !r.isSpent() {
		n, err := r.advance(p, each)
		if err != nil {
			r.rest = &rest{spent: true, err: err}
		}
		p = p[n:]
	}
	if r.rest != nil {
		return r.rest.err
	}
	return nil
}

// Idle reports whether the Reader stands between two messages: no byte of a frame,
// and no fragment, is waiting for its rest. A spent Reader is not idle.
func (r *Reader) Idle() bool { return r.rest == nil }

func (r *Reader) isSpent() bool { return r.rest != nil && r.rest.spent }

// advance takes a frame, or what there is of it, and says how many bytes that was.
func (r *Reader) advance(p []byte, each func(Opcode, []byte) error) (int, error) {
	if r.rest != nil && r.rest.open {
		return r.takePayload(p, each)
	}
	h, n, complete, err := r.takeHeader(p)
	if err != nil || !complete {
		return n, err
	}
	if h.lone() && h.length <= len(p)-n {
		r.settle()
		data := p[n : n+h.length : n+h.length]
		mask(data, h.key)
		return n + h.length, r.deliver(h, data, each)
	}
	r.begin(h)
	m, err := r.takePayload(p[n:], each)
	return n + m, err
}

// takeHeader takes n bytes of p for the next header; those of one that is not
// complete are kept.
func (r *Reader) takeHeader(p []byte) (h header, n int, complete bool, err error) {
	if r.rest == nil || r.rest.have == 0 {
		h, n, err = r.parseHeader(p)
		if n == 0 && err == nil {
			r.keepHead(p)
			return h, len(p), false, nil
		}
		return h, n, true, err
	}
	held := r.rest.have
	added := r.keepHead(p)
	h, n, err = r.parseHeader(r.rest.head[:held+added])
	if n == 0 {
		return h, added, false, err
	}
	r.rest.have = 0
	return h, n - held, true, nil
}

// keepHead keeps of p what may belong to the header and returns how much it was.
func (r *Reader) keepHead(p []byte) int {
	s := r.waiting()
	n := copy(s.head[s.have:], p)
	s.have += n
	return n
}

// deliver checks and hands over a message or control frame that came as h says.
func (r *Reader) deliver(h header, data []byte, each func(Opcode, []byte) error) error {
	if h.deflated {
		message, err := inflate(data, r.maxMessage())
		if err != nil {
			return err
		}
		data = message
	}
	if h.op == Text && !utf8.Valid(data) {
		return errNotUTF8()
	}
	if h.op != Close {
		return each(h.op, data)
	}
	if _, _, err := ParseClose(data); err != nil {
		return err
	}
	r.rest = &rest{spent: true}
	return each(h.op, data)
}

// begin opens a frame whose payload has to be kept.
func (r *Reader) begin(h header) {
	s := r.waiting()
	s.frame, s.open, s.left = h, true, h.length
	if h.op.control() {
		return
	}
	if h.op != Continuation {
		s.op, s.deflated = h.op, h.deflated
	}
	s.fragments++
}

// takePayload keeps what p has of the open frame's payload.
func (r *Reader) takePayload(p []byte, each func(Opcode, []byte) error) (int, error) {
	s := r.rest
	p = p[:min(s.left, len(p))]
	s.frame.key = mask(p, s.frame.key)
	s.left -= len(p)
	if s.frame.op.control() {
		s.control = append(s.control, p...)
	} else if err := r.keep(p); err != nil {
		return len(p), err
	}
	if s.left > 0 {
		return len(p), nil
	}
	return len(p), r.endFrame(each)
}

// keep adds p to the message under way.
func (r *Reader) keep(p []byte) error {
	s := r.rest
	limit := r.maxMessage()
	if s.frame.fin {
		limit = len(s.message) + len(p) + s.left
	}
	s.message = append(grow(s.message, len(p), limit), p...)
	if s.op != Text || s.deflated {
		return nil
	}
	n, err := checkText(s.message[s.settled:])
	s.settled += n
	return err
}

// grow returns buf with room for n more bytes, of which limit allows. It doubles with
// what arrived: a declared length costs nothing by itself, and copying stays linear.
func grow(buf []byte, n, limit int) []byte {
	need := len(buf) + n
	if need <= cap(buf) {
		return buf
	}
	size := min(max(need, 2*cap(buf), firstBuffer), limit)
	return append(make([]byte, 0, size), buf...)
}

// endFrame ends the open frame, and the message if it was the last one of it.
func (r *Reader) endFrame(each func(Opcode, []byte) error) error {
	s := r.rest
	s.open = false
	if s.frame.op.control() {
		data := s.control
		s.control = nil
		r.settle()
		return r.deliver(s.frame, data, each)
	}
	if !s.frame.fin {
		return nil
	}
	r.rest = nil
	if s.deflated {
		return r.deliver(header{op: s.op, deflated: true}, s.message, each)
	}
	if s.op == Text && s.settled < len(s.message) {
		return errNotUTF8()
	}
	return each(s.op, s.message)
}

// waiting returns the memory for what is incomplete.
func (r *Reader) waiting() *rest {
	if r.rest == nil {
		r.rest = new(rest)
	}
	return r.rest
}

// settle lets go of the memory if nothing is incomplete any more.
func (r *Reader) settle() {
	if s := r.rest; s != nil && s.op == 0 && s.have == 0 && !s.open {
		r.rest = nil
	}
}

func (r *Reader) maxMessage() int { return cmp.Or(r.MaxMessage, defaultMaxMessage) }

func (r *Reader) maxFragments() int { return cmp.Or(r.MaxFragments, defaultMaxFragments) }
