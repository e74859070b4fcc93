package engineio

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// stuck is what waits for clients that take nothing: on a WebSocket whose connection is full, or between two polls, with the answer to
// the one before, which may be asked for again. What is on its way over a WebSocket to a client that reads is not counted, so that
// sending to one touches nothing that is shared.
type stuck struct {
	most      int64 // fixed at birth; 0: no bound
	bytes     atomic.Int64
	relieving atomic.Bool
}

// account charges what waits to the server while the client is stuck. It is called with mu held when either changes.
func (s *Session) account() {
	if s.ws != nil && !s.stuck && s.charged == 0 {
		return
	}
	due := 0
	if s.state != closed {
		due = s.waiting()
	}
	if grown := due - s.charged; grown != 0 {
		s.charged = due
		s.srv.charge(int64(grown), s)
	}
}

// waiting returns what is to be charged while the session is not closed. It is called with mu held.
func (s *Session) waiting() int {
	kept := s.polling.kept()
	if s.stuck || s.ws == nil && !s.polling.pending() {
		return kept + s.outbox.cost()
	}
	return kept
}

// charge is called with the mu of s held.
func (srv *Server) charge(grown int64, s *Session) {
	srv.stuck.bytes.Add(grown)
	if grown > 0 && s.state != closed && srv.stuck.spent() && srv.stuck.relieving.CompareAndSwap(false, true) {
		srv.running.Go(srv.relieve)
	}
}

func (k *stuck) spent() bool { return k.most > 0 && k.bytes.Load() > k.most }

// debtor is a session as relieve saw it.
type debtor struct {
	session *Session
	charged int
}

// relieve ends sessions until no more waits than may.
func (srv *Server) relieve() {
	for {
		srv.endDebtors()
		srv.stuck.relieving.Store(false) // who is charged from here on starts another one
		if !srv.stuck.spent() || !srv.stuck.relieving.CompareAndSwap(false, true) {
			return
		}
	}
}

// endDebtors ends the sessions for which most waits, until an eighth is free again: so it is not called for each one more.
func (srv *Server) endDebtors() {
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
		s.end(SlowReader, overfull)
	}
}
