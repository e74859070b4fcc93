package dokkerr

import "context"

// User resolves a full or short user id.
func (s *Service) User(ctx context.Context, id string) (ID, error) {
	if len(id) != shortIDLen {
		return parseID("userId", id)
	}
	return view(ctx, s.store, func(r Reader) (ID, error) { return resolve(r, KindUser, "userId", id) })
}

// Contacts returns who shares a conversation or an active booking with the user, but where one has blocked the other.
func (s *Service) Contacts(ctx context.Context, user ID) ([]ID, error) {
	return view(ctx, s.store, func(r Reader) ([]ID, error) { return r.Contacts(user) })
}

// Inbox returns up to limit events of the user after a position, ascending.
func (s *Service) Inbox(ctx context.Context, user ID, after Position, limit int) ([]Delivery, error) {
	return view(ctx, s.store, func(r Reader) ([]Delivery, error) { return r.Inbox(user, after, limit) })
}
