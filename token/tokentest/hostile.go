// Package tokentest makes tokens for tests: hostile ones, and those of an issuer with public keys.
package tokentest

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Hostile returns tokens that a verifier with that secret must refuse at that time, each by its fault, which is its only one: rows
// 40 to 53 of the attack list. All that is right about them is the user's. What is too far in the future is so by the leeway and slack.
func Hostile(t testing.TB, secret []byte, bearer string, now time.Time, slack time.Duration) map[string]string {
	t.Helper()
	const leeway = 30 * time.Second
	const header = `{"alg":"HS256","typ":"JWT"}`
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	good := func(more string) string { return fmt.Sprintf(`{"id":%q,"exp":%d%s}`, bearer, in(time.Hour), more) }
	signed := func(header, claims string) string { return MAC(sha256.New, secret, header, claims) }
	whole := signed(header, good(""))
	parts := strings.Split(whole, ".")
	claims := func(body string) string { return signed(header, body) }
	user := func(id string) string { return claims(fmt.Sprintf(`{"id":%s,"exp":%d}`, id, in(time.Hour))) }
	exp := func(value string) string { return claims(fmt.Sprintf(`{"id":%q,"exp":%s}`, bearer, value)) }
	more := func(claim string) string { return claims(good("," + claim)) }
	unsigned := func(header string) string { return Unsigned(header, good("")) }
	publicPEM, publicDER, rs256 := rsaTokens(t, good(""))

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
		"alg HS384":                 MAC(sha512.New384, secret, `{"alg":"HS384"}`, good("")),
		"alg HS512":                 MAC(sha512.New, secret, `{"alg":"HS512"}`, good("")),
		"alg in another case":       signed(`{"ALG":"HS256"}`, good("")),
		// 41: another family's key
		"RS256":                       rs256,
		"HS256 by a public key's PEM": MAC(sha256.New, publicPEM, header, good("")),
		"HS256 by a public key's DER": MAC(sha256.New, publicDER, header, good("")),
		"HS256 by the empty key":      MAC(sha256.New, nil, header, good("")),
		"HS256 by another secret":     MAC(sha256.New, []byte(strings.Repeat("x", 32)), header, good("")),
		"HS256 by a zero byte more":   MAC(sha256.New, append(append([]byte{}, secret...), 0, 'x'), header, good("")),
		// 43: two faults
		"expired and a bad signature": claims(fmt.Sprintf(`{"id":%q,"exp":%d}`, bearer, in(-time.Hour))) + "x",
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
		"a claim changed":              parts[0] + "." + b64(strings.Replace(good(""), bearer, "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e60", 1)) + "." + parts[2],
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
		"47: the key in the header":    MAC(sha256.New, []byte("attacker attacker attacker attac"), `{"alg":"HS256","jwk":{"kty":"oct","k":"`+b64("attacker attacker attacker attac")+`"}}`, good("")),
		"52: kid of a file":            MAC(sha256.New, nil, `{"alg":"HS256","kid":"../../dev/null"}`, good("")),
		"52: kid of a query":           MAC(sha256.New, []byte("x"), `{"alg":"HS256","kid":"' OR 1=1 UNION SELECT 'x"}`, good("")),
		"typ refresh":                  signed(`{"alg":"HS256","typ":"refresh+jwt"}`, good("")),
		"typ number":                   signed(`{"alg":"HS256","typ":1}`, good("")),
		"an id token":                  more(`"token_use":"id"`),
		"a refresh token":              more(`"typ":"Refresh"`),
		"token_use null":               more(`"token_use":null`),
		"exp missing":                  claims(fmt.Sprintf(`{"id":%q}`, bearer)),
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
		"exp over a day ahead":         exp(fmt.Sprint(in(24*time.Hour + leeway + slack))),
		"exp over a day after iat":     claims(fmt.Sprintf(`{"id":%q,"exp":%d,"iat":%d}`, bearer, in(23*time.Hour), in(-time.Hour-31*time.Second))),
		"exp in another case":          claims(fmt.Sprintf(`{"id":%q,"EXP":%d}`, bearer, in(time.Hour))),
		"exp twice":                    more(fmt.Sprintf(`"exp":%d`, in(2*time.Hour))),
		"nbf in the future":            more(fmt.Sprintf(`"nbf":%d`, in(leeway+slack))),
		"nbf string":                   more(`"nbf":"0"`),
		"iat in the future":            more(fmt.Sprintf(`"iat":%d`, in(leeway+slack))),
		"iat negative":                 more(`"iat":-1`),
		"iat object":                   more(`"iat":{}`),
		"no user":                      claims(fmt.Sprintf(`{"exp":%d}`, in(time.Hour))),
		"user empty":                   user(`""`),
		"user number":                  user(`7`),
		"user array":                   user(`["` + bearer + `"]`),
		"user null, sub good":          claims(fmt.Sprintf(`{"id":null,"sub":%q,"exp":%d}`, bearer, in(time.Hour))),
		"user empty, sub good":         claims(fmt.Sprintf(`{"id":"","sub":%q,"exp":%d}`, bearer, in(time.Hour))),
		"user of 6 KiB":                user(`"` + strings.Repeat("6", 6<<10) + `"`),
		"user with a control":          user(`"` + bearer[:35] + `\u0000"`),
		"user with a space":            user(`" ` + bearer + `"`),
		"user without hyphens":         user(`"` + strings.ReplaceAll(bearer, "-", "") + `"`),
		"user in braces":               user(`"{` + bearer + `}"`),
		"user as URN":                  user(`"urn:uuid:` + bearer + `"`),
		"user short":                   user(`"6f1d9b1e"`),
		"user nil":                     user(`"00000000-0000-0000-0000-000000000000"`),
		"user twice":                   more(`"id":"6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e60"`),
		"user in another case":         claims(fmt.Sprintf(`{"ID":%q,"exp":%d}`, bearer, in(time.Hour))),
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

// otherSpelling sets bits of the last character that no byte of the signature uses.
func otherSpelling(t testing.TB, compact string) string {
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

// rsaTokens returns a public key in two spellings, and claims signed by it.
func rsaTokens(t testing.TB, claims string) (publicPEM, publicDER []byte, rs256 string) {
	t.Helper()
	k := NewKey(t, "rsa", "RS256")
	publicDER, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER}), publicDER, k.Sign(t, claims)
}
