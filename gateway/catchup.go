package gateway

import (
	"context"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	maxReads   = 16                    // catch-ups that hold a batch at once
	maxBatch   = 128                   // events of one read
	firstDrain = 50 * time.Millisecond // after which a full socket is looked at again, doubled each time in vain
	lastDrain  = time.Second
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// inboxReader reads up to limit committed events of a user after a position, ascending.
type inboxReader func(ctx context.Context, user dokkerr.ID, after dokkerr.Position, limit int) ([]dokkerr.Delivery, error)

// startCatchUp starts the goroutine that brings s to live. The caller holds d.mu and the feed's lock.
func (d *feeds) startCatchUp(s *subscription) {
	if d.closed {
		return
	}
	ctx, stop := context.WithCancel(d.ctx)
	s.stop = stop
	d.running.Go(func() {
		defer stop()
		d.catchUp(ctx, s)
	})
}

// catchUp sends from the store what s has not passed until the cursor meets the published head, then turns s to live. It ends early
// with ctx.
func (d *feeds) catchUp(ctx context.Context, s *subscription) {
	w := newWindow(d.soon)
	for pause, retry := time.Duration(0), firstRetry; sleep(ctx, pause); {
		from := s.cursor
		done, err := d.replay(ctx, s, w)
		stuck, unasked := w.stuck()
		switch {
		case done && d.goLive(s):
			return
		case err != nil && ctx.Err() == nil:
			if retry == firstRetry {
				d.logger.Warn("inbox cannot be read", "user", s.feed.user, "error", err)
			}
			pause, retry = retry, min(2*retry, lastRetry)
		case s.sink.full():
			pause, retry = drain(pause, s.cursor > from), firstRetry
		case stuck:
			if unasked {
				d.askWithin(s, w)
			}
			w.wait(ctx)
			pause, retry = 0, firstRetry
		default:
			pause, retry = 0, firstRetry
		}
	}
}

// drain returns when a full socket is looked at again.
func drain(pause time.Duration, moved bool) time.Duration {
	if moved {
		return firstDrain
	}
	return min(max(2*pause, firstDrain), lastDrain)
}

// replay reads one batch behind the cursor and sends it as far as the socket and the window have room. done is true when nothing
// that was published before the read is left.
func (d *feeds) replay(ctx context.Context, s *subscription, w *window) (done bool, err error) {
	if s.sink.full() {
		return false, nil
	}
	d.reads <- struct{}{}
	defer func() { <-d.reads }()
	// The head is looked at before the read: what the store then does not show below it does not exist (delivery R9).
	head := s.feed.published()
	batch, err := d.read(ctx, s)
	if err != nil || !d.passAll(ctx, s, batch, w) || len(batch) == maxBatch {
		return false, err
	}
	s.cursor = max(s.cursor, head)
	return true, nil
}

func (d *feeds) read(ctx context.Context, s *subscription) ([]dokkerr.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.inbox(ctx, s.feed.user, s.cursor, maxBatch)
}

// passAll returns false when there is no room for the rest, or the socket has ended.
func (d *feeds) passAll(ctx context.Context, s *subscription, batch []dokkerr.Delivery, w *window) bool {
	for _, row := range batch {
		e := &outgoing{name: row.Name, data: row.Data}
		if s.sink.full() || ctx.Err() != nil || !w.fits(e.size()) {
			return false
		}
		if s.pass(row.Origin, e, row.Position) && w.add(e.size()) {
			d.askWithin(s, w)
		}
	}
	return true
}

// askWithin sends a ping whose pong moves the window, and widens it if it comes soon.
func (d *feeds) askWithin(s *subscription, w *window) {
	mark := w.mark()
	d.ask(s, s.cursor, func() { w.prove(mark) })
}

// goLive turns s to live and returns true, unless more was published than s has passed. The last of the catch-up is proved at once.
func (d *feeds) goLive(s *subscription) bool {
	if !s.feed.goLive(s) {
		return false
	}
	if cursor, ok := s.due(); ok {
		d.ask(s, cursor, func() {})
	}
	return true
}

// sleep returns false at once when ctx has ended, else true after d.
func sleep(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	return ctx.Err() == nil
}
