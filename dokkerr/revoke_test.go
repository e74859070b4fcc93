package dokkerr_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// second is when a token says it was issued: whole seconds.
func (w *world) second(after time.Duration) time.Time {
	return w.clock.Now().Truncate(time.Second).Add(after)
}

func (w *world) revokes(t *testing.T, r dokkerr.Revocation) {
	t.Helper()
	if _, err := w.Revoke(t.Context(), dokkerr.Once{}, r.User.String(), r); err != nil {
		t.Fatal(err)
	}
}

func (w *world) isRevoked(t *testing.T, c dokkerr.Credential, want bool) {
	t.Helper()
	if got, err := w.Revoked(t.Context(), c); err != nil || got != want {
		t.Errorf("%+v is revoked: %v, %v; want %v", c, got, err, want)
	}
}

// Of a user's tokens those are refused that were issued until now, in the same second too; and those that do not say when.
func TestRevokeUser(t *testing.T) {
	w := newWorld(t)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User}, false)
	w.revokes(t, dokkerr.Revocation{User: w.asha.User})
	for after, want := range map[time.Duration]bool{-24 * time.Hour: true, -time.Second: true, 0: true, time.Second: false} {
		w.isRevoked(t, dokkerr.Credential{User: w.asha.User, SessionID: "s", TokenID: "t", IssuedAt: w.second(after)}, want)
	}
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User}, true)
	w.isRevoked(t, dokkerr.Credential{User: w.ben.User}, false)
}

func TestRevokeSession(t *testing.T) {
	w := newWorld(t)
	w.revokes(t, dokkerr.Revocation{User: w.asha.User, SessionID: "phone"})
	of := func(user dokkerr.ID, session string, after time.Duration) dokkerr.Credential {
		return dokkerr.Credential{User: user, SessionID: session, IssuedAt: w.second(after)}
	}
	w.isRevoked(t, of(w.asha.User, "phone", 0), true)
	w.isRevoked(t, of(w.asha.User, "phone", time.Second), false)
	w.isRevoked(t, of(w.asha.User, "laptop", 0), false)
	w.isRevoked(t, of(w.asha.User, "", 0), false)
	w.isRevoked(t, of(w.ben.User, "phone", 0), false)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, TokenID: "phone"}, false)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, SessionID: "phone"}, true)
}

// A token id is refused whenever the token says that it was issued.
func TestRevokeToken(t *testing.T) {
	w := newWorld(t)
	w.revokes(t, dokkerr.Revocation{User: w.asha.User, TokenID: "one"})
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, TokenID: "one", IssuedAt: w.second(0)}, true)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, TokenID: "one", IssuedAt: w.second(time.Minute)}, true)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, TokenID: "One"}, false)
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, SessionID: "one"}, false)
	w.isRevoked(t, dokkerr.Credential{User: w.ben.User, TokenID: "one"}, false)
	_, err := w.Revoke(t.Context(), dokkerr.Once{}, w.asha.User.String(), dokkerr.Revocation{SessionID: "one", TokenID: "one"})
	refused(t, err, dokkerr.ValidationError, "jti")
}

// A revocation is kept as long as a token that it hits may live, and dropped by the next one after that.
func TestRevocationsAreForgotten(t *testing.T) {
	w := newWorld(t)
	old := dokkerr.Credential{User: w.asha.User, IssuedAt: w.second(0)}
	w.revokes(t, dokkerr.Revocation{User: w.asha.User})
	w.clock.Advance(24*time.Hour + 59*time.Second)
	w.revokes(t, dokkerr.Revocation{User: uuid.New()})
	w.isRevoked(t, old, true)
	w.clock.Advance(time.Second)
	w.revokes(t, dokkerr.Revocation{User: uuid.New()})
	w.isRevoked(t, old, false)
}

// A repetition has the first answer, and no effect on what was issued since.
func TestRevokeOnce(t *testing.T) {
	w := newWorld(t)
	once := dokkerr.Once{Key: "a key of the back end", Body: [32]byte{1}}
	first, err := w.Revoke(t.Context(), once, w.asha.User.String(), dokkerr.Revocation{SessionID: "phone"})
	if err != nil || !first.At.Equal(w.clock.Now().Truncate(time.Millisecond)) {
		t.Fatalf("%+v, %v", first, err)
	}
	w.clock.Advance(time.Hour)
	again, err := w.Revoke(t.Context(), once, w.asha.User.String(), dokkerr.Revocation{SessionID: "phone"})
	if err != nil || again != first {
		t.Errorf("%+v, %v; want %+v", again, err, first)
	}
	w.isRevoked(t, dokkerr.Credential{User: w.asha.User, SessionID: "phone", IssuedAt: w.second(-time.Minute)}, false)
}
