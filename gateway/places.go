package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// lazy is how long a proof is waited for company: a ping goes out within it behind a durable event (delivery R24), and a confirmed
// position into the store.
const lazy = time.Second

// maxConfirm is how many positions are stored at once, so that no command waits long behind them.
const maxConfirm = 256

// places is where the connected devices stand, ahead of the store by what was confirmed in the last second.
type places struct {
	store   func(context.Context, []dokkerr.Confirmation) error
	timeout time.Duration // of one writing
	logger  *slog.Logger
	wake    chan struct{} // something moved

	mu       sync.Mutex
	byDevice map[dokkerr.Device]*place // under mu
	moved    []*place                  // each once; under mu
}

// place is the confirmed position of one device. All but the device is under places.mu.
type place struct {
	device   dokkerr.Device
	position dokkerr.Position
	sockets  int
	moved    bool // is in places.moved
	storing  bool // is on its way into the store, which may still say otherwise
}

func newPlaces(store func(context.Context, []dokkerr.Confirmation) error, timeout time.Duration, logger *slog.Logger) *places {
	return &places{
		store: store, timeout: timeout, logger: logger,
		wake: make(chan struct{}, 1), byDevice: make(map[dokkerr.Device]*place),
	}
}

// hold counts a socket of a device that the store has at a position.
func (p *places) hold(d dokkerr.Device, stored dokkerr.Position) *place {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.byDevice[d]
	if at == nil {
		at = &place{device: d, position: stored}
		p.byDevice[d] = at
	}
	at.sockets++
	return at
}

func (p *places) release(at *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at.sockets--
	p.forget(at)
}

// forget drops a place that nobody needs. The caller holds mu.
func (p *places) forget(at *place) {
	if at.sockets == 0 && !at.moved && !at.storing && p.byDevice[at.device] == at {
		delete(p.byDevice, at.device)
	}
}

// position returns where a device is known to stand, 0 for unknown.
func (p *places) position(d dokkerr.Device) dokkerr.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.byDevice[d]; at != nil {
		return at.position
	}
	return 0
}

// confirm moves a place forward to what a session has proved. A session that began above the place says nothing of what is between
// them (delivery R7).
func (p *places) confirm(at *place, began, position dokkerr.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began > at.position || position <= at.position {
		return
	}
	at.position = position
	p.schedule(at)
}

// schedule has a place stored. The caller holds mu.
func (p *places) schedule(at *place) {
	if !at.moved {
		at.moved = true
		p.moved = append(p.moved, at)
		rouse(p.wake)
	}
}

// flush stores what has moved. What cannot be stored is tried again as long as the device is here; then it will see some events again.
func (p *places) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	for batch := p.take(); len(batch) > 0; batch = p.take() {
		confirmed := p.confirmations(batch)
		err := p.store(ctx, confirmed)
		p.settle(batch, err != nil)
		if err != nil {
			p.logger.Warn("confirmed positions cannot be stored", "error", err)
			return
		}
	}
}

func (p *places) take() []*place {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(p.moved), maxConfirm)
	batch := p.moved[:n:n]
	p.moved = p.moved[n:]
	return batch
}

// confirmations reads where the places are. What moves from now on is scheduled anew.
func (p *places) confirmations(batch []*place) []dokkerr.Confirmation {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]dokkerr.Confirmation, len(batch))
	for i, at := range batch {
		list[i] = dokkerr.Confirmation{Device: at.device, Position: at.position}
		at.moved, at.storing = false, true
	}
	return list
}

func (p *places) settle(batch []*place, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range batch {
		at.storing = false
		if again && at.sockets > 0 {
			p.schedule(at)
		}
		p.forget(at)
	}
}

// lazily calls do a while after each wake, so that what is woken for meanwhile is done at once.
func lazily(ctx context.Context, wake <-chan struct{}, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		if !sleep(ctx, lazy) {
			return
		}
		do()
	}
}

// rouse wakes who waits on a channel with room for one.
func rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
