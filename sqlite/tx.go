package sqlite

import "github.com/dokkerr/realtime/dokkerr"

// tx is the one dokkerr.Tx, lent to one decision after the other. What a decision writes is kept until it has returned nil,
// so that nothing is to be undone when it fails.
type tx struct {
	lookup
	w      *writer
	writes []func() error  // of the running decision
	events []dokkerr.Event // of the transaction, as they will be told
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

// Append implements dokkerr.Tx.
func (t *tx) Append(e dokkerr.Entry) {
	t.later(func() error { return t.w.append(e) })
}
