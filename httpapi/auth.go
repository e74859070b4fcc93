package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/dokkerr/realtime/dokkerr"
)

// keyring holds the hashes of the service keys: of one length, so that comparing tells nothing about a key.
type keyring [][sha256.Size]byte

func newKeyring(keys []string) keyring {
	var ring keyring
	for _, key := range keys {
		ring = append(ring, sha256.Sum256([]byte(key)))
	}
	return ring
}

// opens compares with every key, in constant time each.
func (ring keyring) opens(key string) bool {
	sum := sha256.Sum256([]byte(key))
	opened := 0
	for i := range ring {
		opened |= subtle.ConstantTimeCompare(sum[:], ring[i][:])
	}
	return opened == 1
}

// withKey lets in who has a service key. Without one nobody learns which routes there are.
func (ring keyring) withKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, ok := bearer(r.Header); !ok || !ring.opens(key) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refusal(dokkerr.AuthError, "a service key is needed: Authorization: Bearer <key>").write(w)
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
