package limit

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// AdmissionOptions is what an Admission lets in; its zero value is everybody.
type AdmissionOptions struct {
	Arrivals Rate  // of one network
	Visitors int   // of one network at once; 0: any number
	Unknown  int   // of those, before it is known who they are; 0: any number
	Gate     *Gate // what arrivals have to wait behind; nil: nothing
}

// Admission admits visitors by the network they come from, and counts them until they leave. This machine itself is not limited by
// network. Its methods may run at once. Memory is bounded: rates are kept for maxNetworks, counts for networks with visitors.
type Admission struct {
	options AdmissionOptions // fixed at birth
	rates   *Keyed[Network]

	mu       sync.Mutex
	visitors map[Network]count // under mu
}

// count is a network's visitors.
type count struct{ all, unknown int32 }

// maxNetworks is how many networks' rates are remembered; the longest unused one is forgotten first.
const maxNetworks = 1 << 18

const (
	gateWait   = time.Second      // after which an Admission that is crowded is worth another try
	leaverWait = 10 * time.Second // in which one of too many visitors may have left, or was found to be nobody
)

// NewAdmission returns an Admission.
func NewAdmission(o AdmissionOptions) *Admission {
	return &Admission{options: o, rates: NewKeyed[Network](o.Arrivals, maxNetworks), visitors: make(map[Network]count)}
}

// Admit admits a visitor from an address, or says after how long it is worth another try. It waits for no longer than the Gate.
// Who was let in must leave by Visit.End.
func (a *Admission) Admit(ctx context.Context, from netip.Addr, now time.Time) (v *Visit, wait time.Duration, ok bool) {
	v = &Visit{admission: a, network: NetworkOf(from), local: from.Unmap().IsLoopback()}
	if !v.local {
		if ok, wait = a.rates.Allow(v.network, now); !ok {
			return nil, wait, false
		}
	}
	if !a.options.Gate.Enter(ctx) {
		return nil, gateWait, false
	}
	a.options.Gate.Leave() // what follows behind the Gate takes a place of its own
	if !v.local && !a.add(v.network) {
		return nil, leaverWait, false
	}
	return v, 0, true
}

func (a *Admission) add(n Network) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.visitors[n]
	o := &a.options
	if o.Visitors > 0 && int(c.all) >= o.Visitors || o.Unknown > 0 && int(c.unknown) >= o.Unknown {
		return false
	}
	a.visitors[n] = count{c.all + 1, c.unknown + 1}
	return true
}

// Visit is a visitor's stay.
type Visit struct {
	admission *Admission // fixed at birth
	network   Network    // fixed at birth
	local     bool       // fixed at birth: from this machine, not counted
	known     bool       // under admission.mu
}

// Known says that it is known who the visitor is.
func (v *Visit) Known() {
	if !v.local {
		v.admission.settle(v, 0)
	}
}

// End ends the stay. It is called once.
func (v *Visit) End() {
	if !v.local {
		v.admission.settle(v, 1)
	}
}

func (a *Admission) settle(v *Visit, leaving int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.visitors[v.network]
	if !v.known {
		v.known = true
		c.unknown--
	}
	c.all -= leaving
	if c.all == 0 {
		delete(a.visitors, v.network)
		return
	}
	a.visitors[v.network] = c
}
