package token_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider is an issuer over HTTP, and a verifier that trusts it.
type provider struct {
	tokentest.Issuer
	t    *testing.T
	url  string
	keys *token.KeySet
	*token.Verifier
}

// never is a pause that no test sees the end of.
const never = time.Hour

// newProvider publishes keys and returns when they were fetched.
func newProvider(t *testing.T, o token.KeySetOptions, keys ...tokentest.Key) *provider {
	t.Helper()
	p := &provider{t: t}
	p.Publish(keys...)
	p.start(o)
	p.until("the keys were fetched", p.keys.Ready)
	return p
}

// start runs the verifier until the test ends.
func (p *provider) start(o token.KeySetOptions) {
	p.t.Helper()
	server := httptest.NewServer(&p.Issuer)
	p.t.Cleanup(server.Close)
	p.url = server.URL
	o.Logger = slog.New(slog.DiscardHandler)
	var err error
	if p.keys, err = token.NewKeySet(p.url, &o); err != nil {
		p.t.Fatal(err)
	}
	if p.Verifier, err = token.NewVerifier(token.Options{Keys: p.keys, Now: func() time.Time { return now }}); err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.keys.Run(ctx) })
	p.t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func (p *provider) until(what string, so func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("never: %s", what)
		}
	}
}

func (p *provider) accepts(k tokentest.Key) token.Identity {
	p.t.Helper()
	id, err := p.Verify(p.t.Context(), k.Sign(p.t, good("")))
	if err != nil || id.User != asha || id.Key == "" {
		p.t.Errorf("%s %s: %+v, %v", k.Algorithm, k.ID, id, err)
	}
	return id
}

func (p *provider) refuses(k tokentest.Key) {
	p.t.Helper()
	refuse(p.t, p.Verifier, k.Sign(p.t, good("")))
}
