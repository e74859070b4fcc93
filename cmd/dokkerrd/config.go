package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/knadh/koanf/v2"
)

const minKey = 32 // bytes

// config is the settings, read and checked.
type config struct {
	hosts       []string // to listen on, each at port; the first must work, the others may be missing
	port        int
	publicURL   string   // an origin, or ""
	frontends   []string // origins
	secret      []byte   // of tokens; nil with keysURL
	keysURL     string   // of the issuer's public keys; "" with secret
	issuer      string
	audience    string
	serviceKeys []string
	webhook     [][]byte // secrets of the payment provider's webhook; none: there is no webhook
	database    string   // path of the SQLite file
	certFile    string
	keyFile     string
	proxies     []netip.Prefix
	limits      limits
	metricsAddr string
	logLevel    slog.Level
	logFormat   string
}

// checks reads settings and collects what is wrong about them, so that one start tells all of it.
type checks struct {
	k       *koanf.Koanf
	refused refusedSettings
}

func (c *checks) refuse(format string, args ...any) {
	c.refused = append(c.refused, fmt.Errorf(format, args...))
}

// err is nil when nothing was refused.
func (c *checks) err() error {
	if len(c.refused) == 0 {
		return nil
	}
	return c.refused
}

// configOf checks the settings of serve.
func configOf(k *koanf.Koanf) (config, error) {
	c := checks{k: k}
	c.later(own)
	conf := c.common()
	conf.hosts = []string{k.String("HOST")}
	conf.publicURL = c.publicURL()
	conf.keysURL = k.String("JWKS_URL")
	if conf.keysURL == "" {
		conf.secret = c.secret()
	} else if k.String("JWT_SECRET") != "" {
		c.refuse("JWT_SECRET and JWKS_URL are both set, so that whoever has either could sign for everybody; keep the one that your tokens are signed by, and unset the other")
	}
	conf.issuer, conf.audience = k.String("JWT_ISSUER"), k.String("JWT_AUDIENCE")
	conf.serviceKeys = c.serviceKeys()
	conf.webhook = c.webhook()
	conf.database = c.database()
	conf.certFile, conf.keyFile = c.tls()
	conf.proxies = c.proxies()
	conf.logFormat = c.logFormat()
	return conf, c.err()
}

// later refuses what would be ignored.
func (c *checks) later(settings []setting) {
	for _, s := range settings {
		if s.later != "" && c.k.String(s.name) != "" {
			c.refuse("%s is set, but this build does not have it yet: unset it, and %s", s.name, s.later)
		}
	}
}

// common checks the settings that every server has.
func (c *checks) common() config {
	return config{
		port:        c.port(),
		frontends:   c.frontends(),
		limits:      c.limits(),
		metricsAddr: c.metricsAddr(),
		logLevel:    c.logLevel(),
		logFormat:   "text",
	}
}

func (c *checks) port() int {
	text := c.k.String("PORT")
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		c.refuse("PORT is %q; use a number from 1 to 65535, or 0 for any free port", text)
	}
	return int(port)
}

func (c *checks) secret() []byte {
	secret := c.k.String("JWT_SECRET")
	switch {
	case secret == "":
		c.refuse("JWT_SECRET is not set, and without it no token can be verified; set it to what your back end signs tokens with, at least %d random bytes, as from: openssl rand -base64 32; or set JWKS_URL to where your identity provider publishes its keys", minKey)
	case len(secret) < minKey:
		c.refuse("JWT_SECRET has %d bytes and can be guessed, and who guesses it is everybody; use at least %d random bytes, as from: openssl rand -base64 32", len(secret), minKey)
	}
	return []byte(secret)
}

func (c *checks) serviceKeys() []string {
	keys := list(c.k.String("SERVICE_KEYS"))
	for i, key := range keys {
		if len(key) < minKey {
			c.refuse("SERVICE_KEYS: key %d has %d bytes and can be guessed, and who guesses it moves bookings and payments; use at least %d random bytes, as from: openssl rand -hex 32", i+1, len(key), minKey)
		}
	}
	return keys
}

func (c *checks) webhook() (secrets [][]byte) {
	given := list(c.k.String("STRIPE_WEBHOOK_SECRET"))
	if len(given) > 2 {
		c.refuse("STRIPE_WEBHOOK_SECRET has %d secrets; while they are exchanged there are two, the new and the old one", len(given))
	}
	for i, secret := range given {
		if len(secret) < minKey {
			c.refuse("STRIPE_WEBHOOK_SECRET: secret %d has %d bytes and can be guessed, and who guesses it says what was paid; use the one that the provider shows for this endpoint, whsec_...", i+1, len(secret))
		}
		secrets = append(secrets, []byte(secret))
	}
	return secrets
}

func (c *checks) frontends() []string {
	var origins []string
	for _, text := range list(c.k.String("FRONTEND_URL")) {
		if strings.Contains(text, "*") {
			c.refuse("FRONTEND_URL has %q: credentials are allowed to the origins it lists, so a wildcard would let any web page act for its visitors; list each front end, as in https://app.example.com", text)
			continue
		}
		origin, err := originOf(text)
		if err != nil {
			c.refuse("FRONTEND_URL has %q, %w", text, err)
		}
		origins = append(origins, origin)
	}
	return origins
}

func (c *checks) publicURL() string {
	text := c.k.String("PUBLIC_URL")
	if text == "" {
		return ""
	}
	origin, err := originOf(text)
	if err != nil {
		c.refuse("PUBLIC_URL is %q, %w", text, err)
	} else if !strings.HasPrefix(origin, "http") {
		c.refuse("PUBLIC_URL is %q; browsers need http or https, as in https://live.example.com", text)
	}
	return origin
}

func (c *checks) database() string {
	text := c.k.String("DATABASE_URL")
	scheme, rest, found := strings.Cut(text, ":")
	switch {
	case !found || strings.Contains(scheme, "/"):
		return text
	case scheme == "sqlite" && rest != "":
		return strings.TrimPrefix(rest, "//")
	case scheme == "postgres" || scheme == "postgresql":
		c.refuse("DATABASE_URL names PostgreSQL, but this build does not have it yet: leave it unset for an SQLite file under ./data")
	default:
		c.refuse("DATABASE_URL is not understood; give the path of an SQLite file, or leave it unset for one under ./data")
	}
	return ""
}

func (c *checks) tls() (cert, key string) {
	cert, key = c.k.String("TLS_CERT_FILE"), c.k.String("TLS_KEY_FILE")
	if (cert == "") != (key == "") {
		c.refuse("TLS_CERT_FILE and TLS_KEY_FILE need each other; set both, or neither behind a proxy that speaks TLS")
	}
	return cert, key
}

func (c *checks) proxies() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range list(c.k.String("TRUSTED_PROXIES")) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			c.refuse("TRUSTED_PROXIES has %q, which is no CIDR; write 10.0.0.7/32 for one proxy or 10.0.0.0/8 for a network", text)
		} else if prefix.Bits() == 0 {
			c.refuse("TRUSTED_PROXIES has %q, which trusts everybody to say where a request comes from; name the proxies, as in 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

func (c *checks) limits() limits {
	l, err := parseLimits(c.k.String("LIMITS"))
	if err != nil {
		c.refuse("%w", err)
	}
	return l
}

func (c *checks) metricsAddr() string {
	addr := c.k.String("METRICS_ADDR")
	if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
		c.refuse("METRICS_ADDR is %q; write an address and a port, as in 127.0.0.1:9100", addr)
	}
	return addr
}

func (c *checks) logLevel() (level slog.Level) {
	if err := level.UnmarshalText([]byte(c.k.String("LOG_LEVEL"))); err != nil {
		c.refuse("LOG_LEVEL is %q; use debug, info, warn or error", c.k.String("LOG_LEVEL"))
	}
	return level
}

func (c *checks) logFormat() string {
	format := c.k.String("LOG_FORMAT")
	if format != "json" && format != "text" {
		c.refuse("LOG_FORMAT is %q; use json or text", format)
	}
	return format
}

// warnings are what is allowed and deserves a second look.
func (conf config) warnings() []string {
	var warnings []string
	if conf.certFile == "" && len(conf.proxies) == 0 && !isLoopback(conf.hosts[0]) {
		warnings = append(warnings, "tokens and messages travel in clear text beyond this machine: set TLS_CERT_FILE and TLS_KEY_FILE, or TRUSTED_PROXIES when a proxy in front speaks TLS, or HOST=127.0.0.1")
	}
	if len(conf.serviceKeys) == 0 {
		warnings = append(warnings, "SERVICE_KEYS is not set: the back end's API is closed")
	}
	return warnings
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

var errNoOrigin = errors.New("which is no origin; write scheme, host and port if it has one, as in https://app.example.com or capacitor://localhost")
