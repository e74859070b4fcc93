package engineio

// Trust lifts Options.MaxUntrusted from the session: its client is known.
func (s *Session) Trust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trusted = true
}

// hear counts what came of a client until it is trusted. within is false when that is too much.
func (s *Session) hear(n int) (trusted, within bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.trusted {
		s.heard += n
	}
	return s.trusted, s.trusted || s.heard <= s.srv.options.MaxUntrusted
}

// maxBody returns how many bytes the next polling body may have.
func (s *Session) maxBody() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.srv.options.MaxPayload
	if s.trusted {
		return most
	}
	return min(most, s.srv.options.MaxUntrusted-s.heard)
}
