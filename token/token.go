// Package token turns a JWT into an identity.
package token

import (
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
}

// ErrInvalid is returned for every token that does not verify, whatever the cause; the cause is wrapped for logs.
var ErrInvalid = errors.New("token: invalid")

// Options configures a Verifier.
type Options struct {
	Secret      []byte        // HS256; at least 32 bytes
	Issuer      string        // checked when set
	Audience    string        // checked when set
	Leeway      time.Duration // for clocks that differ; 0: 30 s
	MaxLifetime time.Duration // exp at most so far ahead; 0: 24 h
	Now         func() time.Time
}

// Verifier checks tokens. Its methods may run at once.
type Verifier struct {
	parser  *jwt.Parser
	secret  []byte
	horizon time.Duration // from now to the latest exp taken
	now     func() time.Time
}

// NewVerifier returns a Verifier, or an error that says what to do about the options.
func NewVerifier(o Options) (*Verifier, error) {
	if err := checkSecret(o.Secret); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Verifier{
		parser:  jwt.NewParser(o.checks()...),
		secret:  o.Secret,
		horizon: o.MaxLifetime + o.Leeway,
		now:     o.Now,
	}, nil
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

// checks is what the parser refuses by itself. Strict decoding leaves one spelling of each token, so that a
// token cannot be told apart from its own copy (RFC 8725 §3.11).
func (o Options) checks() []jwt.ParserOption {
	checks := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
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

// Verify checks a compact JWT and returns its identity, or an error that wraps ErrInvalid.
func (v *Verifier) Verify(compact string) (Identity, error) {
	id, err := v.verify(compact)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return id, nil
}

func (v *Verifier) verify(compact string) (Identity, error) {
	if err := checkShape(compact); err != nil {
		return Identity{}, err
	}
	var c claims
	if _, err := v.parser.ParseWithClaims(compact, &c, v.key); err != nil {
		return Identity{}, err
	}
	if c.exp.time().After(v.now().Add(v.horizon)) {
		return Identity{}, errors.New("exp is too far ahead")
	}
	return c.identity()
}

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

// key returns the secret whatever the header proposes: kid, jku, jwk, x5u and x5c choose nothing.
func (v *Verifier) key(t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, errors.New("crit: no extension is understood")
	}
	if typ, ok := t.Header["typ"]; ok && !isAccessHeader(typ) {
		return nil, errors.New("typ: not an access token")
	}
	return v.secret, nil
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
