package attacks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/token/tokentest"
)

// Tokens. Each is tried at every entry point: CONNECT over both transports, the recovery of a session, and auth.refresh.

// rowsOfTokens says which row a hostile token belongs to, by how its name begins.
var rowsOfTokens = []struct{ row, prefix string }{
	{"A-40", "alg "}, {"A-41", "RS256"}, {"A-41", "HS256 "}, {"A-43", "expired and"},
	{"A-44", "a megabyte of dots"}, {"A-44", "over 8 KiB"}, {"A-44", "two dots"}, {"A-44", "one part"}, {"A-44", "two parts"}, {"A-44", "a fourth"}, {"A-44", "a dot"},
	{"A-45", "JWE"}, {"A-46", "JSON serialization"}, {"A-47", "47:"}, {"A-50", "50:"}, {"A-51", "51:"}, {"A-52", "52:"},
	{"A-53", ""}, // claims, and shapes of their own
}

func rowOfToken(name string) string {
	for _, r := range rowsOfTokens {
		if strings.HasPrefix(name, r.prefix) {
			return r.row
		}
	}
	panic("the last prefix fits all")
}

func tokens(t *testing.T) (all []attack) {
	bearer := uuid.NewString()
	byRow := map[string]hostile{}
	for name, compact := range tokentest.Hostile(t, []byte(secret), bearer, time.Now(), time.Minute) {
		row := rowOfToken(name)
		if byRow[row] == nil {
			byRow[row] = hostile{}
		}
		byRow[row][name] = compact
	}
	for _, row := range slices.Sorted(maps.Keys(byRow)) {
		names := byRow[row]
		all = append(all, attack{row, fmt.Sprintf("%d tokens", len(names)), names, nil})
	}
	return append(all,
		attack{"A-51", "a token that was revoked", script(revoked), nil},
		attack{"A-49", "a setting that lets every token in", script(noSkip), nil},
		attack{"A-54", "a secret that can be guessed", script(weakSettings), nil},
	)
}

// hostile is tokens by what is wrong with them. None may get in, and all are answered alike.
type hostile map[string]string

func (all hostile) try(s *server, _ check) error {
	for name, compact := range all {
		if err := errors.Join(s.refusesOutside(compact), s.refusesInside(compact)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *server) refusesOutside(compact string) error {
	want := `44{"message":"Invalid token"}`
	if compact == "" {
		want = `44{"message":"Authentication error"}`
	}
	for _, auth := range []map[string]any{{"token": compact}, {"token": compact, "pid": strings.Repeat("A", 90), "offset": "19d5597f.1"}} {
		for transport := range transports {
			if err := s.refusesConnect(transport, auth, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// refusesInside offers the token in a session that goes on with the one it has.
func (s *server) refusesInside(compact string) error {
	if len(compact) >= maxPayload {
		return nil // ends the connection before anything is read of it
	}
	inside, _, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer inside.close()
	answer, err := ask(inside, "auth.refresh", map[string]any{"token": compact})
	if err != nil || answer != `[{"error":{"code":"AUTH_ERROR","message":"Invalid token"}}]` && !strings.Contains(answer, "VALIDATION_ERROR") {
		return fmt.Errorf("auth.refresh was answered %s, %v", answer, err)
	}
	return assertAlive(inside)
}

// refusesConnect has a CONNECT answered like this, or its connection closed when it is too long to be read.
func (s *server) refusesConnect(transport string, auth map[string]any, want string) error {
	o, err := transports[transport](s)
	if err != nil {
		return err
	}
	defer o.close()
	answer, err := connect(o, auth)
	if len(auth["token"].(string)) >= maxPayload && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || answer != want {
		return fmt.Errorf("CONNECT (%s) was answered %s, %v", transport, answer, err)
	}
	return nil
}

// refusesToStart runs the program with settings that it must refuse.
func (s *server) refusesToStart(settings ...string) error {
	p := exec.Command(s.process.Path, "serve")
	p.Env = append([]string{"PORT=0", "DATABASE_URL=/dev/null/none"}, settings...)
	out, err := p.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		return fmt.Errorf("started with %q: %v\n%s", settings, err, out)
	}
	if bytes.Contains(out, []byte(secret)) {
		return fmt.Errorf("a secret is told:\n%s", out)
	}
	return nil
}

func weakSettings(s *server) error {
	return errors.Join(
		s.refusesToStart(),
		s.refusesToStart("JWT_SECRET=short"),
		s.refusesToStart("JWT_SECRET="+secret[:31]),
		s.refusesToStart("JWT_SECRET="+secret, "SERVICE_KEYS=short"),
		s.refusesToStart("JWT_SECRET="+secret, "FRONTEND_URL=*"),
		s.refusesToStart("JWT_SECRET="+secret, "TRUSTED_PROXIES=0.0.0.0/0"),
	)
}

// noSkip looks for a setting that skips verification.
func noSkip(s *server) error {
	out, err := exec.Command(s.process.Path, "serve", "-h").CombinedOutput()
	if err != nil {
		return err
	}
	for _, word := range []string{"skip", "insecure", "unsafe", "verify"} {
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(strings.TrimSpace(line), "--") && strings.Contains(line, word) {
				return fmt.Errorf("there is a flag %s", line)
			}
		}
	}
	return nil
}

// issuerTokens are tried where tokens are signed by an issuer's published keys.
func issuerTokens(t *testing.T, issuer *tokentest.Issuer, key tokentest.Key) []attack {
	who := uuid.NewString()
	claims := func(more string) string {
		return fmt.Sprintf(`{"id":%q,"iss":%q,"exp":%d%s}`, who, issuerName, time.Now().Add(time.Hour).Unix(), more)
	}
	good := claims(`,"aud":"realtime"`)
	other := tokentest.NewKey(t, key.ID, "ES256") // of the same name
	header := func(more string) string { return fmt.Sprintf(`{"alg":"ES256","kid":%q%s}`, key.ID, more) }
	signed := func(head, body string) string { return key.SignAs(t, "ES256", head, body) }
	confused := tokentest.Hostile(t, []byte(secret), who, time.Now(), time.Minute)
	kids := hostile{}
	for _, kid := range []string{`"../../etc/x"`, `"' OR 1=1"`, `"` + strings.Repeat("k", 200) + `"`, `"a\u0000"`, `["a"]`, `null`, `""`, `7`} {
		kids[kid] = signed(`{"alg":"ES256","kid":`+kid+`}`, good)
	}
	return []attack{
		{"A-41", "HS256 where public keys are configured", hostile{
			"by the secret": confused["a dot at the end"][:len(confused["a dot at the end"])-1], "by a public key's PEM": confused["HS256 by a public key's PEM"], "by a public key's DER": confused["HS256 by a public key's DER"],
		}, nil},
		{"A-42", "audiences that are not ours", hostile{
			"missing": key.Sign(t, claims("")), "empty": key.Sign(t, claims(`,"aud":[]`)), "another": key.Sign(t, claims(`,"aud":["other"]`)), "empty text": key.Sign(t, claims(`,"aud":""`)),
		}, nil},
		{"A-42", "an audience among others", script(func(s *server) error { return s.lets(key.Sign(t, claims(`,"aud":["other","realtime"]`))) }), nil},
		{"A-47", "keys that the token names", script(func(s *server) error { return foreignKeys(t, s, issuer, other, good) }), nil},
		{"A-48", "the same kid of another issuer", hostile{
			"another issuer's key": other.Sign(t, good), "another issuer's name": key.Sign(t, strings.Replace(good, issuerName, "https://other.example.com", 1)),
		}, nil},
		{"A-50", "critical headers", hostile{"crit": signed(header(`,"crit":["x"],"x":1`), good), "crit empty": signed(header(`,"crit":[]`), good)}, nil},
		{"A-52", "kids to inject with", kids, nil},
	}
}

const issuerName = "https://id.example.com"

// lets is that a token is good for a CONNECT.
func (s *server) lets(compact string) error {
	o, err := openStreaming(s)
	if err != nil {
		return err
	}
	defer o.close()
	if answer, err := connect(o, map[string]any{"token": compact}); err != nil || !strings.HasPrefix(answer, "40{") {
		return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
	}
	return nil
}

// foreignKeys offers keys in the token itself, and where to fetch them: nobody comes.
func foreignKeys(t *testing.T, s *server, issuer *tokentest.Issuer, other tokentest.Key, claims string) error {
	visits := make(chan string, 16)
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { visits <- r.URL.String() }))
	defer stranger.Close()
	fetches := issuer.Fetches()
	for _, more := range []string{`"jku":"` + stranger.URL + `"`, `"x5u":"` + stranger.URL + `"`, `"jwk":{"kty":"EC"}`, `"x5c":["MIIB"]`} {
		head := fmt.Sprintf(`{"alg":"ES256","kid":%q,%s}`, other.ID, more)
		if err := s.refusesConnect("websocket", map[string]any{"token": other.SignAs(t, "ES256", head, claims)}, `44{"message":"Invalid token"}`); err != nil {
			return err
		}
	}
	select {
	case url := <-visits:
		return fmt.Errorf("a token's URL was fetched: %s", url)
	default:
	}
	if n := issuer.Fetches() - fetches; n > 1 {
		return fmt.Errorf("the issuer was asked %d times because of strangers", n)
	}
	return nil
}

// revoked has the back end revoke all tokens of a user.
func revoked(s *server) error {
	o, who, err := s.joined("websocket")
	if err != nil {
		return err
	}
	defer o.close()
	if err := (requests{api("POST", "/v1/users/"+who.id+"/disconnect", "{}")}).try(s, status(200)); err != nil {
		return err
	}
	return errors.Join(ended(o), s.refusesConnect("websocket", map[string]any{"token": who.token}, `44{"message":"Invalid token"}`))
}
