package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
)

// keyring holds the hashes of the service keys: of one length, so that comparing tells nothing about a key.
type keyring struct {
	sums  [][sha256.Size]byte // fixed at birth
	rates *limit.Keyed[int]   // by index in sums
}

func newKeyring(keys []string, each limit.Rate) *keyring {
	ring := &keyring{rates: limit.NewKeyed[int](each, len(keys))}
	for _, key := range keys {
		ring.sums = append(ring.sums, sha256.Sum256([]byte(key)))
	}
	return ring
}

// find returns which of the keys it is, compared with every one in constant time each; -1 for none.
func (ring *keyring) find(key string) int {
	sum := sha256.Sum256([]byte(key))
	found := -1
	for i := range ring.sums {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], ring.sums[i][:]), i, found)
	}
	return found
}

// withKey lets in who has a service key, and uses it no more often than it may be. Without one nobody learns which routes there
// are.
func (ring *keyring) withKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		which := -1
		if key, ok := bearer(r.Header); ok {
			which = ring.find(key)
		}
		if which < 0 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refusal(dokkerr.AuthError, "a service key is needed: Authorization: Bearer <key>").write(w)
			return
		}
		if ok, wait := ring.rates.Allow(which, time.Now()); !ok {
			early := refusal(dokkerr.RateLimited, "too many requests with this key, wait and try again")
			early.Detail.RetryAfter = seconds(wait)
			early.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer returns the one credential of a request. Two are none.
func bearer(h http.Header) (string, bool) {
	written := h.Values("Authorization")
	if len(written) != 1 {
		return "", false
	}
	scheme, key, found := strings.Cut(written[0], " ")
	return key, found && key != "" && strings.EqualFold(scheme, "Bearer")
}

// withOrigin refuses pages of other origins. Nobody's page gets CORS headers: a service key has no place in a browser.
func withOrigin(check func(*http.Request) bool, next http.Handler) http.Handler {
	if check == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !check(r) {
			refusal(dokkerr.Forbidden, "not from this origin").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
