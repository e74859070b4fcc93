package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	maxBatch = 256
	maxQueue = 1024
	maxHeads = 1 << 15 // users and as many conversations that are surely in memory: 20 MB when there are twice as many
)

// writer owns the one connection that writes, and the heads of users and conversations. Everything but the queue, the
// horizon and done is its goroutine's.
type writer struct {
	queue   chan *command
	done    chan struct{}         // closed when the queue is closed and empty
	horizon *atomic.Int64         // the last event that was told
	tell    func([]dokkerr.Event) // set before the first command
	hooks   Hooks                 // fixed at birth
	broken  atomic.Bool           // set for ever: nothing more is stored
	floor   dokkerr.Position      // fixed at birth
	conn    *conn
	log     string // the path of the write-ahead log; fixed at birth
	batch   []*command
	tx      tx
	lastKey int64                     // of the last event written
	users   *cache[dokkerr.ID, *user] // heads as assigned, ahead of the horizon
	talks   *cache[pair, *conversation]
	blocks  *cache[pair, bool]
	large   bool                                   // the write-ahead log is to be cut
	erasing bool                                   // somebody who was erased still has rows
	rest    func(took time.Duration) time.Duration // before the next slice of them is deleted; fixed at birth
	keys    *keys
}

func newWriter(c *conn, log string, horizon *atomic.Int64, o *Options) (*writer, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	w := &writer{
		queue:   make(chan *command, maxQueue),
		done:    make(chan struct{}),
		horizon: horizon,
		tell:    func([]dokkerr.Event) {},
		hooks:   o.Hooks,
		floor:   dokkerr.PositionFloor(now()),
		conn:    c,
		log:     log,
		users:   newCache[dokkerr.ID, *user](maxHeads),
		talks:   newCache[pair, *conversation](maxHeads),
		blocks:  newCache[pair, bool](maxHeads),
		keys:    newKeys(c, o),
		rest:    o.rest,
	}
	if w.rest == nil {
		w.rest = func(took time.Duration) time.Duration { return took }
	}
	w.tx.lookup = lookup{ctx: context.Background(), conn: c, horizon: everything}
	w.tx.w = w
	if err := w.forget(); err != nil {
		return nil, err
	}
	horizon.Store(w.lastKey)
	if err := c.row(context.Background(), "SELECT EXISTS (SELECT 1 FROM erasing)", nil, &w.erasing); err != nil {
		return nil, err
	}
	return w, w.keys.load(w.lastKey)
}

// forget drops the heads that are in memory, so that they are read again from the file: at the start, and after a failure,
// when some were assigned that never came to be.
func (w *writer) forget() error {
	w.users.clear()
	w.talks.clear()
	w.blocks.clear()
	w.tx.reset()
	err := w.conn.row(context.Background(), "SELECT ifnull(max(key), 0) FROM event", nil, &w.lastKey)
	w.lastKey = max(w.lastKey, w.horizon.Load()) // a key below the horizon would show before it is told
	return err
}

// run commits what waits, and never waits for company. In between it tidies up, in slices, and does the rest when nothing came for a
// while.
func (w *writer) run() {
	defer close(w.done)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	var slice <-chan time.Time // set while there is something to tidy up
	rest := w.rest(0)
	for {
		if slice == nil && (w.erasing || w.large) {
			slice = time.After(rest)
		}
		select {
		case first, ok := <-w.queue:
			if !ok {
				return
			}
			w.gather(first)
			w.commit(w.batch)
			clear(w.batch)
			w.large = false // others send: the log is not cut now
			idle.Reset(idleAfter)
		case <-slice:
			slice, rest = nil, w.tidy()
			idle.Reset(idleAfter)
		case <-idle.C:
			if w.large = w.logSize() > maxLog; !w.large {
				w.checkpoint()
			}
		}
	}
}

// gather takes what waits, up to maxBatch, but what its caller gave up. Whoever can run and is about to send gets the CPU
// first: on one core the first command would else wake the writer before the others are queued, and be committed alone.
func (w *writer) gather(first *command) {
	runtime.Gosched()
	w.batch = w.batch[:0]
	for c := first; ; {
		if c.take() {
			w.batch = append(w.batch, c)
		}
		if len(w.batch) == maxBatch {
			return
		}
		select {
		case next, ok := <-w.queue:
			if !ok {
				return
			}
			c = next
		default:
			return
		}
	}
}

// commit answers every command of the batch: after its commit, and after its events were told.
func (w *writer) commit(batch []*command) {
	err := w.transact(batch)
	if isConstraint(err) && len(batch) > 1 {
		for i := range batch {
			w.commit(batch[i : i+1]) // only the culprit fails
		}
		return
	}
	if err != nil {
		w.fail(batch, err)
	} else {
		w.publish()
	}
	for _, c := range batch {
		close(c.done)
	}
}

// transact runs the decisions in one transaction. An error means that nothing of it was stored.
func (w *writer) transact(batch []*command) error {
	if len(batch) == 0 {
		return nil
	}
	if w.broken.Load() {
		return unavailable()
	}
	begin := time.Now()
	before := w.lastKey
	err := w.exec("BEGIN IMMEDIATE")
	for i := 0; i < len(batch) && err == nil; i++ {
		err = w.tx.run(batch[i])
	}
	if err == nil {
		err = w.keys.merge()
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		return w.rollback(err)
	}
	w.keys.committed(w.lastKey)
	if w.hooks.Committed != nil {
		w.hooks.Committed(Commit{Commands: len(batch), Events: int(w.lastKey - before), Took: time.Since(begin)})
	}
	return nil
}

// rollback undoes the transaction, which SQLite may have done already, and puts assigned heads back.
func (w *writer) rollback(cause error) error {
	if err := w.exec("ROLLBACK"); err != nil {
		cause = fmt.Errorf("%w (then %w)", cause, err)
	}
	w.keys.undone()
	if err := w.forget(); err != nil {
		cause = fmt.Errorf("%w (then %w)", cause, err)
	}
	return cause
}

func (w *writer) exec(query string, args ...any) error {
	_, err := w.conn.exec(context.Background(), query, args...)
	return err
}

// publish moves the horizon and then tells: who looks in between sees an event early, never late.
func (w *writer) publish() {
	w.horizon.Store(w.lastKey)
	if events := w.tx.events; len(events) > 0 {
		w.tx.events = nil
		w.tell(events)
	}
}

// failed tells the operator, and gives up for ever what is in doubt.
func (w *writer) failed(cause error) {
	if w.broken.Load() {
		return // that was told
	}
	if w.hooks.Failed != nil {
		w.hooks.Failed(cause)
	}
	if err := brokenBy(cause); err != nil {
		w.tellBroken(err)
	}
}

// fail answers all alike, also those whose decision had an error of its own: it may have come from what was undone.
func (w *writer) fail(batch []*command, cause error) {
	w.failed(cause)
	answer := answerOf(cause)
	if isConstraint(cause) {
		answer = cause
	}
	for _, c := range batch {
		c.err, c.panicked = answer, nil
	}
}
