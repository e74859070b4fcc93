package attacks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What an address may take. The server believes the X-Forwarded-For of 127.0.0.1, so that attacks come from anywhere;
// 127.0.0.2 is a stranger to it, from which no limit by address applies.
const (
	trusted  = "127.0.0.1"
	stranger = "127.0.0.2"

	handshakeRate    = 3 // a second
	handshakeBurst   = 60
	ofOneAddress     = 40 // connections
	unknownOfAddress = 20 // of them, without a login
	badTokens        = 10 // in a minute
	lockedOut        = 4 * time.Second
)

// proxiedSettings are those of the server that these attacks are tried on: the usual limits, but small.
func proxiedSettings() []string {
	return []string{"JWT_SECRET=" + secret, "TRUSTED_PROXIES=" + trusted + "/32", fmt.Sprintf("LIMITS=handshakes=%d/s:%d,connections=%d,unknown=%d,guesses=%d/m:%v",
		handshakeRate, handshakeBurst, ofOneAddress, unknownOfAddress, badTokens, lockedOut)}
}

func addresses() []attack {
	return []attack{
		{"A-91", "more handshakes than an address may", script(manyHandshakes), nil},
		{"A-92", "more connections than an address may", script(manyConnections), nil},
		{"A-93", "bad tokens for one user from one address", script(manyGuesses), nil},
		{"A-94", "many addresses of one /64", script(manyOfOneNetwork), nil},
		{"A-95", "addresses that a stranger forges", script(forgedByAStranger), nil},
		{"A-96", "addresses that a client forges before a proxy's", script(forgedHops), nil},
		{"A-97", "addresses that are none", script(noAddresses), nil},
	}
}

// visit is a session on polling that was opened from an address.
type visit struct {
	polling
	answer outcome
}

// from opens a session that comes, as a proxy says in so many lines, from an address.
func (s *server) from(lines ...string) (*visit, error) { return s.by(trusted, lines...) }

// by opens one through a peer.
func (s *server) by(peer string, lines ...string) (*visit, error) {
	q := request{query: handshake}
	for _, line := range lines {
		q.headers = append(q.headers, header{"X-Forwarded-For", line})
	}
	w, err := s.dialBy(peer)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := w.write(q.text(s.address)); err != nil {
		return nil, err
	}
	got, err := w.answer()
	if err != nil {
		return nil, err
	}
	v := &visit{polling{server: s}, got}
	if got.status == http.StatusOK {
		v.sid = s.sidOf(got.body)
	}
	if v.admitted() == v.refused() {
		return nil, fmt.Errorf("%v was answered %d %v %s", lines, got.status, got.header, got.body)
	}
	return v, nil
}

func (s *server) dialBy(peer string) (*wire, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(peer)}, Timeout: patience}
	raw, err := d.DialContext(context.Background(), "tcp", s.address)
	if err != nil {
		return nil, err
	}
	return s.wire(raw)
}

func (v *visit) admitted() bool { return v.answer.status == http.StatusOK && v.sid != "" }

// refused is 503 with when to come back.
func (v *visit) refused() bool {
	wait, err := strconv.Atoi(v.answer.header.Get("Retry-After"))
	return v.answer.status == http.StatusServiceUnavailable && err == nil && wait >= 1 && wait <= 10
}

// stays opens sessions from addresses that address returns until one is refused. It returns those that were let in.
func (s *server) stays(most int, address func(n int) []string) (all visits, err error) {
	for n := range most + 1 {
		v, err := s.from(address(n)...)
		if err != nil {
			return all, err
		}
		if v.refused() {
			break
		}
		all = append(all, v)
	}
	if len(all) != most {
		err = fmt.Errorf("%d were let in, want %d", len(all), most)
	}
	return all, err
}

type visits []*visit

func (all visits) close() {
	for _, v := range all {
		v.close()
	}
}

// letsIn wants an address to be let in, at once or within a while.
func (s *server) letsIn(within time.Duration, lines ...string) error {
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		v, err := s.from(lines...)
		if err != nil {
			return err
		}
		if v.admitted() {
			v.close()
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%v is not let in", lines)
		}
	}
}

func always(lines ...string) func(int) []string { return func(int) []string { return lines } }

// manyHandshakes asks as fast as it can: what is let in is the burst and the rate, and another address does not notice.
func manyHandshakes(s *server) error {
	const address = "192.0.2.91"
	admitted, refused := 0, 0
	from := time.Now()
	for refused < 20 && time.Since(from) < patience {
		v, err := s.from(address)
		switch {
		case err != nil:
			return err
		case v.refused():
			refused++
		default:
			admitted++
			v.close()
		}
	}
	if refused < 20 {
		return fmt.Errorf("of %d handshakes %d were refused", admitted+refused, refused)
	}
	if most := handshakeBurst + handshakeRate*time.Since(from).Seconds(); float64(admitted) > most+1 || admitted < handshakeBurst {
		return fmt.Errorf("%d were let in, want at most %.1f", admitted, most)
	}
	return errors.Join(s.letsIn(0, "192.0.2.191"), s.letsIn(patience, address))
}

// manyConnections stays, without a login and with one.
func manyConnections(s *server) error {
	const address = "192.0.2.92"
	first, err := s.stays(unknownOfAddress, always(address))
	defer first.close()
	if err != nil {
		return fmt.Errorf("without a login: %w", err)
	}
	if err := errors.Join(s.letsIn(0, "192.0.2.192"), first.login()); err != nil {
		return err
	}
	more, err := s.stays(unknownOfAddress, always(address))
	defer more.close()
	if err != nil {
		return fmt.Errorf("beside %d with one: %w", len(first), err)
	}
	if err := more.login(); err != nil {
		return err
	}
	if v, err := s.from(address); err != nil || !v.refused() {
		return fmt.Errorf("one more than %d: %v", ofOneAddress, err)
	}
	first[0].close()
	return s.letsIn(patience, address)
}

func (all visits) login() error {
	for _, v := range all {
		if answer, err := connect(v, map[string]any{"token": v.server.person().token}); err != nil || !strings.HasPrefix(answer, "40{") {
			return fmt.Errorf("CONNECT was answered %s, %v", answer, err)
		}
	}
	return nil
}

// manyGuesses shows bad tokens of one user: then a good one is not looked at either, which alone that user notices, there, for a while.
func manyGuesses(s *server) error {
	const address = "192.0.2.93"
	victim := s.person()
	head, signature, _ := cutToken(victim.token)
	bad := head + "." + strings.Repeat("A", len(signature))
	for range badTokens {
		if answer, err := s.loginFrom(address, bad); answer != `44{"message":"Invalid token"}` {
			return fmt.Errorf("a bad token was answered %s, %v", answer, err)
		}
	}
	for _, token := range []string{bad, victim.token} {
		if answer, err := s.loginFrom(address, token); err == nil {
			return fmt.Errorf("a token of who is locked out was answered %s", answer)
		}
	}
	for from, token := range map[string]string{"192.0.2.193": victim.token, address: s.person().token} {
		if answer, err := s.loginFrom(from, token); err != nil || !strings.HasPrefix(answer, "40{") {
			return fmt.Errorf("a good token from %s was answered %s, %v", from, answer, err)
		}
	}
	for deadline := time.Now().Add(lockedOut + patience); ; time.Sleep(200 * time.Millisecond) {
		answer, err := s.loginFrom(address, victim.token)
		if err == nil && strings.HasPrefix(answer, "40{") {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("locked out for ever: %s, %v", answer, err)
		}
	}
}

// cutToken cuts a token behind its claims.
func cutToken(compact string) (head, signature string, ok bool) {
	at := strings.LastIndexByte(compact, '.')
	return compact[:at], compact[at+1:], at > 0
}

// loginFrom returns the answer to a CONNECT, or io.EOF for a connection that was closed.
func (s *server) loginFrom(address, token string) (string, error) {
	v, err := s.from(address)
	if err != nil {
		return "", err
	}
	if v.refused() {
		return "", fmt.Errorf("no session from %s", address)
	}
	defer v.close()
	return connect(v, map[string]any{"token": token})
}

// manyOfOneNetwork comes from another address each time: a /64 is one, and so are the ways to write an IPv4 address.
func manyOfOneNetwork(s *server) error {
	ways := []string{"192.0.2.94", "::ffff:192.0.2.94", "192.0.2.94:80", "[::ffff:c000:25e]:81"}
	for other, address := range map[string]func(n int) []string{
		"2001:db8:0:95::1": func(n int) []string { return []string{fmt.Sprintf("2001:db8:0:94:%x::%x", n+1, n+1)} },
		"192.0.2.194":      func(n int) []string { return []string{ways[n%len(ways)]} },
	} {
		all, err := s.stays(unknownOfAddress, address)
		err = errors.Join(err, s.letsIn(0, other))
		all.close()
		if err != nil {
			return fmt.Errorf("beside %s: %w", other, err)
		}
	}
	return nil
}

// forgedByAStranger names a victim from a peer that is no proxy: that takes nothing of what the victim may.
func forgedByAStranger(s *server) error {
	const victim = "192.0.2.95"
	for range 2 * handshakeBurst {
		v, err := s.by(stranger, victim)
		if err != nil || !v.admitted() {
			return fmt.Errorf("a stranger was answered %v", err)
		}
		v.close()
	}
	all, err := s.stays(unknownOfAddress, always(victim))
	all.close()
	return err
}

// forgedHops invents what stands before the address that the proxy has seen.
func forgedHops(s *server) error {
	for n, address := range []func(n int) []string{
		func(n int) []string { return []string{fmt.Sprintf("203.0.113.%d, 192.0.2.96", n)} },
		func(n int) []string { return []string{fmt.Sprintf("203.0.113.%d", n), "192.0.2.97"} },
		func(n int) []string { return []string{fmt.Sprintf("203.0.113.%d,192.0.2.98,%s", n, trusted)} },
		func(int) []string { return []string{"127.0.0.1, ::1, 192.0.2.99"} },
		func(n int) []string { return []string{strings.Repeat("203.0.113.9,", n*20) + "192.0.2.100"} },
	} {
		all, err := s.stays(unknownOfAddress, address)
		all.close()
		if err != nil {
			return fmt.Errorf("list %d: %w", n, err)
		}
	}
	return nil
}

// noAddresses sends what is no address, before one, which counts all the same, and alone, which is the proxy's own word.
func noAddresses(s *server) error {
	junk := []string{"", ",,,,", "unknown", "_hidden", "for=192.0.2.60;proto=http", "999.1.1.1", "192.0.2.1.5", "[::1", "::1]:80", "fe80::1%eth0", "-1", "\x80\xff", "' OR 1=1",
		"localhost", "192.0.2.101:99999", strings.Repeat("1", 4000), "0x7f000001", "2130706433", "127.1"}
	all, err := s.stays(unknownOfAddress, func(n int) []string { return []string{junk[n%len(junk)] + ", 192.0.2.101"} })
	all.close()
	for _, text := range junk {
		v, tried := s.from(text)
		if tried != nil || !v.admitted() {
			return fmt.Errorf("%.40q alone was answered %v", text, tried)
		}
		v.close()
	}
	return err
}
