package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Key is a key of an issuer.
type Key struct {
	ID        string
	Algorithm string
	private   crypto.Signer
}

// NewKey makes a key for RS256 (2048 bits), ES256 or EdDSA.
func NewKey(t testing.TB, id, algorithm string) Key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case "RS256":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no keys for %s", algorithm)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Key{ID: id, Algorithm: algorithm, private: private}
}

// JWK is the public key as a set has it.
func (k Key) JWK() map[string]any {
	jwk := map[string]any{"kid": k.ID, "use": "sig", "alg": k.Algorithm}
	switch public := k.private.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", b64(public.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic(err) // a key that was just made
		}
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", b64(point[1:33]), b64(point[33:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", b64(public)
	}
	return jwk
}

// Sign makes a token that names the key.
func (k Key) Sign(t testing.TB, claims string) string {
	t.Helper()
	header, err := json.Marshal(map[string]string{"alg": k.Algorithm, "kid": k.ID, "typ": "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	return k.SignAs(t, k.Algorithm, string(header), claims)
}

// SignAs makes a token by any algorithm that the key can be used for, under any header.
func (k Key) SignAs(t testing.TB, algorithm, header, claims string) string {
	t.Helper()
	signing := b64(header) + "." + b64(claims)
	signature, err := jwt.GetSigningMethod(algorithm).Sign(signing, k.private)
	if err != nil {
		t.Fatal(err)
	}
	return signing + "." + b64(signature)
}

// Issuer publishes keys, as an identity provider does. Its methods may run at once.
type Issuer struct {
	mu      sync.Mutex
	keys    []any            // under mu
	answer  http.HandlerFunc // under mu
	fetches int              // under mu
}

// Publish has the issuer publish these keys, and only these.
func (i *Issuer) Publish(keys ...Key) {
	set := make([]any, len(keys))
	for n, k := range keys {
		set[n] = k.JWK()
	}
	i.PublishRaw(set...)
}

// PublishRaw has the issuer publish keys as they are given.
func (i *Issuer) PublishRaw(keys ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Answer has the issuer answer with something else than its keys; nil: with its keys again.
func (i *Issuer) Answer(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

// Fetches returns how often the issuer was asked.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.fetches++
	answer, set := i.answer, map[string]any{"keys": i.keys}
	i.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	// Of an error here only the connection knows, and it is gone.
	_ = json.NewEncoder(w).Encode(set)
}
