package dokkerr

import "context"

// Erase takes a person out: messages and read marks with whoever they were exchanged, notifications and events for this user alone, and
// devices; the user's tokens are revoked. Bookings, payments and what was told of them to both parties stay: they are the back end's records, and name nobody. Nothing
// of before is delivered any more, and no position, pid or offset of before is good (delivery R9). The id may be used again, and then has
// no past. The user's id may be short, also in a repetition: the erasure makes it unknown, and the answer stays.
func (s *Service) Erase(ctx context.Context, o Once, user string) (Revocation, error) {
	return once(ctx, s, o, func(tx Tx) (Revocation, error) {
		id, err := resolve(tx, KindUser, "userId", user)
		if err != nil {
			return Revocation{}, err
		}
		tx.Erase(id)
		return s.revoke(tx, Revocation{User: id}), nil
	})
}

// Export is a page of what is kept of a person.
type Export struct {
	Events  []Delivery // told to or caused by the user, in their order: each message, notification, booking and payment is in one
	HasMore bool
}

// Export returns up to limit of a user's events after a position, 0 for the beginning.
func (s *Service) Export(ctx context.Context, user ID, after Position, limit int) (Export, error) {
	return view(ctx, s.store, func(r Reader) (Export, error) {
		past, err := r.Past(user)
		if err != nil {
			return Export{}, err
		}
		events, err := r.Inbox(user, max(after, past), limit+1)
		if err != nil {
			return Export{}, err
		}
		page := Export{Events: events, HasMore: len(events) > limit}
		if page.HasMore {
			page.Events = events[:limit]
		}
		return page, nil
	})
}
