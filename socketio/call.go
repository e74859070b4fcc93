package socketio

import (
	"context"
	"iter"
	"slices"

	"github.com/dokkerr/realtime/sioproto"
)

// Call is an event whose handler acknowledges it by itself, or leaves that be. It is good until the handler returns, for one
// goroutine.
type Call struct {
	Socket *Socket
	Args   Raw

	event    *event
	answered bool
	next     *Call // what Next has taken
}

// Handle registers the handler of an event that wants more than On gives: to know whether it is asked, to see what waits behind
// it or to take that as well, and to say how and whether it acknowledges. An error of h is answered as On's errors are, to each
// call that h has not answered; nil answers nothing. All else is as with On.
func (n *Namespace) Handle(event string, h func(ctx context.Context, c *Call) error) {
	n.register(&handler{event: event, serve: h})
}

// Asked reports whether the client asked for an acknowledgement.
func (c *Call) Asked() bool { return c.event.ack.wanted }

// Answer acknowledges with a payload as On's Out describes. It does nothing unless the client asked, nor a second time. The
// error is the payload's.
func (c *Call) Answer(payload any) error {
	return c.answer(payload, func(reply *encoder) { c.Socket.sendPacket(reply, sioproto.Ack, c.event.ack) })
}

// AnswerConfirmed is Answer with a ping right before the acknowledgement, in one write, so that the pong proves that it arrived,
// and comes before what the client sends because of it. f is called as Confirm's is.
func (c *Call) AnswerConfirmed(payload any, f func()) error {
	return c.answer(payload, func(reply *encoder) {
		c.Socket.sendConfirmed(reply.frames(sioproto.Ack, c.Socket.namespace.name, c.event.ack), f)
	})
}

func (c *Call) answer(payload any, send func(*encoder)) error {
	if !c.Asked() || c.answered {
		return nil
	}
	reply := newEncoder(&c.Socket.conn.server.options)
	defer reply.free()
	if err := reply.list(payload); err != nil {
		return err
	}
	c.answered = true
	send(reply)
	return nil
}

// Waiting yields the arguments of the calls of the same event that arrived behind this one, ask for an acknowledgement and wait
// for their turn, oldest first. They are lent until the handler returns.
func (c *Call) Waiting() iter.Seq[Raw] {
	c.Socket.mu.Lock()
	defer c.Socket.mu.Unlock()
	var waiting []Raw
	for e := range c.Socket.inbox.all() {
		if e.handler == c.event.handler && e.ack.wanted {
			waiting = append(waiting, e.args)
		}
	}
	return slices.Values(waiting)
}

// Next takes the event that waits right behind this one, if it is the same: a handler may so serve several together. Nil is none. It may
// be called once, and what it returns is as good as the first call.
func (c *Call) Next() *Call {
	s := c.Socket
	s.mu.Lock()
	e := s.inbox.popFor(c.event.handler)
	s.mu.Unlock()
	if e == nil {
		return nil
	}
	s.received(e)
	c.next = &Call{Socket: s, Args: e.args, event: e}
	return c.next
}

// Refuse answers with an error, as if it was the handler's for this call alone.
func (c *Call) Refuse(err error) {
	c.Socket.logFailure(c.Socket.Context(), c.event.name, err)
	c.tell(err)
}

// tell tells the client of an error, unless it was answered.
func (c *Call) tell(err error) {
	if !c.answered {
		c.answered = true
		c.Socket.tellFailure(c.event, err)
	}
}

// serve runs a handler that answers by itself.
func (s *Socket) serve(ctx context.Context, e *event) {
	first := &Call{Socket: s, Args: e.args, event: e}
	err := first.run(ctx)
	if err != nil {
		s.logFailure(ctx, e.name, err)
	}
	for c := first; c != nil; c = c.next {
		if err != nil {
			c.tell(err)
		}
		if c != first {
			c.event.free()
		}
	}
}

func (c *Call) run(ctx context.Context) (err error) {
	defer c.Socket.catch(c.event.name, &err)
	return c.event.handler.serve(ctx, c)
}

// Post has f run as a handler does: behind those of the events that have arrived, before those of later ones. It is for callbacks
// of Confirm that ask what came before a pong, and is dropped where events are.
func (s *Socket) Post(f func()) {
	e := eventPool.Get().(*event)
	e.posted = f
	s.mu.Lock()
	s.enqueue(e)
}

func (s *Socket) runPosted(f func()) {
	var logged error
	defer s.catch("", &logged)
	f()
}
