package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// claims is a token's body, read strictly: names as they are written, each once, each of its type. It
// implements jwt.Claims.
type claims struct {
	id, sub       *text // nil: absent
	iss           text
	aud           jwt.ClaimStrings
	exp, nbf, iat *seconds // nil: absent
	jti           text
	email         text
	role          text
	sessionID     text
	typ, use      text // what some issuers write to tell refresh and id tokens from access tokens
}

// UnmarshalJSON reads the claims it knows and skips the others. encoding/json alone would take `EXP` for exp and
// the last of two ids.
func (c *claims) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the claims are not an object")
	}
	seen := make(map[string]bool, 8)
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		name := t.(string) // inside an object, before a value
		if seen[name] {
			return errors.New("a claim is given twice")
		}
		seen[name] = true
		if err := dec.Decode(c.field(name)); err != nil {
			return fmt.Errorf("claim %q: %w", name, err)
		}
	}
	return nil
}

// field returns where the claim of that name is decoded to.
func (c *claims) field(name string) any {
	switch name {
	case "id":
		c.id = new(text)
		return c.id
	case "sub":
		c.sub = new(text)
		return c.sub
	case "iss":
		return &c.iss
	case "aud":
		return &c.aud
	case "exp":
		c.exp = new(seconds)
		return c.exp
	case "nbf":
		c.nbf = new(seconds)
		return c.nbf
	case "iat":
		c.iat = new(seconds)
		return c.iat
	case "jti":
		return &c.jti
	case "email":
		return &c.email
	case "role":
		return &c.role
	case "sessionId":
		return &c.sessionID
	case "typ":
		return &c.typ
	case "token_use":
		return &c.use
	}
	return new(json.RawMessage)
}

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.exp.date(), nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.iat.date(), nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.nbf.date(), nil }
func (c *claims) GetIssuer() (string, error)                   { return string(c.iss), nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return c.aud, nil }

func (c *claims) GetSubject() (string, error) {
	if c.sub == nil {
		return "", nil
	}
	return string(*c.sub), nil
}

// Validate is called by the parser when the signature and the times are right.
func (c *claims) Validate() error {
	if !isAccessClaim(c.typ) || !isAccessClaim(c.use) {
		return errors.New("not an access token")
	}
	return nil
}

// checkLifetime refuses a token that lasts longer than a revocation of it might be remembered.
func (c *claims) checkLifetime(now time.Time, horizon time.Duration) error {
	end := c.exp.time()
	if end.After(now.Add(horizon)) {
		return errors.New("exp is too far ahead")
	}
	if c.iat != nil && end.After(c.iat.time().Add(horizon)) {
		return errors.New("exp is too long after iat")
	}
	return nil
}

func (c *claims) identity() (Identity, error) {
	user, err := c.user()
	if err != nil {
		return Identity{}, err
	}
	id := Identity{
		User:      user,
		Role:      string(c.role),
		Email:     string(c.email),
		SessionID: string(c.sessionID),
		TokenID:   string(c.jti),
		ExpiresAt: c.exp.time(),
	}
	if c.iat != nil {
		id.IssuedAt = c.iat.time()
	}
	return id, nil
}

// user is id, or sub when id is absent: a UUID of 36 characters other than the nil one, in lower case.
func (c *claims) user() (string, error) {
	name := c.id
	if name == nil {
		name = c.sub
	}
	if name == nil {
		return "", errors.New("neither id nor sub")
	}
	id, err := uuid.Parse(string(*name))
	if err != nil || len(*name) != 36 || id == uuid.Nil {
		return "", errors.New("the user is no UUID")
	}
	return id.String(), nil
}

// isAccessHeader tells an access token's header typ (RFC 7519 §5.1, RFC 9068 §2.1) from that of other kinds.
func isAccessHeader(typ any) bool {
	s, ok := typ.(string)
	if !ok {
		return false
	}
	switch strings.TrimPrefix(strings.ToLower(s), "application/") {
	case "jwt", "at+jwt":
		return true
	}
	return false
}

func isAccessClaim(t text) bool {
	switch strings.ToLower(string(t)) {
	case "", "access", "bearer", "jwt", "at+jwt":
		return true
	}
	return false
}

// text is a string claim: a JSON string without control characters.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s *string
	if err := json.Unmarshal(data, &s); err != nil || s == nil {
		return errors.New("not a string")
	}
	if strings.ContainsFunc(*s, unicode.IsControl) {
		return errors.New("a control character")
	}
	*t = text(*s)
	return nil
}

// seconds is a NumericDate (RFC 7519 §2) of whole seconds since 1970.
type seconds int64

func (s *seconds) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > 1<<53 {
		return errors.New("not a whole number of seconds")
	}
	*s = seconds(f)
	return nil
}

func (s *seconds) time() time.Time { return time.Unix(int64(*s), 0) }

func (s *seconds) date() *jwt.NumericDate {
	if s == nil {
		return nil
	}
	return jwt.NewNumericDate(s.time())
}
