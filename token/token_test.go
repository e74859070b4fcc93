package token_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dokkerr/realtime/token"
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

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// mac signs by hand, so that headers and claims no library would write can be tried.
func mac(h func() hash.Hash, key []byte, header, claims string) string {
	text := b64(header) + "." + b64(claims)
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func signed(header, claims string) string { return mac(sha256.New, secret, header, claims) }

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
	got, err := verifier(t, options()).Verify(compact)
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
			id, err := verifier(t, tt.options).Verify(tt.compact)
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
	tokens := hostileTokens(t)
	if len(tokens) < 45 {
		t.Fatalf("only %d hostile tokens", len(tokens))
	}
	for name, compact := range tokens {
		t.Run(name, func(t *testing.T) { refuse(t, v, compact) })
	}
}

func refuse(t *testing.T, v *token.Verifier, compact string) {
	t.Helper()
	id, err := v.Verify(compact)
	if !errors.Is(err, token.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	} else if err.Error() == token.ErrInvalid.Error() {
		t.Error("the cause is not told to the log")
	}
	if id != (token.Identity{}) {
		t.Errorf("claims of a refused token were used: %+v", id)
	}
}

// hostileTokens are rows of the attack list and S-01. The fault is named; all else is as it should be.
func hostileTokens(t *testing.T) map[string]string {
	whole := signed(header, good(""))
	parts := strings.Split(whole, ".")
	claims := func(body string) string { return signed(header, body) }
	user := func(id string) string { return claims(fmt.Sprintf(`{"id":%s,"exp":%d}`, id, in(time.Hour))) }
	exp := func(value string) string { return claims(fmt.Sprintf(`{"id":%q,"exp":%s}`, asha, value)) }
	more := func(claim string) string { return claims(good("," + claim)) }
	unsigned := func(header string) string { return b64(header) + "." + parts[1] + "." }
	publicPEM, publicDER, rs256 := rsaTokens(t)

	return map[string]string{
		// 40: the algorithm of the header
		"alg none":                  unsigned(`{"alg":"none"}`),
		"alg None":                  unsigned(`{"alg":"None"}`),
		"alg NONE":                  unsigned(`{"alg":"NONE"}`),
		"alg nOnE":                  unsigned(`{"alg":"nOnE"}`),
		"alg none with a signature": b64(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2],
		"alg empty":                 signed(`{"alg":""}`, good("")),
		"alg missing":               signed(`{"typ":"JWT"}`, good("")),
		"alg array":                 signed(`{"alg":["HS256"]}`, good("")),
		"alg null":                  signed(`{"alg":null}`, good("")),
		"alg lower case":            signed(`{"alg":"hs256"}`, good("")),
		"alg HS384":                 mac(sha512.New384, secret, `{"alg":"HS384"}`, good("")),
		"alg HS512":                 mac(sha512.New, secret, `{"alg":"HS512"}`, good("")),
		"alg in another case":       signed(`{"ALG":"HS256"}`, good("")),
		// 41: another family's key
		"RS256":                       rs256,
		"HS256 by a public key's PEM": mac(sha256.New, publicPEM, header, good("")),
		"HS256 by a public key's DER": mac(sha256.New, publicDER, header, good("")),
		"HS256 by the empty key":      mac(sha256.New, nil, header, good("")),
		"HS256 by another secret":     mac(sha256.New, []byte(strings.Repeat("x", 32)), header, good("")),
		"HS256 by a zero byte more":   mac(sha256.New, append(append([]byte{}, secret...), 0, 'x'), header, good("")),
		// 43: two faults
		"expired and a bad signature": claims(fmt.Sprintf(`{"id":%q,"exp":%d}`, asha, in(-time.Hour))) + "x",
		// 44, 45, 46: shapes
		"empty":                        "",
		"a megabyte of dots":           strings.Repeat(".", 1<<20),
		"over 8 KiB":                   more(`"pad":"` + strings.Repeat("a", 8<<10) + `"`),
		"two dots only":                "..",
		"one part":                     parts[0],
		"two parts":                    parts[0] + "." + parts[1],
		"a fourth part":                whole + "." + parts[2],
		"a dot at the end":             whole + ".",
		"JWE":                          b64(`{"alg":"PBES2-HS256+A128KW","p2c":2147483647,"enc":"A128GCM"}`) + ".a.b.c.d",
		"JWE compressed":               b64(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`) + "..aaaa.bbbb.cccc",
		"JSON serialization":           `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"no signature":                 parts[0] + "." + parts[1] + ".",
		"a signature cut short":        whole[:len(whole)-4],
		"a signature prolonged":        whole + "AAAA",
		"a claim changed":              parts[0] + "." + b64(strings.Replace(good(""), asha, "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e60", 1)) + "." + parts[2],
		"a header changed":             b64(`{"alg":"HS256"}`) + "." + parts[1] + "." + parts[2],
		"header no object":             signed(`"HS256"`, good("")),
		"header null":                  signed(`null`, good("")),
		"header no JSON":               signed(`{"alg":"HS256"`, good("")),
		"claims no object":             claims(`["id"]`),
		"claims null":                  claims(`null`),
		"claims empty":                 claims(``),
		"claims and more":              claims(good("") + `{}`),
		"Bearer in front":              "Bearer " + whole,
		"percent-encoded":              strings.ReplaceAll(whole, ".", "%2E"),
		"51: padded":                   whole + "=",
		"51: other padding bits":       otherSpelling(t, whole),
		"51: a line break":             whole + "\n",
		"51: a line break inside":      parts[0] + ".\r\n" + parts[1] + "." + parts[2],
		"51: standard alphabet":        signed(`{"alg":"HS256","x":"??>>"}`, good("")) + "+/",
		"50: crit of an unknown name":  signed(`{"alg":"HS256","crit":["http://example.com/UNDEFINED"],"http://example.com/UNDEFINED":true}`, good("")),
		"50: crit b64":                 signed(`{"alg":"HS256","crit":["b64"],"b64":true}`, good("")),
		"50: crit empty":               signed(`{"alg":"HS256","crit":[]}`, good("")),
		"47: the key in the header":    mac(sha256.New, []byte("attacker attacker attacker attac"), `{"alg":"HS256","jwk":{"kty":"oct","k":"`+b64("attacker attacker attacker attac")+`"}}`, good("")),
		"52: kid of a file":            mac(sha256.New, nil, `{"alg":"HS256","kid":"../../dev/null"}`, good("")),
		"52: kid of a query":           mac(sha256.New, []byte("x"), `{"alg":"HS256","kid":"' OR 1=1 UNION SELECT 'x"}`, good("")),
		"typ refresh":                  signed(`{"alg":"HS256","typ":"refresh+jwt"}`, good("")),
		"typ number":                   signed(`{"alg":"HS256","typ":1}`, good("")),
		"an id token":                  more(`"token_use":"id"`),
		"a refresh token":              more(`"typ":"Refresh"`),
		"token_use null":               more(`"token_use":null`),
		"exp missing":                  claims(fmt.Sprintf(`{"id":%q}`, asha)),
		"exp null":                     exp(`null`),
		"exp string":                   exp(fmt.Sprintf(`"%d"`, in(time.Hour))),
		"exp 1e308":                    exp(`1e308`),
		"exp 1e400":                    exp(`1e400`),
		"exp negative":                 exp(`-1`),
		"exp zero":                     exp(`0`),
		"exp a fraction":               exp(fmt.Sprintf(`%d.5`, in(time.Hour))),
		"exp array":                    exp(fmt.Sprintf(`[%d]`, in(time.Hour))),
		"exp true":                     exp(`true`),
		"exp NaN":                      exp(`NaN`),
		"exp in milliseconds":          exp(fmt.Sprint(now.Add(time.Hour).UnixMilli())),
		"exp past the leeway":          exp(fmt.Sprint(in(-31 * time.Second))),
		"exp at the leeway's end":      exp(fmt.Sprint(in(-30 * time.Second))),
		"exp over a day ahead":         exp(fmt.Sprint(in(24*time.Hour + 31*time.Second))),
		"exp in another case":          claims(fmt.Sprintf(`{"id":%q,"EXP":%d}`, asha, in(time.Hour))),
		"exp twice":                    more(fmt.Sprintf(`"exp":%d`, in(2*time.Hour))),
		"nbf in the future":            more(fmt.Sprintf(`"nbf":%d`, in(31*time.Second))),
		"nbf string":                   more(`"nbf":"0"`),
		"iat in the future":            more(fmt.Sprintf(`"iat":%d`, in(31*time.Second))),
		"iat negative":                 more(`"iat":-1`),
		"iat object":                   more(`"iat":{}`),
		"no user":                      claims(fmt.Sprintf(`{"exp":%d}`, in(time.Hour))),
		"user empty":                   user(`""`),
		"user number":                  user(`7`),
		"user array":                   user(`["` + asha + `"]`),
		"user null, sub good":          claims(fmt.Sprintf(`{"id":null,"sub":%q,"exp":%d}`, asha, in(time.Hour))),
		"user empty, sub good":         claims(fmt.Sprintf(`{"id":"","sub":%q,"exp":%d}`, asha, in(time.Hour))),
		"user of 6 KiB":                user(`"` + strings.Repeat("6", 6<<10) + `"`),
		"user with a control":          user(`"` + asha[:35] + `\u0000"`),
		"user with a space":            user(`" ` + asha + `"`),
		"user without hyphens":         user(`"` + strings.ReplaceAll(asha, "-", "") + `"`),
		"user in braces":               user(`"{` + asha + `}"`),
		"user as URN":                  user(`"urn:uuid:` + asha + `"`),
		"user short":                   user(`"6f1d9b1e"`),
		"user nil":                     user(`"00000000-0000-0000-0000-000000000000"`),
		"user twice":                   more(`"id":"6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e60"`),
		"user in another case":         claims(fmt.Sprintf(`{"ID":%q,"exp":%d}`, asha, in(time.Hour))),
		"sub number":                   claims(fmt.Sprintf(`{"sub":7,"exp":%d}`, in(time.Hour))),
		"role array":                   more(`"role":["admin"]`),
		"role with a line break":       more(`"role":"admin\nlevel=error"`),
		"jti number":                   more(`"jti":1`),
		"sessionId object":             more(`"sessionId":{}`),
		"email true":                   more(`"email":true`),
		"iss number":                   more(`"iss":1`),
		"aud number":                   more(`"aud":1`),
		"aud array with a number":      more(`"aud":["realtime",1]`),
		"claims with a byte of no use": signed(header, "\xef\xbb\xbf"+good("")),
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

// otherSpelling sets bits of the last character that no byte of the signature uses.
func otherSpelling(t *testing.T, compact string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(compact) - 1
	spelled := compact[:last] + string(alphabet[strings.IndexByte(alphabet, compact[last])|1])
	a, errA := base64.RawURLEncoding.DecodeString(compact[strings.LastIndexByte(compact, '.')+1:])
	b, errB := base64.RawURLEncoding.DecodeString(spelled[strings.LastIndexByte(spelled, '.')+1:])
	if spelled == compact || errA != nil || errB != nil || string(a) != string(b) {
		t.Fatal("not another spelling of the same signature")
	}
	return spelled
}

func rsaTokens(t *testing.T) (publicPEM, publicDER []byte, rs256 string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(good("")), &claims); err != nil {
		t.Fatal(err)
	}
	rs256, err = jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER}), publicDER, rs256
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
	got, err := verifier(t, o).Verify(compact)
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
	f.Add(b64(`{"alg":"none"}`) + "." + b64(good("")) + ".")
	f.Add("..")
	v := verifier(f, options())
	f.Fuzz(func(t *testing.T, compact string) {
		if _, err := v.Verify(compact); err != nil && !errors.Is(err, token.ErrInvalid) {
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
		id, err := v.Verify(signed(header, claims))
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
		if _, err := v.Verify(compact); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuseMegabyte(b *testing.B) {
	v := verifier(b, options())
	compact := strings.Repeat(".", 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(compact); err == nil {
			b.Fatal("accepted")
		}
	}
}
