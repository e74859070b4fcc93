package attacks

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/token"
	"github.com/dokkerr/realtime/token/tokentest"
)

// TestAttacks runs the table. Who waits for deadlines does so at a server of their own, meanwhile.
func TestAttacks(t *testing.T) {
	binary := machine.Build(t)
	key := tokentest.NewKey(t, "key-1", "ES256")
	issuer := &tokentest.Issuer{}
	issuer.Publish(key)
	keys := httptest.NewServer(issuer)
	defer keys.Close()
	usual := serve(t, binary, "JWT_SECRET="+secret)
	control := serve(t, binary, "JWT_SECRET="+secret).chat(t)
	defer control.stopped(t)
	keyed := serve(t, binary, keyedSettings(t, keys.URL)...)
	keyed.issue(t, key)
	proxied := serve(t, binary, proxiedSettings()...)
	t.Run("rows", func(t *testing.T) {
		if !testing.Short() {
			t.Run("slow", func(t *testing.T) {
				t.Parallel()
				serve(t, binary, "JWT_SECRET="+secret).together(t, control, slow())
			})
		}
		t.Run("usual", func(t *testing.T) {
			t.Parallel()
			usual.inTurn(t, control, protocol(), webSockets(), tokens(t), stack(), further(), reference())
			keyed.inTurn(t, control, issuerTokens(t, issuer, key), encrypted())
			keyed.together(t, control, slowEncrypted())
			proxied.inTurn(t, control, addresses())
		})
	})
	if !testing.Short() {
		usual.inTurn(t, control, floods())
	}
}

// keyedSettings are those of a server that speaks TLS, takes an issuer's tokens and soon misses a pong.
func keyedSettings(t *testing.T, keysURL string) []string {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	machine.Certificate(t, cert, key, 1)
	return []string{"JWKS_URL=" + keysURL, "JWT_ISSUER=" + issuerName, "JWT_AUDIENCE=realtime", "TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key, "LIMITS=pingInterval=1s,pingTimeout=1s"}
}

// issue has people get their tokens from the issuer.
func (s *server) issue(t *testing.T, key tokentest.Key) {
	s.sign = func(who token.Identity) string {
		return key.Sign(t, fmt.Sprintf(`{"id":%q,"iss":%q,"aud":"realtime","exp":%d}`, who.User, issuerName, who.ExpiresAt.Unix()))
	}
}

// inTurn sends the attacks one after the other. After each, all is as it was.
func (s *server) inTurn(t *testing.T, control *canaries, tables ...[]attack) {
	s.watched(t, control, func(birds *canaries, start usage) {
		for _, table := range tables {
			for _, a := range table {
				t.Run(a.row+" "+a.name, func(t *testing.T) {
					mark := birds.mark()
					if err := a.send.try(s, a.back); err != nil {
						t.Error(err)
					}
					if err := s.settle(start); err != nil {
						t.Error(err)
					}
					if _, longest, _ := birds.since(mark); longest > strict {
						t.Logf("an acknowledgement took %v", longest)
					}
				})
			}
		}
	})
}

// together sends the attacks at once. After the last, all is as it was.
func (s *server) together(t *testing.T, control *canaries, table []attack) {
	s.watched(t, control, func(_ *canaries, start usage) {
		var all sync.WaitGroup
		failed := make([]error, len(table))
		for i, a := range table {
			all.Go(func() { failed[i] = a.send.try(s, a.back) })
		}
		all.Wait()
		for i, a := range table {
			t.Run(a.row+" "+a.name, func(t *testing.T) {
				if failed[i] != nil {
					t.Error(failed[i])
				}
			})
		}
		if err := s.settle(start); err != nil {
			t.Error(err)
		}
	})
}

// watched has canaries chat meanwhile, which must not notice, and reads the log afterwards.
func (s *server) watched(t *testing.T, control *canaries, attack func(birds *canaries, start usage)) {
	birds := s.chat(t)
	before := birds.baseline()
	from := control.mark()
	start, err := s.usage()
	if err != nil {
		t.Fatal(err)
	}
	mark := birds.mark()
	attack(birds, start)
	beside, _, _ := control.since(from)
	birds.judge(t, mark, before, beside)
	birds.stopped(t)
	if err := s.checkLog(); err != nil {
		t.Error(err)
	}
}

const (
	strict  = 100 * time.Millisecond
	lenient = 5 // times what it is without attacks
)

// baseline has the canaries chat for a while, and tells how long their acknowledgements take.
func (c *canaries) baseline() time.Duration {
	from := c.mark()
	for deadline := time.Now().Add(patience); c.mark()-from < 50 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	p99, _, _ := c.since(from)
	return p99
}

// judge compares with what it was before, and with what it is at a server that nobody attacks: that shows how busy the machine is.
func (c *canaries) judge(t *testing.T, mark int, before, beside time.Duration) {
	t.Helper()
	p99, longest, count := c.since(mark)
	t.Logf("%d acknowledgements, 99 of 100 within %v, all within %v; before 99 of 100 within %v, beside %v", count, p99, longest, before, beside)
	if count < 400 {
		p99 = min(p99, c.but(2*pairs, mark)) // of few, one moment of a busy machine, which holds each canary up once, is more than one of 100
	}
	if p99 > max(strict, lenient*before, lenient*beside) {
		t.Errorf("99 of 100 acknowledgements took %v, %v before, %v beside", p99, before, beside)
	}
}
