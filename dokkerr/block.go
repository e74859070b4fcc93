package dokkerr

import (
	"context"
	"fmt"
)

// maxBlocked is how many others a user may block.
const maxBlocked = 1000

// errBlocked has one form for both sides.
var errBlocked error = &Error{Code: Forbidden, Message: "one of the two of you has blocked the other"}

// Block keeps messages, typing and presence between the actor and another user from both, until the actor takes it back. A block that is
// there stays. It returns whom it was about.
func (s *Service) Block(ctx context.Context, by Actor, userID string) (ID, error) {
	return update(ctx, s.store, func(tx Tx) (ID, error) {
		other, err := otherUser(tx, by, userID)
		if err != nil {
			return other, err
		}
		n, err := tx.Blocks(by.User)
		if err == nil && n >= maxBlocked {
			err = conflict(fmt.Sprintf("%d users are blocked already: unblock one first", maxBlocked))
		}
		if err == nil {
			tx.PutBlock(by.User, other, TimeOf(s.now()))
		}
		return other, err
	})
}

// Unblock takes the actor's block of another user back; there may be none. The other's own block stays. It returns whom it was about.
func (s *Service) Unblock(ctx context.Context, by Actor, userID string) (ID, error) {
	return update(ctx, s.store, func(tx Tx) (ID, error) {
		other, err := otherUser(tx, by, userID)
		if err == nil {
			tx.DeleteBlock(by.User, other)
		}
		return other, err
	})
}

func otherUser(l Lookup, by Actor, userID string) (ID, error) {
	other, err := resolve(l, KindUser, "userId", userID)
	if err == nil && other == by.User {
		err = invalid("userId", "must be another user")
	}
	return other, err
}
