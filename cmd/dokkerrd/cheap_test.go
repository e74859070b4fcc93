package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/token"
)

// knocker sends requests to a server without a network.
type knocker struct {
	t    testing.TB
	s    *server
	from string
}

func (k knocker) do(method, sid, body string) (int, string) {
	target := polling
	if sid != "" {
		target += "&sid=" + sid
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = k.from
	w := httptest.NewRecorder()
	k.s.public.Handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// enter is a whole handshake: the session, the login and its answer.
func (k knocker) enter(compact string) {
	_, opening := k.do(http.MethodGet, "", "")
	sid := strings.Split(opening, `"`)[3]
	k.do(http.MethodPost, sid, fmt.Sprintf(`40{"token":%q}`, compact))
	if code, answer := k.do(http.MethodGet, sid, ""); code != 200 || !strings.HasPrefix(answer, "40{") {
		k.t.Fatalf("login: %d %s", code, answer)
	}
}

// A handshake that is refused costs at most a fifth of one that is served, so that a flood of them is no way to keep others out.
func TestRefusalIsCheap(t *testing.T) {
	conf := configured(t, nil, "DATABASE_URL="+filepath.Join(t.TempDir(), "test.db"), "HOST=127.0.0.1", "PORT=0", "LIMITS=handshakes=1/m:1")
	s, err := newServer(t.Context(), conf, 5174, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for range 200 {
		compact, err := token.Sign([]byte(testSecret), token.Identity{User: uuid.NewString(), ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, compact)
	}
	near, far := knocker{t, s, "127.0.0.1:5"}, knocker{t, s, "192.0.2.1:5"}
	far.do(http.MethodGet, "", "")
	share := 1.0
	for range 5 { // the best of some, on a machine that does other things too
		began := time.Now()
		for _, compact := range tokens {
			near.enter(compact)
		}
		served := time.Since(began)
		began = time.Now()
		for range tokens {
			if code, answer := far.do(http.MethodGet, "", ""); code != 503 {
				t.Fatalf("%d %s", code, answer)
			}
		}
		refused := time.Since(began)
		share = min(share, float64(refused)/float64(served))
		t.Logf("served %v, refused %v", served/200, refused/200)
	}
	if share > 0.2 {
		t.Errorf("a refusal costs %.0f %% of a handshake", 100*share)
	}
	for _, session := range s.io.Of("/").Sockets() {
		session.Close("")
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
