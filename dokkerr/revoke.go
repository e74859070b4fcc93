package dokkerr

import (
	"context"
	"time"
)

// defaultTokenLife is how long after its issue a token may be accepted, a leeway of 30 s at both ends included.
const defaultTokenLife = 24*time.Hour + time.Minute

// Credential is a token that verified, as far as it can be revoked.
type Credential struct {
	User      ID
	SessionID string    // "" for none
	TokenID   string    // "" for none
	IssuedAt  time.Time // zero: it does not say
}

// Revocation refuses tokens that verify: the one with a token id, or those of a session or of all the user that were issued until a
// time. A token that does not say when it was issued counts as old.
type Revocation struct {
	User      ID     `json:"userId"` // set by Revoke
	SessionID string `json:"sessionId,omitempty"`
	TokenID   string `json:"jti,omitempty"` // at most one of the two
	At        Time   `json:"at"`            // set by Revoke
}

// Hits says whether a token is refused.
func (r *Revocation) Hits(c Credential) bool {
	switch {
	case c.User != r.User:
		return false
	case r.TokenID != "":
		return c.TokenID == r.TokenID
	case r.SessionID != "" && c.SessionID != r.SessionID:
		return false
	}
	return !c.IssuedAt.After(r.At.Time)
}

// Revoke refuses tokens of a user, whose id may be short, from now on, and returns the revocation with its user and time. It is
// forgotten when none of them could be valid any more.
func (s *Service) Revoke(ctx context.Context, o Once, user string, r Revocation) (Revocation, error) {
	if r.SessionID != "" && r.TokenID != "" {
		return Revocation{}, invalid("jti", "and sessionId exclude each other")
	}
	return once(ctx, s, o, func(tx Tx) (Revocation, error) {
		id, err := resolve(tx, KindUser, "userId", user)
		if err != nil {
			return Revocation{}, err
		}
		r.User = id
		return s.revoke(tx, r), nil
	})
}

func (s *Service) revoke(tx Tx, r Revocation) Revocation {
	now := s.now()
	r.At = TimeOf(now)
	tx.PutRevocation(r, TimeOf(now.Add(s.tokenLife)))
	return r
}

// Revoked says whether a token that verified is refused all the same.
func (s *Service) Revoked(ctx context.Context, c Credential) (bool, error) {
	return view(ctx, s.store, func(r Reader) (bool, error) {
		all, err := r.Revocations(c.User, c.SessionID, c.TokenID)
		for i := range all {
			if all[i].Hits(c) {
				return true, err
			}
		}
		return false, err
	})
}
