package socketio

import (
	"context"
	"sync/atomic"
)

// tasks counts the goroutines of a server.
type tasks struct {
	running atomic.Int64
	waited  atomic.Bool
	idle    chan struct{} // buffered; tells wait that the count was zero
}

func newTasks() *tasks { return &tasks{idle: make(chan struct{}, 1)} }

// start counts a goroutine that is about to run. It calls done at its end.
func (t *tasks) start() { t.running.Add(1) }

func (t *tasks) done() {
	if t.running.Add(-1) > 0 || !t.waited.Load() {
		return
	}
	select {
	case t.idle <- struct{}{}:
	default:
	}
}

// wait returns when nothing runs, or with ctx's error. Only one may wait.
func (t *tasks) wait(ctx context.Context) error {
	t.waited.Store(true)
	for t.running.Load() > 0 {
		select {
		case <-t.idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
