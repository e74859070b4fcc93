package socketio

import (
	"bytes"
	"context"
	"errors"

	"github.com/dokkerr/realtime/sioproto"
)

// Ask emits an event to one socket and waits for its acknowledgement until ctx
// ends; the error then is ctx's cause. Reply is the first value of the
// acknowledgement, or Raw for all, or None.
//
// A handler that asks its own socket needs a deadline: the answer comes behind
// what the client sent before, and is held up by a full inbox.
func Ask[Reply any](ctx context.Context, s *Socket, event string, payload any) (Reply, error) {
	in, err := s.ask(ctx, event, payload)
	if err != nil {
		var none Reply
		return none, err
	}
	return decode[Reply](in)
}

// AskAll emits an event to every socket aimed at and waits for their
// acknowledgements. When ctx ends first it returns those that came, and ctx's
// cause. Sockets that end meanwhile are not waited for. The error also tells
// of sockets that were not asked for MaxPendingAcks, and of answers that do
// not decode, which are left out.
func AskAll[Reply any](ctx context.Context, b Broadcast, event string, payload any) ([]Reply, error) {
	answers, err := b.ask(ctx, event, payload)
	replies := make([]Reply, 0, len(answers))
	for _, in := range answers {
		reply, failed := decode[Reply](in)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		replies = append(replies, reply)
	}
	return replies, err
}

// answer is an acknowledgement of a client; it failed when the socket ended first.
type answer struct {
	args   Raw
	failed bool
}

func (s *Socket) ask(ctx context.Context, event string, payload any) (Raw, error) {
	e := newEncoder(&s.conn.server.options)
	defer e.free()
	if err := e.event(event, payload); err != nil {
		return Raw{}, err
	}
	id := s.namespace.asked.Add(1)
	answers := make(chan answer, 1)
	if err := s.expect(id, answers); err != nil {
		return Raw{}, err
	}
	if s.sendPacket(e, sioproto.Event, ackID{id, true}) {
		s.conn.server.sent(event, 1)
	}
	select {
	case a := <-answers:
		if a.failed {
			return Raw{}, ErrDisconnected
		}
		return a.args, nil
	case <-ctx.Done():
		s.forgetAnswer(id)
		return Raw{}, context.Cause(ctx)
	}
}

func (b Broadcast) ask(ctx context.Context, event string, payload any) ([]Raw, error) {
	id := b.namespace.asked.Add(1)
	frames, err := b.namespace.frames(event, payload, ackID{id, true})
	if err != nil {
		return nil, err
	}
	to := b.audience()
	defer to.free()
	answers := make(chan answer, len(to.sockets))
	waiting := 0
	for _, s := range to.sockets {
		if failed := s.expect(id, answers); failed != nil {
			err = tooManyAcks(err, failed)
			continue
		}
		if s.send(frames, b.volatile) || !s.forgetAnswer(id) {
			waiting++
		}
	}
	b.namespace.server.sent(event, waiting)
	replies, ended := collect(ctx, answers, waiting)
	if ended != nil {
		for _, s := range to.sockets {
			s.forgetAnswer(id)
		}
	}
	return replies, errors.Join(err, ended)
}

// tooManyAcks keeps of the sockets that could not be asked only that some were over their limit.
func tooManyAcks(err, failed error) error {
	if failed == ErrTooManyAcks {
		return failed
	}
	return err
}

// collect waits for n answers, or until ctx ends.
func collect(ctx context.Context, answers <-chan answer, n int) ([]Raw, error) {
	var replies []Raw
	for range n {
		select {
		case a := <-answers:
			if !a.failed {
				replies = append(replies, a.args)
			}
		case <-ctx.Done():
			return replies, context.Cause(ctx)
		}
	}
	return replies, nil
}

// expect has the acknowledgement of that id, or the socket's end, sent to answers, which must have room for it.
func (s *Socket) expect(id uint64, answers chan<- answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase.Load() != online {
		return ErrDisconnected
	}
	if len(s.acks) >= s.conn.server.options.MaxPendingAcks {
		return ErrTooManyAcks
	}
	if s.acks == nil {
		s.acks = make(map[uint64]chan<- answer)
	}
	s.acks[id] = answers
	return nil
}

// forgetAnswer reports whether the answer was still expected.
func (s *Socket) forgetAnswer(id uint64) bool {
	_, ok := s.takeAnswer(id)
	return ok
}

func (s *Socket) takeAnswer(id uint64) (chan<- answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers, ok := s.acks[id]
	delete(s.acks, id)
	if len(s.acks) == 0 {
		s.acks = nil // an idle socket keeps no map
	}
	return answers, ok
}

// resolve hands an acknowledgement over at once. One that nobody waits for is ignored, as is
// one without id, since ids count from 1.
func (s *Socket) resolve(p sioproto.Packet, attachments [][]byte) {
	answers, ok := s.takeAnswer(p.ID)
	if !ok {
		return
	}
	in := Raw{Attachments: attachments}
	if len(p.Data) > 2 {
		in.JSON = bytes.Clone(p.Data[1 : len(p.Data)-1])
	}
	answers <- answer{args: in}
}
