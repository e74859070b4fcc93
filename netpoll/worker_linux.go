package netpoll

// maxIdle is how many goroutines of a loop may wait for their next turn.
const maxIdle = 128

// worker is a goroutine that does turns of connections, one after the other. It is used again because its stack has
// grown to what Handlers need, which costs more than the turn.
type worker struct{ next chan *parked } // holds one; nil ends the worker

// dispatch has a worker do a turn of c, whose reading has begun.
func (l *loop) dispatch(c *parked) {
	l.mu.Lock()
	last := len(l.idle) - 1
	if last < 0 {
		l.mu.Unlock()
		l.running.Add(1)
		go l.work(c)
		return
	}
	w := l.idle[last]
	l.idle = l.idle[:last]
	l.mu.Unlock()
	w.next <- c
}

func (l *loop) work(c *parked) {
	defer l.running.Done()
	w := &worker{next: make(chan *parked, 1)}
	for ; c != nil; c = <-w.next {
		c.readTurn()
		if !l.rest(w) {
			return
		}
	}
}

// rest lets w wait for its next turn, unless enough do.
func (l *loop) rest(w *worker) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.idle) == maxIdle {
		return false
	}
	l.idle = append(l.idle, w)
	return true
}

// dismiss ends the workers that wait. It is called once closed is set.
func (l *loop) dismiss() {
	l.mu.Lock()
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	for _, w := range idle {
		w.next <- nil
	}
}
