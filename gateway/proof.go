package gateway

import "github.com/dokkerr/realtime/dokkerr"

// await has a ping sent to s within lazy, unless one is due or on its way. The caller holds the feed's lock.
func (d *feeds) await(s *subscription) {
	if s.place == nil || !s.live || s.awaited || s.pings > 0 || s.cursor <= s.marked {
		return
	}
	s.awaited = true
	d.proofs.Lock()
	defer d.proofs.Unlock()
	d.unproven = append(d.unproven, s)
	rouse(d.unprovenWake)
}

// askAll sends the pings that are due.
func (d *feeds) askAll() {
	d.proofs.Lock()
	due := d.unproven
	d.unproven = nil
	d.proofs.Unlock()
	for _, s := range due {
		if cursor, ok := s.due(); ok {
			d.ask(s, cursor, func() {})
		}
	}
}

// due returns where a live subscription is, if no ping stands behind that.
func (s *subscription) due() (cursor dokkerr.Position, ok bool) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.awaited = false
	if s.place == nil || !s.live || s.cursor <= s.marked {
		return 0, false
	}
	return s.cursor, true
}

// ask sends a ping behind all up to a position. On its pong the position is confirmed, and then is called.
func (d *feeds) ask(s *subscription, position dokkerr.Position, then func()) {
	s.feed.mu.Lock()
	s.pings++
	s.marked = position
	s.feed.mu.Unlock()
	s.sink.confirm(func() {
		d.proved(s, position)
		then()
	})
}

func (d *feeds) proved(s *subscription, position dokkerr.Position) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.place != nil {
		d.places.confirm(s.place, s.began, position)
	}
	s.pings--
	d.await(s)
}

// vouch takes a client's word that it has all up to a position, which confirms it. If that is where the session began, nothing is
// missing before what it is sent.
func (d *feeds) vouch(s *subscription, position dokkerr.Position) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	d.places.confirm(s.place, 0, position)
	if position >= s.began {
		s.began = 0
	}
}
