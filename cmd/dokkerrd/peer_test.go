package main

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

// X-Forwarded-For is heard from trusted proxies only, and only as far as they have seen it themselves.
func TestWhereARequestComesFrom(t *testing.T) {
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"nothing said", "10.0.0.1:5", nil, "10.0.0.1:5"},
		{"by a proxy", "10.0.0.1:5", []string{"192.0.2.7"}, "192.0.2.7:0"},
		{"with a port", "10.0.0.1:5", []string{"192.0.2.7:1234"}, "192.0.2.7:0"},
		{"IPv6", "[fd00::1]:5", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		{"IPv6 with a port", "[fd00::1]:5", []string{"[2001:db8::7]:99"}, "[2001:db8::7]:0"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5", []string{"::ffff:192.0.2.7"}, "192.0.2.7:0"},
		{"by a stranger", "192.0.2.1:5", []string{"192.0.2.7"}, "192.0.2.1:5"},
		{"invented by the client", "10.0.0.1:5", []string{"127.0.0.1, 192.0.2.7"}, "192.0.2.7:0"},
		{"invented as a proxy's", "10.0.0.1:5", []string{"203.0.113.9, 10.9.9.9, 192.0.2.7"}, "192.0.2.7:0"},
		{"through two proxies", "10.0.0.1:5", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7:0"},
		{"in two headers", "10.0.0.1:5", []string{"127.0.0.1", "192.0.2.7,10.0.0.2"}, "192.0.2.7:0"},
		{"from a proxy itself", "10.0.0.1:5", []string{"10.0.0.3"}, "10.0.0.3:0"},
		{"nonsense", "10.0.0.1:5", []string{"unknown"}, "10.0.0.1:5"},
		{"nonsense before", "10.0.0.1:5", []string{"unknown, 192.0.2.7"}, "192.0.2.7:0"},
		{"nonsense behind a proxy", "10.0.0.1:5", []string{"192.0.2.7, x, 10.0.0.2"}, "10.0.0.2:0"},
		{"empty", "10.0.0.1:5", []string{""}, "10.0.0.1:5"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if client, forwarded := trusted.client(r); forwarded {
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		if r.RemoteAddr != c.want {
			t.Errorf("%s: from %s, want %s", c.name, r.RemoteAddr, c.want)
		}
	}
}
