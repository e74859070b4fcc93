package engineio

// SendConfirmed is Send of frames behind a ping, all of it one unit: they leave in one write, and on long-polling in one answer,
// so that the pong tells of the frames too. A client that answers pings as they come so has its pong ahead of whatever it sends in
// answer to the frames. f is called as Confirm's is.
func (s *Session) SendConfirmed(f func(), frames ...Frame) {
	if s.v3 {
		s.Send(frames...)
		return
	}
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	s.outbox.push(pingFrame)
	s.outbox.push(frames...)
	if s.outbox.cost() > s.srv.options.MaxOutbox {
		s.overflow()
		return
	}
	s.expectPong(f)
	s.flush()
}
