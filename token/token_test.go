package token_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

var (
	secret = []byte("0123456789abcdef0123456789abcdef")
	now    = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
)

const (
	asha   = "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e5f"
	header = `{"alg":"HS256","typ":"JWT"}`
)

func options() token.Options {
	return token.Options{Secret: secret, Now: func() time.Time { return now }}
}

func verifier(t testing.TB, o token.Options) *token.Verifier {
	t.Helper()
	v, err := token.NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signed(header, claims string) string { return tokentest.MAC(sha256.New, secret, header, claims) }

// in is a NumericDate so far from now.
func in(d time.Duration) int64 { return now.Add(d).Unix() }

// good is a set of claims that verifies, with more members behind.
func good(more string) string {
	return fmt.Sprintf(`{"id":%q,"exp":%d%s}`, asha, in(time.Hour), more)
}

func TestVerifyReadsEveryClaim(t *testing.T) {
	compact := signed(header, fmt.Sprintf(
		`{"id":%q,"exp":%d,"iat":%d,"nbf":%d,"email":"asha@example.com","role":"boater","sessionId":"s-1","jti":"t-1","sub":"account 7","name":{"nested":[1]}}`,
		strings.ToUpper(asha), in(time.Hour), in(-time.Minute), in(-time.Minute)))
	got, err := verifier(t, options()).Verify(t.Context(), compact)
	if err != nil {
		t.Fatal(err)
	}
	want := token.Identity{
		User: asha, Role: "boater", Email: "asha@example.com", SessionID: "s-1", TokenID: "t-1",
		IssuedAt: time.Unix(in(-time.Minute), 0), ExpiresAt: time.Unix(in(time.Hour), 0),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestVerifyAccepts(t *testing.T) {
	both := options()
	both.Issuer, both.Audience = "https://id.example.com", "realtime"
	issued := `,"iss":"https://id.example.com"`
	tests := map[string]struct {
		options token.Options
		compact string
	}{
		"the user in sub":                {options(), signed(header, fmt.Sprintf(`{"sub":%q,"exp":%d}`, asha, in(time.Hour)))},
		"no typ":                         {options(), signed(`{"alg":"HS256"}`, good(""))},
		"typ at+jwt":                     {options(), signed(`{"alg":"HS256","typ":"at+JWT"}`, good(""))},
		"typ application/jwt":            {options(), signed(`{"alg":"HS256","typ":"application/jwt"}`, good(""))},
		"kid, jku and jwk are ignored":   {options(), signed(`{"alg":"HS256","kid":"../../etc/x","jku":"http://169.254.169.254/","jwk":{"kty":"oct","k":"AA"}}`, good(""))},
		"an access claim":                {options(), signed(header, good(`,"token_use":"access","typ":"Bearer"`))},
		"whole floats":                   {options(), signed(header, fmt.Sprintf(`{"id":%q,"exp":%d.0,"iat":%de0}`, asha, in(time.Hour), in(0)))},
		"expired within the leeway":      {options(), signed(header, fmt.Sprintf(`{"id":%q,"exp":%d}`, asha, in(-29*time.Second)))},
		"nbf and iat within the leeway":  {options(), signed(header, good(fmt.Sprintf(`,"nbf":%d,"iat":%d`, in(29*time.Second), in(29*time.Second))))},
		"the longest life":               {options(), signed(header, fmt.Sprintf(`{"id":%q,"exp":%d}`, asha, in(24*time.Hour)))},
		"issuer and audience":            {both, signed(header, good(issued+`,"aud":"realtime"`))},
		"audience among others":          {both, signed(header, good(issued+`,"aud":["web","realtime"]`))},
		"issuer unchecked when not set":  {options(), signed(header, good(`,"iss":"anyone","aud":["anything"]`))},
		"a role this build has not seen": {options(), signed(header, good(`,"role":"harbour_master"`))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id, err := verifier(t, tt.options).Verify(t.Context(), tt.compact)
			if err != nil {
				t.Fatal(err)
			}
			if id.User != asha {
				t.Errorf("user %q", id.User)
			}
		})
	}
}

func TestHostileTokensAreRefused(t *testing.T) {
	v := verifier(t, options())
	tokens := tokentest.Hostile(t, secret, asha, now, time.Second)
	if len(tokens) < 45 {
		t.Fatalf("only %d hostile tokens", len(tokens))
	}
	for name, compact := range tokens {
		t.Run(name, func(t *testing.T) { refuse(t, v, compact) })
	}
}

func refuse(t *testing.T, v *token.Verifier, compact string) {
	t.Helper()
	id, err := v.Verify(t.Context(), compact)
	if !errors.Is(err, token.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	} else if err.Error() == token.ErrInvalid.Error() {
		t.Error("the cause is not told to the log")
	}
	if id != (token.Identity{}) {
		t.Errorf("claims of a refused token were used: %+v", id)
	}
}

// 42, and iss: refused when they are configured.
func TestIssuerAndAudienceAreChecked(t *testing.T) {
	o := options()
	o.Issuer, o.Audience = "https://id.example.com", "realtime"
	v := verifier(t, o)
	const issuer, audience = `"iss":"https://id.example.com"`, `"aud":"realtime"`
	for name, more := range map[string]string{
		"aud missing":           issuer,
		"aud empty":             issuer + `,"aud":""`,
		"aud empty array":       issuer + `,"aud":[]`,
		"aud array of empty":    issuer + `,"aud":[""]`,
		"aud null":              issuer + `,"aud":null`,
		"aud of another":        issuer + `,"aud":"billing"`,
		"aud array of others":   issuer + `,"aud":["billing","web"]`,
		"aud a prefix":          issuer + `,"aud":"real"`,
		"aud in another case":   issuer + `,"aud":"Realtime"`,
		"iss missing":           audience,
		"iss empty":             audience + `,"iss":""`,
		"iss of another":        audience + `,"iss":"https://id.example.com.evil"`,
		"iss with a slash":      audience + `,"iss":"https://id.example.com/"`,
		"iss array":             audience + `,"iss":["https://id.example.com"]`,
		"iss named differently": audience + `,"ISS":"https://id.example.com"`,
	} {
		t.Run(name, func(t *testing.T) { refuse(t, v, signed(header, good(","+more))) })
	}
}

// 54
func TestShortSecretIsRefusedWithAdvice(t *testing.T) {
	for _, secret := range [][]byte{nil, []byte("x"), secret[:31]} {
		_, err := token.NewVerifier(token.Options{Secret: secret})
		if err == nil || !strings.Contains(err.Error(), "32") || !strings.Contains(err.Error(), "openssl") {
			t.Errorf("secret of %d bytes: %v", len(secret), err)
		}
		if _, err := token.Sign(secret, token.Identity{User: asha, ExpiresAt: now}); err == nil {
			t.Errorf("signed with a secret of %d bytes", len(secret))
		}
	}
}

func TestSignedTokenVerifies(t *testing.T) {
	o := options()
	o.Issuer, o.Audience = "https://id.example.com", "realtime"
	want := token.Identity{
		User: asha, Role: "dock_owner", Email: "ben@example.com", SessionID: "s", TokenID: "j",
		IssuedAt: now.Local(), ExpiresAt: now.Add(time.Hour).Local(),
	}
	compact, err := o.Sign(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier(t, o).Verify(t.Context(), compact)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSignRefusesWhatCannotVerify(t *testing.T) {
	if _, err := token.Sign(secret, token.Identity{User: "asha", ExpiresAt: now}); err == nil {
		t.Error("signed for a user that is no UUID")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(signed(header, good("")))
	f.Add(signed(header, good(`,"aud":["a"],"nbf":1,"iat":1.0`)))
	f.Add(tokentest.Unsigned(`{"alg":"none"}`, good("")))
	f.Add("..")
	v := verifier(f, options())
	f.Fuzz(func(t *testing.T, compact string) {
		if _, err := v.Verify(t.Context(), compact); err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Fatalf("error %v does not wrap ErrInvalid", err)
		}
	})
}

// FuzzClaims signs whatever claims come: nothing but a well-formed identity may get through.
func FuzzClaims(f *testing.F) {
	f.Add(good(""))
	f.Add(good(`,"role":"boater","iat":1`))
	v := verifier(f, options())
	f.Fuzz(func(t *testing.T, claims string) {
		id, err := v.Verify(t.Context(), signed(header, claims))
		if err == nil && (len(id.User) != 36 || !id.ExpiresAt.After(now.Add(-30*time.Second)) || id.ExpiresAt.After(now.Add(24*time.Hour+30*time.Second))) {
			t.Fatalf("accepted as %+v", id)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v := verifier(b, options())
	compact := signed(header, good(`,"iat":1,"role":"boater","email":"asha@example.com","sessionId":"s-1","jti":"t-1"`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), compact); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuseMegabyte(b *testing.B) {
	v := verifier(b, options())
	compact := strings.Repeat(".", 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), compact); err == nil {
			b.Fatal("accepted")
		}
	}
}
