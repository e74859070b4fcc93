package engineio

// Worker is work that may take its time. Work is called once for each Defer; Server.Shutdown waits for its return.
type Worker interface{ Work() }

// Defer has w work when the turn of callbacks that is under way is over, where it may block without holding the
// session's reader up. It is for callbacks to call. A callback that is about to block for what w does calls
// StartDeferred before.
func (s *Session) Defer(w Worker) {
	s.mu.Lock()
	later := s.ws != nil && s.deferred == nil
	if later {
		s.deferred = w
	}
	s.mu.Unlock()
	if !later {
		s.start(w)
	}
}

// StartDeferred has what was deferred, and has not begun, begin now.
func (s *Session) StartDeferred() {
	if w := s.takeDeferred(); w != nil {
		s.start(w)
	}
}

// start is called during a turn of callbacks, so that the server's running is not zero.
func (s *Session) start(w Worker) { s.srv.running.Go(w.Work) }

func (s *Session) doDeferred() {
	if w := s.takeDeferred(); w != nil {
		w.Work()
	}
}

func (s *Session) takeDeferred() Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.deferred
	s.deferred = nil
	return w
}

func (s *Session) hasDeferred() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deferred != nil
}
