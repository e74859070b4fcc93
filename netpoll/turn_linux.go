package netpoll

import "sync/atomic"

// turn has a thing done by one goroutine at a time: a call for it while it is being
// done, however often, has it done once more.
type turn struct{ calls atomic.Uint32 } // 0: at rest; 1: being done; 2: and once more

// begin reports whether the caller is to do it.
func (t *turn) begin() bool {
	for {
		switch calls := t.calls.Load(); {
		case calls == 2:
			return false
		case t.calls.CompareAndSwap(calls, calls+1):
			return calls == 0
		}
	}
}

// again ends one doing and reports whether another is due.
func (t *turn) again() bool { return t.calls.Add(^uint32(0)) != 0 }
