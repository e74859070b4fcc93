package socketio

import "context"

// life is the context of a socket. It is made when somebody asks for it: an idle socket has none.
type life struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	kept   bool // somebody may hold it for as long as the socket lives
}

func newLife(r Reason) *life {
	l := &life{}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	if r != "" {
		l.end(r)
	}
	return l
}

func (l *life) end(r Reason) {
	if l != nil {
		l.cancel(&ReasonError{r})
	}
}

// Context ends with the socket; its cause is a *ReasonError.
func (s *Socket) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		s.life = newLife(s.reason)
	}
	s.life.kept = true
	return s.life.ctx
}

// lendContext returns a context until returnContext, which ends it unless somebody called Context meanwhile.
func (s *Socket) lendContext() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		s.life = newLife(s.reason)
	}
	return s.life.ctx
}

func (s *Socket) returnContext() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.life.kept {
		s.life.cancel(nil)
		s.life = nil
	}
}
