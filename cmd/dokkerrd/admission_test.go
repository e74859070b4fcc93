package main

import (
	"flag"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const polling = "/socket.io/?EIO=4&transport=polling"

// handshakeFrom asks for a session from an address, as a trusted proxy does.
func (p *program) handshakeFrom(address string) *http.Response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), "GET", p.url+polling, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", address)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// Over an address's rate a handshake is answered 503 and when to come back; others do not notice, nor does this machine itself.
func TestHandshakesOfOneAddress(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "TRUSTED_PROXIES=127.0.0.0/8", "LIMITS=handshakes=1/s:5,connections=1000,unknown=1000")
	for i := range 5 {
		if answer := p.handshakeFrom("192.0.2.1"); answer.StatusCode != 200 || answer.Header.Get("X-Request-Id") == "" {
			t.Fatalf("handshake %d: %s, %v", i+1, answer.Status, answer.Header)
		}
	}
	refused := p.handshakeFrom("192.0.2.1")
	wait, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	if refused.StatusCode != 503 || err != nil || wait != 1 {
		t.Fatalf("the sixth: %s, retry after %q", refused.Status, refused.Header.Get("Retry-After"))
	}
	for _, other := range []string{"192.0.2.2", "127.0.0.1", "::1"} {
		if answer := p.handshakeFrom(other); answer.StatusCode != 200 {
			t.Errorf("from %s: %s", other, answer.Status)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if p.handshakeFrom("192.0.2.1").StatusCode == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("refused for ever")
		}
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "TRUSTED_PROXIES=127.0.0.0/8", "LIMITS=handshakes=off,connections=1000,unknown=7")
	for i := range 8 {
		answer := p.handshakeFrom("2001:db8::" + strconv.Itoa(i))
		if want := map[bool]int{true: 200, false: 503}[i < 7]; answer.StatusCode != want {
			t.Errorf("connection %d of a /64: %s, want %d", i+1, answer.Status, want)
		}
	}
	if answer := p.handshakeFrom("2001:db8:0:1::1"); answer.StatusCode != 200 {
		t.Errorf("of another /64: %s", answer.Status)
	}
}

// X-Forwarded-For of a stranger changes nothing: this machine's handshakes are not limited whatever it says.
func TestForgedAddress(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "LIMITS=handshakes=1/m:1")
	for range 3 {
		if answer := p.handshakeFrom("192.0.2.1"); answer.StatusCode != 200 {
			t.Fatalf("%s", answer.Status)
		}
	}
}

var halfOpen = flag.Int("half-open", 1000, "connections that never finish their request")

// Sockets that never finish their request hold nobody up, and are closed (S-04).
func TestHalfOpenHandshakes(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	address := strings.TrimPrefix(p.url, "http://")
	starts := []string{
		"", "GET ", "GET " + polling + " HTTP/1.1\r\nHost: x\r\n",
		"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
	}
	slow := make([]net.Conn, *halfOpen)
	for i := range slow {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, starts[i%len(starts)]); err != nil {
			t.Fatal(err)
		}
		slow[i] = c
	}
	opened := time.Now()
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	took := make([]time.Duration, 200)
	for i := range took {
		began := time.Now()
		answer, err := web.Get(p.url + polling)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Fatalf("handshake: %s", answer.Status)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	t.Logf("%d half open, the handshakes of others: median %v, p99 %v", len(slow), took[100], took[197])
	if took[197] > 500*time.Millisecond {
		t.Errorf("the p99 of a handshake is %v", took[197])
	}
	for i, c := range slow {
		if err := c.SetReadDeadline(opened.Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("connection %d is still open", i)
		}
	}
	t.Logf("all closed %v after the last was opened", time.Since(opened).Round(time.Millisecond))
}
