package main

import (
	"fmt"
	"sync"
	"testing"

	"github.com/dokkerr/realtime/httpapi"
)

func TestEventsAreCountedByName(t *testing.T) {
	var e eventCounts
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				e.received("message.new")
				e.sent("message.new", 3)
				e.sent("notification.new", 1)
			}
		})
	}
	wg.Wait()
	all := e.all()
	if all["message.new"] != (httpapi.EventCount{In: 800, Out: 2400}) || all["notification.new"] != (httpapi.EventCount{Out: 800}) || len(all) != 2 {
		t.Errorf("counted %v", all)
	}
}

// The back end may invent names without end; memory and the metrics stay bounded.
func TestNamesAreBounded(t *testing.T) {
	var e eventCounts
	for i := range 10 * maxNames {
		e.sent(fmt.Sprint("application.", i), 1)
	}
	all := e.all()
	if len(all) > maxNames+1 {
		t.Errorf("%d names", len(all))
	}
	total := int64(0)
	for _, c := range all {
		total += c.Out
	}
	if total != 10*maxNames || all[others].Out != 9*maxNames {
		t.Errorf("%d counted, %d of them among others", total, all[others].Out)
	}
}
