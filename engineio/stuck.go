package engineio

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// stuck is what waits for clients that take nothing: on a WebSocket whose connection is full, or between two polls. What is on its
// way to a client that reads is not counted, so that sending to one touches nothing that is shared.
type stuck struct {
	most      int64 // fixed at birth; 0: no bound
	bytes     atomic.Int64
	relieving atomic.Bool
}

// account charges what waits to the server while the client is stuck. It is called with mu held when either changes.
func (s *Session) account() {
	due := 0
	switch {
	case s.ws != nil && !s.stuck:
		if s.charged == 0 {
			return
		}
	case s.state != closed && !s.polling.pending():
		due = s.outbox.cost()
	}
	if grown := due - s.charged; grown != 0 {
		s.charged = due
		s.srv.charge(int64(grown), s)
	}
}

// charge is called with the mu of s held.
func (srv *Server) charge(grown int64, s *Session) {
	now := srv.stuck.bytes.Add(grown)
	over := srv.stuck.most > 0 && grown > 0 && now > srv.stuck.most
	if over && s.state != closed && srv.stuck.relieving.CompareAndSwap(false, true) {
		srv.running.Go(srv.relieve)
	}
}

// debtor is a session as relieve saw it.
type debtor struct {
	session *Session
	charged int
}

// relieve ends the sessions for which most waits, until an eighth is free again: so it is not called for each one more.
func (srv *Server) relieve() {
	defer srv.stuck.relieving.Store(false)
	var debtors []debtor
	srv.each(func(s *Session) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.charged > 0 {
			debtors = append(debtors, debtor{s, s.charged})
		}
	})
	slices.SortFunc(debtors, func(a, b debtor) int { return cmp.Compare(b.charged, a.charged) })
	for _, d := range debtors {
		if srv.stuck.bytes.Load() <= srv.stuck.most-srv.stuck.most/8 {
			return
		}
		d.session.lost(SlowReader)
	}
}

// overflow ends a session that more waits for than may. It is called with mu held and returns without it. A stuck client cannot be
// told.
func (s *Session) overflow() {
	stuck := s.stuck
	s.mu.Unlock()
	if stuck {
		s.lost(SlowReader)
	} else {
		s.end(SlowReader, violation)
	}
}
