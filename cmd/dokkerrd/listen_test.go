package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// certificate writes a key and a certificate for this machine, and returns their files and who trusts them.
func certificate(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return cert, key, machine.Certificate(t, cert, key, 1)
}

// The rows of S-09.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	p := startProgram(t, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	address := strings.TrimPrefix(p.url, "http://")
	for _, c := range []struct {
		name   string
		config *tls.Config
		works  bool
	}{
		{"1.3", &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{"1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		{"1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, false},
		{"without authenticated encryption", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		{"HTTP/2 as well", &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, true},
		{"HTTP/2 alone", &tls.Config{NextProtos: []string{"h2"}}, false},
	} {
		c.config.RootCAs, c.config.ServerName = trust, "localhost"
		conn, err := tls.Dial("tcp", address, c.config)
		if (err == nil) != c.works {
			t.Errorf("TLS %s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		if protocol := conn.ConnectionState().NegotiatedProtocol; protocol == "h2" {
			t.Errorf("TLS %s: HTTP/2 was agreed on", c.name)
		}
		conn.Close()
	}

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "localhost"}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+address+"/socket.io/?EIO=4&transport=polling", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	r.Header.Set("Origin", "https://localhost:"+port)
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("handshake by TLS: %s, %v", answer.Status, answer.Header)
	}
}

// A new certificate is used as soon as its files are there, half a change is not, and connections that are open go on.
func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	p := startProgram(t, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	address := strings.TrimPrefix(p.url, "http://")
	open, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trust, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()

	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	renewed := machine.Certificate(t, cert, key, 2)
	fresh, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, good, 0o600); err != nil { // the old key beside the new certificate
		t.Fatal(err)
	}
	awaitCertificate(t, address, trust, 1, func() bool { return strings.Contains(p.log.String(), "cannot be read again") })
	if err := os.WriteFile(key, fresh, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitCertificate(t, address, renewed, 2, func() bool { return true })

	if _, err := io.WriteString(open, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(open).ReadString('\n'); err != nil || !strings.Contains(line, " 200") {
		t.Errorf("the connection from before: %q, %v", line, err)
	}
}

// awaitCertificate connects until the server shows the certificate of that number, and done.
func awaitCertificate(t *testing.T, address string, trust *x509.CertPool, number int64, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trust, ServerName: "localhost"})
		if err != nil {
			continue
		}
		shown := c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		c.Close()
		if shown == number && done() {
			return
		}
	}
	t.Fatalf("certificate %d is not shown", number)
}

// What is not a request for this server is refused, and the connection does not linger.
func TestHostileRequests(t *testing.T) {
	p := startProgram(t)
	for name, c := range map[string]struct{ request, status string }{
		"for a proxy":        {"GET http://169.254.169.254/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"for this by a name": {"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"a tunnel":           {"CONNECT internal:443 HTTP/1.1\r\nHost: internal:443\r\n\r\n", "400"},
		"all of it":          {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"HTTP/2's preface":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
		"h2c":                {"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "200"},
		"no host":            {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
		"two lengths":        {"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "400"},
		"an unknown coding":  {"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
		"10,000 cookies":     {"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("a=b; ", 10_000) + "\r\n\r\n", "431"},
		"2,000 headers":      {"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: 12345\r\n", 2000) + "\r\n", "431"},
		"control characters": {"GET /healthz\x00 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go io.WriteString(conn, c.request)
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.Contains(line, " "+c.status) {
				t.Errorf("answered %q, %v; want %s", line, err, c.status)
			}
		})
	}
	if status, _ := p.get("/healthz"); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

// A length and chunks are two opinions on where a request ends: what stands behind it is no request (RFC 9112 §6.1).
func TestNothingIsSmuggledBehindChunks(t *testing.T) {
	p := startProgram(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const request = "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answers, err := io.ReadAll(conn)
	if n := strings.Count(string(answers), "HTTP/1.1 "); err != nil || n != 1 {
		t.Errorf("%d answers, %v:\n%s", n, err, answers)
	}
}

func TestLoopbackInBothFamilies(t *testing.T) {
	listeners, err := listen(t.Context(), []string{"127.0.0.1", "::1"}, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(listeners)
	for _, l := range listeners {
		if portOf(l) != portOf(listeners[0]) {
			t.Errorf("%v beside %v", l.Addr(), listeners[0].Addr())
		}
	}
	if again, err := listen(t.Context(), []string{"127.0.0.1", "::1"}, portOf(listeners[0]), slog.New(slog.DiscardHandler)); err == nil {
		closeAll(again)
		t.Error("listens twice")
	}
	if len(listeners) == 2 {
		listeners[0].Close()
		if again, err := listen(t.Context(), []string{"127.0.0.1", "::1"}, portOf(listeners[0]), slog.New(slog.DiscardHandler)); err == nil {
			closeAll(again)
			t.Error("localhost would be somebody else's by its other address")
		}
	}
}

// The demo is reached by the name that it prints, and its session opens everything.
func TestDemo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, stopped := new(siotest.Log), make(chan int, 1)
	go func() {
		stopped <- run(ctx, []string{"demo", "--port", "0"}, nil, stdout, io.Discard)
	}()
	defer func() {
		cancel()
		if code := <-stopped; code != 0 {
			t.Errorf("exit code %d", code)
		}
	}()
	p := &program{t: t}
	for deadline := time.Now().Add(20 * time.Second); p.url == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		_, after, found := strings.Cut(stdout.String(), "http://localhost:")
		if found {
			port, _, _ := strings.Cut(after, "/")
			p.url = "http://localhost:" + port
		}
	}
	var s struct {
		Boater, Owner    struct{ ID, Name, Token string }
		Listing, Booking struct{ ID, Name string }
		ServiceKey       string
	}
	status, body := p.get("/demo/session.json")
	decodeInto(t, body, &s)
	if status != 200 || s.Boater.Name != "Asha" || s.Owner.Name != "Ben" || s.Listing.Name == "" || s.Boater.ID == s.Owner.ID {
		t.Fatalf("session: %d %s", status, body)
	}
	owner := p.connectWith(s.Owner.Token, "websocket")
	for _, missed := range []string{"booking.created", "message.new", "message.new"} {
		owner.Expect(missed)
	}
	for event, want := range map[string]string{
		"booking.list":      `"bookingId":"` + s.Booking.ID + `"`,
		"conversation.list": `"otherUserId":"` + s.Boater.ID + `"`,
	} {
		if list := owner.Ask(event, map[string]any{}); !strings.Contains(list.Text, want) {
			t.Errorf("%s: %s lacks %s", event, list.Text, want)
		}
	}
	p.key = s.ServiceKey
	moved := fmt.Sprintf(`{"listingId":%q,"boaterId":%q,"ownerId":%q,"status":"confirmed"}`, s.Listing.ID, s.Boater.ID, s.Owner.ID)
	if status, answer := p.put("PUT", "/v1/bookings/"+s.Booking.ID, moved); status != 200 {
		t.Errorf("the booking's button: %d %s", status, answer)
	}
	owner.Expect("booking.updated")
	wantStatus, wantPage := 200, "<html"
	if _, err := os.Stat("../../console/dist/demo/index.html"); err != nil { // a plain go build has no page
		wantStatus, wantPage = 503, "make build"
	}
	if status, page := p.get("/"); status != wantStatus || !strings.Contains(page, wantPage) {
		t.Errorf("the page: %d %s", status, page)
	}
}
