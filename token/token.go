// Package token turns a JWT into an identity.
package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	minSecret = 32      // bytes; RFC 7518 §3.2 for HS256
	maxToken  = 8 << 10 // bytes of a compact token, checked before anything is parsed
)

// Identity is who a verified token says its bearer is.
type Identity struct {
	User      string // canonical UUID
	Role      string // boater, dock_owner, admin, guest; "" when absent. It adds no right on the socket.
	Email     string
	SessionID string
	TokenID   string    // jti
	IssuedAt  time.Time // zero when absent
	ExpiresAt time.Time
	Key       string // tells the public key that verified it from others; "" for the secret
}

// ErrInvalid is returned for every token that does not verify, whatever the cause; the cause is wrapped for logs.
var ErrInvalid = errors.New("token: invalid")

// Options configures a Verifier. Either Secret or Keys is set: tokens of one issuer are of one family.
type Options struct {
	Secret      []byte        // HS256; at least 32 bytes
	Keys        *KeySet       // RS256, ES256 and EdDSA; who makes it runs it
	Issuer      string        // checked when set
	Audience    string        // checked when set
	Leeway      time.Duration // for clocks that differ; 0: 30 s
	MaxLifetime time.Duration // exp at most so far ahead, and so long after iat; 0: 24 h
	Now         func() time.Time
}

// Verifier checks tokens. Its methods may run at once.
type Verifier struct {
	parser  *jwt.Parser
	secret  []byte
	keys    *KeySet
	leeway  time.Duration
	horizon time.Duration // from now, and from iat, to the latest exp taken
	now     func() time.Time
}

// NewVerifier returns a Verifier, or an error that says what to do about the options.
func NewVerifier(o Options) (*Verifier, error) {
	if err := o.checkKeys(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Verifier{
		parser:  jwt.NewParser(o.checks()...),
		secret:  o.Secret,
		keys:    o.Keys,
		leeway:  o.Leeway,
		horizon: o.MaxLifetime + o.Leeway,
		now:     o.Now,
	}, nil
}

func (o Options) checkKeys() error {
	switch {
	case o.Keys == nil:
		return checkSecret(o.Secret)
	case o.Secret != nil:
		return errors.New("token: both a secret and public keys; who has either could sign for everybody, so choose one")
	}
	return nil
}

func checkSecret(secret []byte) error {
	if len(secret) >= minSecret {
		return nil
	}
	return fmt.Errorf("token: the HS256 secret has %d bytes and can be guessed; use at least %d random bytes, for example from `openssl rand -base64 32`",
		len(secret), minSecret)
}

func (o Options) withDefaults() Options {
	if o.Leeway == 0 {
		o.Leeway = 30 * time.Second
	}
	if o.MaxLifetime == 0 {
		o.MaxLifetime = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// methods are the algorithms of the family, and never two families: else a public key could be taken for a secret.
func (o Options) methods() []string {
	if o.Keys != nil {
		return []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodEdDSA.Alg()}
	}
	return []string{jwt.SigningMethodHS256.Alg()}
}

// checks is what the parser refuses by itself. Strict decoding leaves one spelling of each token, so that a
// token cannot be told apart from its own copy (RFC 8725 §3.11).
func (o Options) checks() []jwt.ParserOption {
	checks := []jwt.ParserOption{
		jwt.WithValidMethods(o.methods()),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(o.Leeway),
		jwt.WithTimeFunc(o.Now),
	}
	if o.Issuer != "" {
		checks = append(checks, jwt.WithIssuer(o.Issuer))
	}
	if o.Audience != "" {
		checks = append(checks, jwt.WithAudience(o.Audience))
	}
	return checks
}

// Verify checks a compact JWT and returns its identity. The error wraps ErrInvalid, or is ErrUnavailable. A token of a key that is
// not known may wait for a fetch, as long as ctx and the fetch last; all others are answered at once.
func (v *Verifier) Verify(ctx context.Context, compact string) (Identity, error) {
	id, err := v.verify(ctx, compact)
	switch {
	case errors.Is(err, ErrUnavailable):
		return Identity{}, ErrUnavailable
	case err != nil:
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return id, nil
}

func (v *Verifier) verify(ctx context.Context, compact string) (Identity, error) {
	if err := checkShape(compact); err != nil {
		return Identity{}, err
	}
	var c claims
	var by publicKey
	_, err := v.parser.ParseWithClaims(compact, &c, func(t *jwt.Token) (key any, err error) {
		key, by, err = v.key(ctx, t)
		return key, err
	})
	if err != nil {
		return Identity{}, err
	}
	if err := c.checkLifetime(v.now(), v.horizon); err != nil {
		return Identity{}, err
	}
	id, err := c.identity()
	if err != nil {
		return Identity{}, err
	}
	id.Key = by.print
	return id, nil
}

// End returns when an identity is no longer accepted: when it expires, and the leeway after that.
func (v *Verifier) End(id Identity) time.Time { return id.ExpiresAt.Add(v.leeway) }

// Longest returns how long after its iat a token may still be accepted.
func (v *Verifier) Longest() time.Duration { return v.horizon + v.leeway }

// Ready reports whether tokens can be verified: whether the issuer's keys have ever been fetched.
func (v *Verifier) Ready() bool { return v.keys == nil || v.keys.Ready() }

// KeysVersion returns a number that rises when the issuer's keys change.
func (v *Verifier) KeysVersion() uint64 {
	if v.keys == nil {
		return 0
	}
	return v.keys.current()
}

// Trusts reports whether the key that verified an identity is still the issuer's.
func (v *Verifier) Trusts(id Identity) bool { return v.keys == nil || v.keys.has(id.Key) }

// checkShape bounds the work on a hostile string. The base64 decoder would skip line breaks: they are refused here.
func checkShape(compact string) error {
	if len(compact) > maxToken {
		return fmt.Errorf("longer than %d bytes", maxToken)
	}
	dots := 0
	for i := range len(compact) {
		switch c := compact[i]; {
		case c == '.':
			dots++
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return errors.New("a character that is not base64url")
		}
	}
	if dots != 2 {
		return errors.New("not three parts")
	}
	return nil
}

// key returns what the signature is checked with. Of the header only kid is heeded, and only to choose among the issuer's keys; the
// algorithm is the key's. jku, jwk, x5u and x5c choose nothing.
func (v *Verifier) key(ctx context.Context, t *jwt.Token) (key any, by publicKey, err error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, by, errors.New("crit: no extension is understood")
	}
	if typ, ok := t.Header["typ"]; ok && !isAccessHeader(typ) {
		return nil, by, errors.New("typ: not an access token")
	}
	if v.keys == nil {
		return v.secret, by, nil
	}
	id, ok := t.Header["kid"].(string)
	if !ok || id == "" || len(id) > maxKeyID {
		return nil, by, errors.New("kid: names no key")
	}
	by, err = v.keys.key(ctx, id)
	if err == nil && by.algorithm != t.Method.Alg() {
		err = errors.New("alg: not the key's")
	}
	return by.key, by, err
}

// Sign makes an HS256 token for an identity, for demos and tests.
func Sign(secret []byte, id Identity) (string, error) {
	return Options{Secret: secret}.Sign(id)
}

// Sign makes an HS256 token that a Verifier of the same options accepts until it expires. Zero fields make no claim.
func (o Options) Sign(id Identity) (string, error) {
	if err := checkSecret(o.Secret); err != nil {
		return "", err
	}
	if _, err := uuid.Parse(id.User); err != nil {
		return "", fmt.Errorf("token: the user %q is no UUID", id.User)
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, o.claimsOf(id)).SignedString(o.Secret)
}

func (o Options) claimsOf(id Identity) jwt.MapClaims {
	c := jwt.MapClaims{"id": id.User, "exp": id.ExpiresAt.Unix()}
	if !id.IssuedAt.IsZero() {
		c["iat"] = id.IssuedAt.Unix()
	}
	for name, value := range map[string]string{
		"role": id.Role, "email": id.Email, "sessionId": id.SessionID, "jti": id.TokenID, "iss": o.Issuer, "aud": o.Audience,
	} {
		if value != "" {
			c[name] = value
		}
	}
	return c
}
