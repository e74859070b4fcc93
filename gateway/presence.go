package gateway

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// maxGone bounds how many users who left are remembered with the time of it; the first to leave is forgotten first.
const maxGone = 100_000

const presenceEvent = "presence.update"

// Presence is whether a user is connected, and since when not.
type Presence struct {
	Online   bool
	LastSeen time.Time // zero: never seen by this process, or online
}

// presenceUpdate is the payload of presence.update.
type presenceUpdate struct {
	UserID   dokkerr.ID    `json:"userId"`
	Online   bool          `json:"online"`
	LastSeen *dokkerr.Time `json:"lastSeen,omitempty"`
}

// presence knows who is connected and tells their contacts. One goroutine reads the contacts and does all the telling, so that
// the last word told of a user is the latest, and no login waits for it.
type presence struct {
	contacts contactsReader
	tell     func(to dokkerr.ID, u presenceUpdate) // to all sockets of a user
	grace    time.Duration
	timeout  time.Duration // of one reading of contacts
	logger   *slog.Logger
	stop     context.CancelFunc
	running  sync.WaitGroup
	wake     chan struct{} // something is due

	mu       sync.Mutex
	byUser   map[dokkerr.ID]*attendance // under mu
	due      []dokkerr.ID               // users with something to tell, each once; under mu
	parting  [][2]dokkerr.ID            // contacts no longer, and not told so yet; under mu
	leaving  []departure                // in grace, by time; under mu
	departed []departure                // whose end was told, by time; under mu
}

// contactsReader reads who is told of a user's presence.
type contactsReader func(ctx context.Context, user dokkerr.ID) ([]dokkerr.ID, error)

// attendance is what is known of one user. All under presence.mu.
type attendance struct {
	sockets    []greeter
	leftAt     time.Time // when the last socket left; zero while there is one
	online     bool      // until the grace is over
	told       bool      // what contacts were told last
	due        bool      // is in presence.due
	introduced bool      // has a new contact: both are to be told again
	newcomers  []greeter // sockets that do not know yet who is online
}

// greeter is a socket that can be told of a contact's presence.
type greeter interface{ greet(u presenceUpdate) }

// departure is a user's leaving. It is void when the user has come back since.
type departure struct {
	user dokkerr.ID
	at   time.Time
}

func newPresence(
	contacts contactsReader, tell func(dokkerr.ID, presenceUpdate), grace, timeout time.Duration, logger *slog.Logger,
) *presence {
	ctx, stop := context.WithCancel(context.Background())
	p := &presence{
		contacts: contacts,
		tell:     tell,
		grace:    grace,
		timeout:  timeout,
		logger:   logger,
		stop:     stop,
		wake:     make(chan struct{}, 1),
		byUser:   make(map[dokkerr.ID]*attendance),
	}
	p.running.Go(func() { p.run(ctx) })
	return p
}

// connected counts a new socket of a user.
func (p *presence) connected(user dokkerr.ID, s greeter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byUser[user]
	if a == nil {
		a = &attendance{}
		p.byUser[user] = a
	}
	a.sockets = append(a.sockets, s)
	a.newcomers = append(a.newcomers, s)
	a.online, a.leftAt = true, time.Time{}
	p.schedule(user, a)
}

// disconnected takes a socket out. The last one begins the grace.
func (p *presence) disconnected(user dokkerr.ID, s greeter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byUser[user]
	isThis := func(other greeter) bool { return other == s }
	a.sockets = slices.DeleteFunc(a.sockets, isThis)
	a.newcomers = slices.DeleteFunc(a.newcomers, isThis)
	if len(a.sockets) == 0 {
		a.leftAt = time.Now()
		p.leaving = append(p.leaving, departure{user, a.leftAt})
		rouse(p.wake)
	}
}

// introduce tells a connected user and its contacts of each other again, as there is a new one among them.
func (p *presence) introduce(user dokkerr.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.byUser[user]; a != nil && a.online {
		a.introduced = true
		p.schedule(user, a)
	}
}

// part tells two users who are contacts no longer that the other is offline. What is due is told behind that, as it then is.
func (p *presence) part(a, b dokkerr.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parting = append(p.parting, [2]dokkerr.ID{a, b})
	rouse(p.wake)
}

// separate tells those who part.
func (p *presence) separate() {
	p.mu.Lock()
	parting := p.parting
	p.parting = nil
	p.mu.Unlock()
	for _, pair := range parting {
		if p.of(pair[0]).Online && p.of(pair[1]).Online {
			p.tell(pair[0], presenceUpdate{UserID: pair[1]})
			p.tell(pair[1], presenceUpdate{UserID: pair[0]})
		}
	}
}

func (p *presence) of(user dokkerr.ID) Presence {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byUser[user]
	if a == nil {
		return Presence{}
	}
	return Presence{Online: a.online, LastSeen: a.lastSeen()}
}

func (a *attendance) lastSeen() time.Time {
	if a.online {
		return time.Time{}
	}
	return a.leftAt
}

// schedule puts a user in the queue of the goroutine, once. The caller holds mu.
func (p *presence) schedule(user dokkerr.ID, a *attendance) {
	if a.due {
		return
	}
	a.due = true
	p.due = append(p.due, user)
	rouse(p.wake)
}

func (p *presence) run(ctx context.Context) {
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	for ctx.Err() == nil {
		p.separate()
		if n, ok := p.next(); ok {
			p.spread(ctx, n)
			continue
		}
		timer.Reset(p.untilDeparture())
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// news is what there is to tell about a user, and to whom beside the contacts.
type news struct {
	update     presenceUpdate
	changed    bool      // contacts are to be told
	introduced bool      // and all the user's sockets of the contacts
	newcomers  []greeter // sockets to be told of the contacts in any case
}

// next takes the first user off the queue, after those whose grace is over were put into it.
func (p *presence) next() (news, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.depart(time.Now())
	if len(p.due) == 0 {
		return news{}, false
	}
	user := p.due[0]
	p.due = p.due[1:]
	a := p.byUser[user]
	n := news{
		update:     a.update(user),
		changed:    a.online != a.told || a.introduced,
		introduced: a.introduced,
		newcomers:  a.newcomers,
	}
	a.told, a.due, a.introduced, a.newcomers = a.online, false, false, nil
	if !a.online {
		p.remember(departure{user, a.leftAt})
	}
	return n, true
}

func (a *attendance) update(user dokkerr.ID) presenceUpdate {
	u := presenceUpdate{UserID: user, Online: a.online}
	if !a.online {
		u.LastSeen = &dokkerr.Time{Time: a.leftAt}
	}
	return u
}

// depart ends the grace of those who left long enough ago. The caller holds mu.
func (p *presence) depart(now time.Time) {
	for len(p.leaving) > 0 && now.Sub(p.leaving[0].at) >= p.grace {
		gone := p.leaving[0]
		p.leaving = p.leaving[1:]
		if a := p.byUser[gone.user]; a != nil && a.leftAt.Equal(gone.at) {
			a.online = false
			p.schedule(gone.user, a)
		}
	}
}

// remember keeps the last maxGone departures and forgets the users of those before. The caller holds mu.
func (p *presence) remember(gone departure) {
	p.departed = append(p.departed, gone)
	if len(p.departed) <= maxGone {
		return
	}
	first := p.departed[0]
	p.departed = p.departed[1:]
	if a := p.byUser[first.user]; a != nil && a.leftAt.Equal(first.at) {
		delete(p.byUser, first.user)
	}
}

// untilDeparture returns how long until the next grace is over.
func (p *presence) untilDeparture() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.leaving) == 0 {
		return p.grace
	}
	return time.Until(p.leaving[0].at.Add(p.grace))
}

// spread tells the contacts of a user, and the user of them.
func (p *presence) spread(ctx context.Context, n news) {
	if !n.changed && len(n.newcomers) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	contacts, err := p.contacts(ctx, n.update.UserID)
	if err != nil {
		p.logger.Warn("contacts cannot be read", "user", n.update.UserID, "error", err)
		return
	}
	for _, contact := range contacts {
		if p.of(contact).Online {
			p.exchange(n, contact)
		}
	}
}

// exchange tells a user and a contact who is online of each other.
func (p *presence) exchange(n news, contact dokkerr.ID) {
	theirs := presenceUpdate{UserID: contact, Online: true}
	if n.changed {
		p.tell(contact, n.update)
	}
	if n.introduced {
		p.tell(n.update.UserID, theirs)
	}
	for _, s := range n.newcomers {
		s.greet(theirs)
	}
}

// tellPresence tells all sockets of a user of another's presence.
func (g *Gateway) tellPresence(to dokkerr.ID, u presenceUpdate) {
	if err := g.lobby.To(userRoom(to)).Emit(presenceEvent, u); err != nil {
		g.logger.Error("presence cannot be told", "error", err)
	}
}

// close ends the telling and waits for it.
func (p *presence) close() {
	p.stop()
	p.running.Wait()
}
