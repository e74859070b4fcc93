package sqlite

import (
	"context"
	"sync/atomic"

	"github.com/dokkerr/realtime/dokkerr"
)

// command is one decision on its way through the writer.
type command struct {
	decide   func(dokkerr.Tx) error
	taken    atomic.Bool   // by the writer, or by its caller, who then gave up
	done     chan struct{} // closed when err and panicked are set
	err      error         // writer's until done
	panicked any           // writer's until done
}

// take settles who has the command: its caller, who gives it up, or the writer, who will answer it.
func (c *command) take() bool { return c.taken.CompareAndSwap(false, true) }

// Update implements dokkerr.Store.
func (s *Store) Update(ctx context.Context, decide func(dokkerr.Tx) error) error {
	return s.Begin(ctx, decide)()
}

// Begin implements dokkerr.Store.
func (s *Store) Begin(ctx context.Context, decide func(dokkerr.Tx) error) (end func() error) {
	c := &command{decide: decide, done: make(chan struct{})}
	if err := s.enqueue(ctx, c); err != nil {
		return func() error { return err }
	}
	return func() error { return c.wait(ctx) }
}

// wait returns what has come of a command, or gives it up with its context.
func (c *command) wait(ctx context.Context) error {
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.take() {
			return ctx.Err()
		}
		<-c.done
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.err
}

// enqueue waits for a place in the queue as long as its caller does.
func (s *Store) enqueue(ctx context.Context, c *command) error {
	if !s.join() {
		return unavailable()
	}
	defer s.senders.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writer.queue <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join lets Close wait for a sender, unless Close came first.
func (s *Store) join() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return false
	}
	s.senders.Add(1)
	return true
}

// Subscribe implements dokkerr.Store.
func (s *Store) Subscribe(tell func([]dokkerr.Event)) { s.writer.tell = tell }
