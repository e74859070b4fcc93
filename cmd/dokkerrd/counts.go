package main

import (
	"sync"
	"sync/atomic"

	"github.com/dokkerr/realtime/httpapi"
)

// maxNames bounds the names that are counted apart: the back end may invent any number of events.
const maxNames = 512

// others is where the names beyond are counted together. No event is called so: a name's first character is visible.
const others = "(others)"

// eventCounts counts events by name. Its methods may run at once.
type eventCounts struct {
	byName sync.Map // string to *eventCount; only added to
	names  atomic.Int64
}

type eventCount struct{ in, out atomic.Int64 }

func (e *eventCounts) received(event string)            { e.of(event).in.Add(1) }
func (e *eventCounts) sent(event string, receivers int) { e.of(event).out.Add(int64(receivers)) }

func (e *eventCounts) of(event string) *eventCount {
	if c, ok := e.byName.Load(event); ok {
		return c.(*eventCount)
	}
	if event != others && e.names.Add(1) > maxNames {
		e.names.Add(-1)
		return e.of(others)
	}
	c, _ := e.byName.LoadOrStore(event, new(eventCount))
	return c.(*eventCount)
}

// each calls f for every name.
func (e *eventCounts) each(f func(event string, in, out int64)) {
	e.byName.Range(func(event, c any) bool {
		f(event.(string), c.(*eventCount).in.Load(), c.(*eventCount).out.Load())
		return true
	})
}

func (e *eventCounts) all() map[string]httpapi.EventCount {
	all := map[string]httpapi.EventCount{}
	e.each(func(event string, in, out int64) { all[event] = httpapi.EventCount{In: in, Out: out} })
	return all
}
