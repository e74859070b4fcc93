package dokkerr

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"
)

const (
	maxDevices      = 20 // of one user, whose confirmed positions are kept
	keepConfirmed   = 30 * 24 * time.Hour
	touchAfter      = 24 * time.Hour // so long after a device's last sign its next one is written, though nothing moved
	recoverySecret  = "recovery"
	recoveryKeySize = 32
)

// Retention is how far back events are delivered. What is older stays in histories and lists, and only there: Trim deletes it
// once it is a day older than Age.
type Retention struct {
	Age    time.Duration // 0: 30 days
	Events int           // of one user; 0: 100,000
}

func (r Retention) withDefaults() Retention {
	return Retention{Age: cmp.Or(r.Age, 30*24*time.Hour), Events: cmp.Or(r.Events, 100_000)}
}

// Device is one of a user's devices, or all that have no name.
type Device struct {
	User ID
	Name string // at most 64 bytes; "" for the nameless
}

// Confirmation is how far a device's events have provably arrived.
type Confirmation struct {
	Device
	Position Position
	At       Time
}

// Listener is who begins to listen, and where it claims to be. Positions it does not claim are nil.
type Listener struct {
	Device
	Session string    // whose own events it does not get (delivery R16)
	Offset  *Position // of the last event it has
	Began   *Position // of its session, from a pid

	Confirmed Position // of the device, as far as it is known beyond the store
}

// Start is where delivery to a Listener begins.
type Start struct {
	Position  Position // delivery goes on behind it
	Offset    bool     // it is the Listener's offset
	Behind    Position // where it would, were it not for the gap
	Gap       bool     // events before Position are missing: they are older than the retention
	Head      Position // of what was published
	Confirmed Position // of the device
	Erased    bool     // the session began before the user was erased: it is nobody's
	Stale     bool     // the user or the device is not recorded, or long ago
}

// Start decides where a Listener starts (delivery R2, R7, R23).
func (s *Service) Start(ctx context.Context, l Listener) (Start, error) {
	return view(ctx, s.store, func(r Reader) (Start, error) { return s.start(r, l) })
}

func (s *Service) start(r Reader, l Listener) (Start, error) {
	head, err := r.Head(l.User)
	if err != nil {
		return Start{}, err
	}
	seen, err := r.Seen(l.User)
	if err != nil {
		return Start{}, err
	}
	past, err := r.Past(l.User)
	if err != nil {
		return Start{}, err
	}
	confirmed, err := s.confirmed(r, l.Device)
	if err != nil {
		return Start{}, err
	}
	start := Start{
		Head:      head,
		Confirmed: max(confirmed.Position, l.Confirmed, past),
		Erased:    l.Began != nil && *l.Began < past,
		Stale:     !seen || s.now().Sub(confirmed.At.Time) >= touchAfter,
	}
	switch {
	case l.Offset != nil && past <= *l.Offset && *l.Offset <= head:
		start.Position, start.Offset = *l.Offset, true
	case l.Began != nil && !start.Erased:
		start.Position = *l.Began
	default:
		start.Position = start.Confirmed
	}
	start.Behind = start.Position
	kept, err := s.kept(r, l.User, start.Position, l.Session)
	start.Gap = kept != start.Position
	start.Position = kept
	return start, err
}

// confirmed returns a device's confirmation. One that is not known, or no longer, is where the user's furthest is, with a zero time.
func (s *Service) confirmed(r Reader, d Device) (Confirmation, error) {
	all, err := r.Confirmed(d.User)
	if err != nil {
		return Confirmation{}, err
	}
	start := Confirmation{Device: d}
	for _, c := range all {
		if s.now().Sub(c.At.Time) >= keepConfirmed {
			continue
		}
		if c.Device == d {
			return c, nil
		}
		start.Position = max(start.Position, c.Position)
	}
	return start, nil
}

// kept returns the position from which on a user's events are delivered to who stands at after: there, or behind what is
// older than the retention. What was deleted is asked for last: it may be deleted between the questions.
func (s *Service) kept(r Reader, user ID, after Position, session string) (Position, error) {
	missed, err := r.Missed(user, after, session, s.retention.Events+1)
	if err != nil {
		return after, err
	}
	trimmed, err := r.Trimmed(user, session)
	if err != nil {
		return after, err
	}
	since := TimeOf(s.now().Add(-s.retention.Age))
	switch {
	case trimmed > after, missed.Count > s.retention.Events, missed.Count > 0 && missed.First.Before(since.Time):
		oldest, err := r.Oldest(user, since, s.retention.Events)
		return max(after, oldest, trimmed), err
	}
	return after, nil
}

// Record notes that a user was seen in a token and where a device stands, and forgets the devices that were silent for longest when
// there are too many. A device that is known does not go back.
func (s *Service) Record(ctx context.Context, d Device, confirmed Position) error {
	return s.store.Update(ctx, func(tx Tx) error {
		tx.SeeUser(d.User)
		tx.AddDevice(Confirmation{Device: d, Position: confirmed, At: TimeOf(s.now())}, maxDevices)
		return nil
	})
}

// Confirm moves recorded devices forward. A device that was forgotten stays so.
func (s *Service) Confirm(ctx context.Context, moved []Confirmation) error {
	now := TimeOf(s.now())
	return s.store.Update(ctx, func(tx Tx) error {
		for _, c := range moved {
			c.At = now
			tx.Confirm(c)
		}
		return nil
	})
}

// Sync is the answer to a client that keeps its position by itself (delivery R21).
type Sync struct {
	Events   []Delivery
	Position Position // where the next one goes on
	HasMore  bool
	Gap      bool // what follows the position asked from is older than the retention, or lost; Position is where the rest begins
}

// Sync returns the events that follow a position, but the actor's session's own; nil is the beginning of what is kept. A position ahead of
// the user's last event is of a store that was rolled back since: what the client has is not what is here, and that is a gap too.
func (s *Service) Sync(ctx context.Context, by Actor, since *Position, limit int) (Sync, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return Sync{}, err
	}
	return view(ctx, s.store, func(r Reader) (Sync, error) { return s.sync(r, by, since, limit) })
}

func (s *Service) sync(r Reader, by Actor, since *Position, limit int) (Sync, error) {
	head, err := r.Head(by.User)
	if err != nil {
		return Sync{}, err
	}
	after := Position(0)
	if since != nil {
		after = *since
	}
	if after > head {
		return Sync{Position: head, Gap: true}, nil
	}
	past, err := r.Past(by.User)
	if err != nil {
		return Sync{}, err
	}
	kept, err := s.kept(r, by.User, max(after, past), by.Session)
	if err != nil {
		return Sync{}, err
	}
	if since != nil && kept != after {
		return Sync{Position: kept, Gap: true}, nil
	}
	return page(r, by, kept, limit)
}

// page looks one event further than it lists. The session's own count, and are left out.
func page(r Reader, by Actor, after Position, limit int) (Sync, error) {
	events, err := r.Inbox(by.User, after, limit+1)
	if err != nil {
		return Sync{}, err
	}
	answer := Sync{Events: events, Position: after, HasMore: len(events) > limit}
	if answer.HasMore {
		answer.Events = events[:limit]
	}
	if n := len(answer.Events); n > 0 {
		answer.Position = answer.Events[n-1].Position
	}
	answer.Events = slices.DeleteFunc(answer.Events, func(d Delivery) bool { return d.Origin != "" && d.Origin == by.Session })
	return answer, nil
}

// RecoveryKey returns the key that signs pids. It is random, made at the first call, and kept in the store, so that a pid outlives
// the process.
func (s *Service) RecoveryKey(ctx context.Context) ([]byte, error) {
	key, err := view(ctx, s.store, func(r Reader) ([]byte, error) { return r.Secret(recoverySecret) })
	if !errors.Is(err, ErrNotFound) {
		return key, err
	}
	return update(ctx, s.store, func(tx Tx) ([]byte, error) {
		key, err := tx.Secret(recoverySecret)
		if !errors.Is(err, ErrNotFound) {
			return key, err
		}
		key = make([]byte, recoveryKeySize)
		rand.Read(key)
		tx.PutSecret(recoverySecret, key)
		return key, nil
	})
}
