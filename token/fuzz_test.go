package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"testing"
)

// FuzzKeys: no answer of an issuer makes the parser panic, and a key that it takes can be verified with.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"AQAB"},{"kty":"oct","kid":"b","k":"AA"},7,null]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, unusable, err := parseKeys(data)
		if err != nil {
			return
		}
		if len(keys) == 0 || len(keys) > maxKeys || unusable < 0 {
			t.Fatalf("%d keys, %d unusable", len(keys), unusable)
		}
		for id, k := range keys {
			of := map[string]bool{}
			switch key := k.key.(type) {
			case *rsa.PublicKey:
				of["RS256"] = key.N.BitLen() >= minModulus && key.N.BitLen() <= maxModulus
			case *ecdsa.PublicKey:
				_, err := key.Bytes()
				of["ES256"] = err == nil
			case ed25519.PublicKey:
				of["EdDSA"] = len(key) == ed25519.PublicKeySize
			}
			if id == "" || len(id) > maxKeyID || !of[k.algorithm] {
				t.Fatalf("%q is read as %+v", id, k)
			}
		}
	})
}
