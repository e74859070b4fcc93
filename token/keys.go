package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

const maxKeySet = 256 << 10 // bytes of the answer

// ErrUnavailable is returned for every token as long as an issuer's keys have never been fetched. It says nothing of the token.
var ErrUnavailable = errors.New("token: the issuer's keys cannot be fetched")

var errUnknownKey = errors.New("kid names no key of the issuer")

// KeySetOptions configures a KeySet; the zero value works.
type KeySetOptions struct {
	Refresh   time.Duration     // between two fetches; 0: 45 s. A key that the issuer withdraws is good for so long.
	Pause     time.Duration     // at least so long between two fetches, whoever asks; 0: 5 s
	Timeout   time.Duration     // of one fetch; 0: 5 s
	Transport http.RoundTripper // nil: one that keeps no connection
	Logger    *slog.Logger      // nil: slog.Default()
}

// KeySet is an issuer's public keys, from the one URL that it publishes them at. The last good answer counts: an issuer that is
// down, slow or mad costs nobody a login whose key is known. Its methods may run at once.
type KeySet struct {
	url     string
	client  http.Client
	refresh time.Duration
	pause   time.Duration
	logger  *slog.Logger
	wanted  chan struct{} // somebody waits for a fetch
	done    chan struct{} // closed when Run has returned

	mu      sync.Mutex
	keys    map[string]publicKey // by kid, replaced whole; nil before the first good answer. Under mu
	version uint64               // counts the answers that changed the keys; under mu
	asked   time.Time            // when the last fetch began; under mu
	ended   chan struct{}        // closed at the end of the fetch that runs or is wanted; nil for none. Under mu
	failing bool                 // the last fetch failed; under mu
}

// NewKeySet returns a KeySet that is empty until Run has fetched it. The URL must be https, or http on this machine. o may be nil.
func NewKeySet(from string, o *KeySetOptions) (*KeySet, error) {
	if err := checkURL(from); err != nil {
		return nil, err
	}
	if o == nil {
		o = &KeySetOptions{}
	}
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &KeySet{
		url: from,
		client: http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       cmp.Or(o.Timeout, 5*time.Second),
		},
		refresh: cmp.Or(o.Refresh, 45*time.Second),
		pause:   cmp.Or(o.Pause, 5*time.Second),
		logger:  cmp.Or(o.Logger, slog.Default()),
		wanted:  make(chan struct{}, 1),
		done:    make(chan struct{}),
	}, nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("token: the URL of the keys is none; write it as in https://id.example.com/.well-known/jwks.json")
	}
	addr, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return errors.New("token: the URL of the keys is not https, so that who is in between can put keys into it; use https")
	}
	return nil
}

// Run keeps the keys fresh until ctx ends. From then on no key is fetched.
func (s *KeySet) Run(ctx context.Context) {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wanted:
		}
		timer.Reset(s.update(ctx))
	}
}

// Ready reports whether the keys have ever been fetched.
func (s *KeySet) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys != nil
}

// key finds a key. One that is not known may have come into the set since: then it waits for a fetch, if one runs or may begin.
func (s *KeySet) key(ctx context.Context, id string) (publicKey, error) {
	k, fetch, err := s.find(id)
	if fetch == nil {
		return k, err
	}
	select {
	case <-fetch:
	case <-s.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look(id)
}

// find returns the key, or the end of a fetch that is worth waiting for.
func (s *KeySet) find(id string) (k publicKey, fetch <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, err = s.look(id); err == nil {
		return k, nil, nil
	}
	if s.ended == nil && time.Since(s.asked) >= s.pause {
		s.ended = make(chan struct{})
		s.wanted <- struct{}{} // has room: it is sent once for each channel, and taken before that is closed
	}
	return publicKey{}, s.ended, err
}

// look finds a key among those that are here. The caller holds mu.
func (s *KeySet) look(id string) (publicKey, error) {
	if s.keys == nil {
		return publicKey{}, ErrUnavailable
	}
	k, ok := s.keys[id]
	if !ok {
		return publicKey{}, errUnknownKey
	}
	return k, nil
}

// current returns the version of the keys.
func (s *KeySet) current() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// has reports whether a key of that print is in the set.
func (s *KeySet) has(print string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.print == print {
			return true
		}
	}
	return false
}

// update fetches the keys, and returns how long to wait until the next time.
func (s *KeySet) update(ctx context.Context) time.Duration {
	s.begin()
	keys, unusable, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.ended)
	s.ended = nil
	select {
	case <-s.wanted: // by who came between the timer and begin
	default:
	}
	if err != nil {
		if !s.failing && ctx.Err() == nil {
			s.logger.Warn("the issuer's keys cannot be fetched; the last ones count", "keys", len(s.keys), "error", err)
		}
		s.failing = true
		return s.pause
	}
	changed := !same(s.keys, keys)
	if changed {
		s.version++
	}
	if changed || s.failing {
		s.logger.Info("the issuer's keys were fetched", "keys", len(keys), "unusable", unusable)
	}
	s.keys, s.failing = keys, false
	return s.refresh
}

// begin says that a fetch runs.
func (s *KeySet) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = time.Now()
	if s.ended == nil {
		s.ended = make(chan struct{})
	}
}

func same(a, b map[string]publicKey) bool {
	for id, k := range a {
		if b[id].print != k.print {
			return false
		}
	}
	return len(a) == len(b)
}

func (s *KeySet) fetch(ctx context.Context) (map[string]publicKey, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("answered with status %d", answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	if err != nil {
		return nil, 0, err
	}
	if len(data) > maxKeySet {
		return nil, 0, fmt.Errorf("answered with more than %d bytes", maxKeySet)
	}
	return parseKeys(data)
}
