package sqlite

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/dokkerr/realtime/dokkerr"
)

// tx is the one dokkerr.Tx, lent to one decision after the other. What a decision writes is kept until it has returned nil,
// so that nothing is to be undone when it fails.
type tx struct {
	lookup
	w      *writer
	writes []func() error  // of the running decision
	events []dokkerr.Event // of the transaction, as they will be told
}

// run lets the command decide, and then does what it asked for. Its own error or panic is kept in it; the error that is
// returned is the transaction's.
func (t *tx) run(c *command) error {
	t.writes = t.writes[:0]
	t.decide(c)
	if t.failed != nil || c.err != nil || c.panicked != nil {
		return t.failed
	}
	for i, write := range t.writes {
		err := write()
		if i == 0 && errors.Is(err, dokkerr.ErrKeyUsed) { // there is nothing to undo
			c.err = err
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) decide(c *command) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked = fmt.Errorf("%v\n\nin a decision:\n%s", p, debug.Stack())
		}
	}()
	c.err = c.decide(t)
}

func (t *tx) reset() {
	t.failed = nil
	t.events = nil
}

func (t *tx) later(write func() error) { t.writes = append(t.writes, write) }

// SeeUser implements dokkerr.Tx.
func (t *tx) SeeUser(id dokkerr.ID) {
	t.later(func() error { return t.w.seeUser(id) })
}

// Append implements dokkerr.Tx. It panics if the entry has not the receivers that its kind has.
func (t *tx) Append(e dokkerr.Entry) {
	if n := len(e.To); n < 1 || n > 2 || (e.Message != nil && n != 2) {
		panic("sqlite: event " + e.Name + " with the wrong number of receivers")
	}
	t.later(func() error { return t.w.append(e) })
}
