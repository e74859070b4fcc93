package tokentest

import (
	"crypto/hmac"
	"encoding/base64"
	"hash"
)

// MAC signs by hand with a secret, so that headers and claims that no library would write can be tried.
func MAC(h func() hash.Hash, key []byte, header, claims string) string {
	signing := b64(header) + "." + b64(claims)
	m := hmac.New(h, key)
	m.Write([]byte(signing))
	return signing + "." + b64(m.Sum(nil))
}

// Unsigned returns a token whose signature is empty.
func Unsigned(header, claims string) string { return b64(header) + "." + b64(claims) + "." }

func b64[T ~string | ~[]byte](b T) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }
