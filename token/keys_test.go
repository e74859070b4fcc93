package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

func TestEveryFamilyOfPublicKeys(t *testing.T) {
	var keys []tokentest.Key
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		keys = append(keys, tokentest.NewKey(t, "of "+algorithm, algorithm))
	}
	p := newProvider(t, token.KeySetOptions{}, keys...)
	prints := map[string]bool{}
	for _, k := range keys {
		prints[p.accepts(k).Key] = true
		p.refuses(tokentest.NewKey(t, k.ID, k.Algorithm)) // another key under its name
	}
	if len(prints) != len(keys) {
		t.Errorf("prints %v", prints)
	}
}

// 41, 47, 52: the header chooses neither the algorithm nor where a key comes from.
func TestHostileTokensOfPublicKeysAreRefused(t *testing.T) {
	rs, es, ed := tokentest.NewKey(t, "rs", "RS256"), tokentest.NewKey(t, "es", "ES256"), tokentest.NewKey(t, "ed", "EdDSA")
	p := newProvider(t, token.KeySetOptions{Pause: never}, rs, es, ed)
	tokens := tokentest.Hostile(t, secret, asha, now, time.Second) // all by a secret, so that the best of them is wrong here
	tokens["a good one by the secret"] = signed(header, good(""))
	maps.Copy(tokens, confused(t, rs))
	head := func(more string) string { return `{"alg":"RS256"` + more + `}` }
	for name, header := range map[string]string{
		"no kid":             head(``),
		"kid empty":          head(`,"kid":""`),
		"kid null":           head(`,"kid":null`),
		"kid number":         head(`,"kid":1`),
		"kid array":          head(`,"kid":["rs"]`),
		"kid of another key": head(`,"kid":"es"`),
		"kid in upper case":  head(`,"kid":"RS"`),
		"kid with a space":   head(`,"kid":"rs "`),
		"kid with a NUL":     head(`,"kid":"rs\u0000"`),
		"kid of a path":      head(`,"kid":"../../rs"`),
		"kid of a query":     head(`,"kid":"' OR 1=1 --"`),
		"kid of 4 KiB":       head(`,"kid":"` + strings.Repeat("r", 4<<10) + `"`),
		"KID":                head(`,"KID":"rs"`),
		"crit":               head(`,"kid":"rs","crit":["x"],"x":1`),
		"typ refresh":        head(`,"kid":"rs","typ":"refresh+jwt"`),
	} {
		tokens[name] = rs.SignAs(t, "RS256", header, good(""))
	}
	for _, algorithm := range []string{"RS384", "RS512", "PS256"} {
		tokens[algorithm] = rs.SignAs(t, algorithm, fmt.Sprintf(`{"alg":%q,"kid":"rs"}`, algorithm), good(""))
	}
	tokens["ES256 under the name of an RSA key"] = es.SignAs(t, "ES256", `{"alg":"ES256","kid":"rs"}`, good(""))
	tokens["EdDSA under the name of an EC key"] = ed.SignAs(t, "EdDSA", `{"alg":"EdDSA","kid":"es"}`, good(""))
	tokens["EdDSA that calls itself ES256"] = ed.SignAs(t, "EdDSA", `{"alg":"ES256","kid":"es"}`, good(""))
	tokens["another's claims under a signature"] = swapClaims(rs.Sign(t, good("")), es.Sign(t, good(`,"role":"admin"`)))
	for name, compact := range tokens {
		t.Run(name, func(t *testing.T) { refuse(t, p.Verifier, compact) })
	}
	if n := p.Fetches(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func swapClaims(to, from string) string {
	a, b := strings.Split(to, "."), strings.Split(from, ".")
	return a[0] + "." + b[1] + "." + a[2]
}

// confused are HS256 tokens by what everybody knows of an RSA key.
func confused(t *testing.T, k tokentest.Key) map[string]string {
	t.Helper()
	modulus, err := base64.RawURLEncoding.DecodeString(k.JWK()["n"].(string))
	if err != nil {
		t.Fatal(err)
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(k.JWK())
	if err != nil {
		t.Fatal(err)
	}
	by := func(key []byte) string {
		return tokentest.MAC(sha256.New, key, `{"alg":"HS256","kid":"`+k.ID+`"}`, good(""))
	}
	return map[string]string{
		"HS256 by the key's PEM":     by(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 by the key's DER":     by(der),
		"HS256 by the key's PKCS#1":  by(x509.MarshalPKCS1PublicKey(public)),
		"HS256 by the key's JWK":     by(jwk),
		"HS256 by the key's modulus": by(modulus),
		"HS256 by nothing":           by(nil),
		"none":                       tokentest.Unsigned(`{"alg":"none","kid":"`+k.ID+`"}`, good("")),
	}
}

// Keys that cannot be used are left out, and the others work.
func TestUnusableKeysAreLeftOut(t *testing.T) {
	well, twin, weak := tokentest.NewKey(t, "well", "ES256"), tokentest.NewKey(t, "twin", "EdDSA"), tokentest.NewKey(t, "k", "RS256")
	ec, ed := tokentest.NewKey(t, "k", "ES256"), tokentest.NewKey(t, "k", "EdDSA")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	with := func(k tokentest.Key, changes ...any) map[string]any {
		jwk := k.JWK()
		for i := 0; i < len(changes); i += 2 {
			jwk[changes[i].(string)] = changes[i+1]
		}
		return jwk
	}
	for name, bad := range map[string]struct {
		signer tokentest.Key
		jwk    any
	}{
		"RSA of 1024 bits":       {weak, with(weak, "n", base64.RawURLEncoding.EncodeToString(small.N.Bytes()))},
		"RSA of one bit":         {weak, with(weak, "n", "AQ")},
		"RSA with exponent 1":    {weak, with(weak, "e", "AQ")},
		"RSA with exponent 3":    {weak, with(weak, "e", "Aw")},
		"RSA without exponent":   {weak, with(weak, "e", "")},
		"RSA of half a megabit":  {weak, with(weak, "n", strings.Repeat("_", 64<<10))},
		"RSA for PS256":          {weak, with(weak, "alg", "PS256")},
		"RSA for HS256":          {weak, with(weak, "alg", "HS256")},
		"a key for encryption":   {ec, with(ec, "use", "enc")},
		"a key to sign with":     {ec, with(ec, "key_ops", []string{"sign"})},
		"a key with its private": {ec, with(ec, "d", "AAAA")},
		"a point off the curve":  {ec, with(ec, "y", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
		"a short coordinate":     {ec, with(ec, "x", "AAAA")},
		"P-384":                  {ec, with(ec, "crv", "P-384")},
		"EC that says RSA":       {ec, with(ec, "kty", "RSA")},
		"EC for RS256":           {ec, with(ec, "alg", "RS256")},
		"a short EdDSA key":      {ed, with(ed, "x", "AAAA")},
		"X25519":                 {ed, with(ed, "crv", "X25519")},
		"padded base64":          {ed, with(ed, "x", ed.JWK()["x"].(string)+"=")},
		"a secret":               {ed, map[string]any{"kid": "k", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString(secret)}},
		"without kid":            {ed, with(ed, "kid", "")},
		"kid a number":           {ed, with(ed, "kid", 7)},
		"no object":              {ed, "k"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provider{t: t}
			p.PublishRaw(bad.jwk, well.JWK(), twin.JWK(), with(twin, "use", "enc"))
			p.start(token.KeySetOptions{Refresh: never, Pause: never})
			p.until("the keys were fetched", p.keys.Ready)
			p.accepts(well)
			p.refuses(bad.signer)
			p.refuses(twin) // two keys under one name
		})
	}
}

// A new key is found by the first token that names it; one that is withdrawn is not accepted any more.
func TestKeysRotate(t *testing.T) {
	old, fresh := tokentest.NewKey(t, "old", "ES256"), tokentest.NewKey(t, "fresh", "ES256")
	p := newProvider(t, token.KeySetOptions{Refresh: never, Pause: time.Nanosecond}, old)
	before := p.accepts(old)
	p.Publish(old, fresh)
	after := p.accepts(fresh)
	p.accepts(old)
	if !p.Trusts(before) || !p.Trusts(after) || p.KeysVersion() != 2 {
		t.Errorf("trusts %v and %v, version %d", p.Trusts(before), p.Trusts(after), p.KeysVersion())
	}
	p.Publish(fresh)
	p.refuses(tokentest.NewKey(t, "unknown", "ES256")) // asks for another fetch
	p.refuses(old)
	p.accepts(fresh)
	if p.Trusts(before) || !p.Trusts(after) {
		t.Errorf("trusts the old key %v, the new one %v", p.Trusts(before), p.Trusts(after))
	}
	// Another key under a name that was known.
	again := tokentest.NewKey(t, "fresh", "ES256")
	p.Publish(again)
	p.refuses(tokentest.NewKey(t, "unknown", "ES256"))
	p.refuses(fresh)
	p.accepts(again)
	if p.Trusts(after) {
		t.Error("trusts a key that was exchanged under its name")
	}
}

func TestKeysAreRefreshed(t *testing.T) {
	old, fresh := tokentest.NewKey(t, "old", "EdDSA"), tokentest.NewKey(t, "fresh", "EdDSA")
	p := newProvider(t, token.KeySetOptions{Refresh: 5 * time.Millisecond, Pause: never}, old)
	p.Publish(fresh)
	p.until("the new key came by itself", func() bool {
		_, err := p.Verify(t.Context(), fresh.Sign(t, good("")))
		return err == nil
	})
	p.refuses(old)
}

// Tokens that name unknown keys share one fetch, and have no other before the pause is over.
func TestUnknownKeysDoNotHammerTheIssuer(t *testing.T) {
	known := tokentest.NewKey(t, "known", "ES256")
	p := newProvider(t, token.KeySetOptions{Refresh: never, Pause: 200 * time.Millisecond}, known)
	begin := time.Now()
	var flood sync.WaitGroup
	for worker := range 50 {
		flood.Go(func() {
			for n := range 20 {
				refuse(t, p.Verifier, known.SignAs(t, "ES256", fmt.Sprintf(`{"alg":"ES256","kid":"%d-%d"}`, worker, n), good("")))
			}
		})
	}
	flood.Wait()
	if most := 2 + int(time.Since(begin)/(200*time.Millisecond)); p.Fetches() > most {
		t.Errorf("%d fetches in %v, want at most %d", p.Fetches(), time.Since(begin), most)
	}
	p.accepts(known)
}

// An issuer that is down, slow or mad: known keys work at once, and the set is as it was.
func TestAnIssuerInTroubleDoesNoHarm(t *testing.T) {
	known, unknown := tokentest.NewKey(t, "known", "ES256"), tokentest.NewKey(t, "unknown", "ES256")
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	huge := bytes.Repeat([]byte(" "), 1<<20)
	for name, answer := range map[string]http.HandlerFunc{
		"an error":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"nothing":         func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
		"garbage":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"another object":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":7}`) },
		"no keys":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) },
		"no JSON at last": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[`) },
		"too many keys": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"keys":[1`+strings.Repeat(",1", 100)+`]}`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		},
		"100 MB": func(w http.ResponseWriter, _ *http.Request) {
			for n := 0; n < 100; n++ {
				if _, err := w.Write(huge); err != nil {
					return
				}
			}
		},
		"slow headers": func(_ http.ResponseWriter, r *http.Request) { wait(r, hang) },
		"a slow body": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"keys":[`)
			w.(http.Flusher).Flush()
			wait(r, hang)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, token.KeySetOptions{Refresh: never, Pause: time.Nanosecond, Timeout: 200 * time.Millisecond}, known)
			before := heap()
			p.Answer(answer)
			p.refuses(unknown)
			p.accepts(known)
			if p.KeysVersion() != 1 || p.Fetches() < 2 {
				t.Errorf("version %d after %d fetches", p.KeysVersion(), p.Fetches())
			}
			if grown := int64(heap()) - int64(before); grown > 8<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
			p.Answer(nil)
			p.Publish(known, unknown)
			p.until("the issuer is well again", func() bool {
				_, err := p.Verify(t.Context(), unknown.Sign(t, good("")))
				return err == nil
			})
		})
	}
}

func wait(r *http.Request, hang <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-hang:
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A token of a known key is answered while a fetch hangs, and one that waits goes with its own context.
func TestKnownKeysDoNotWaitForAFetch(t *testing.T) {
	known, unknown := tokentest.NewKey(t, "known", "ES256"), tokentest.NewKey(t, "unknown", "ES256")
	p := newProvider(t, token.KeySetOptions{Refresh: never, Pause: time.Nanosecond, Timeout: never}, known)
	asked := make(chan struct{}, 1)
	p.Answer(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := p.Verify(ctx, unknown.Sign(t, good("")))
		answered <- err
	}()
	<-asked
	p.accepts(known)
	select {
	case err := <-answered:
		t.Fatalf("answered %v before the fetch", err)
	default:
	}
	leave()
	if err := <-answered; !errors.Is(err, token.ErrInvalid) {
		t.Errorf("answered %v", err)
	}
}

// Before the first answer of the issuer nobody's token is called invalid.
func TestWithoutKeysNothingIsSaidOfAToken(t *testing.T) {
	k := tokentest.NewKey(t, "k", "ES256")
	p := &provider{t: t}
	p.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	p.start(token.KeySetOptions{Pause: time.Millisecond})
	if _, err := p.Verify(t.Context(), k.Sign(t, good(""))); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, token.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	refuse(t, p.Verifier, signed(header, good("")))
	if p.Ready() {
		t.Error("ready without keys")
	}
	p.Publish(k)
	p.Answer(nil)
	p.until("the keys were fetched", p.Ready)
	p.accepts(k)
}

func TestTheURLOfTheKeysIsSafe(t *testing.T) {
	for _, from := range []string{"https://id.example.com/jwks", "http://localhost:8080/jwks", "http://127.0.0.1/jwks", "http://[::1]:80/jwks"} {
		if _, err := token.NewKeySet(from, nil); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
	for _, from := range []string{
		"", "jwks", "/jwks", "http://id.example.com/jwks", "http://10.0.0.1/jwks", "http://localhost.evil/jwks", "file:///etc/jwks",
		"ftp://localhost/jwks", "https://user:secret@id.example.com/jwks", "https://id.example.com/jwks#frag", "https://", "http://%zz",
	} {
		if _, err := token.NewKeySet(from, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestOneFamilyPerIssuer(t *testing.T) {
	keys, err := token.NewKeySet("https://id.example.com/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.NewVerifier(token.Options{Secret: secret, Keys: keys}); err == nil {
		t.Error("a secret and public keys at once")
	}
}
