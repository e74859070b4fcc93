package main

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose word counts on where a request comes from.
type proxies []netip.Prefix

// resolve puts the client's address where a trusted proxy's is (http.Request.RemoteAddr), with port 0. Whoever else sends
// X-Forwarded-For is not heard.
func (p proxies) resolve(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, forwarded := p.client(r); forwarded {
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

// client returns the last address that a trusted proxy has seen and that is not a trusted proxy's itself: what stands before it
// may be anybody's invention.
func (p proxies) client(r *http.Request) (client netip.Addr, forwarded bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trusts(peer.Addr()) {
		return netip.Addr{}, false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := readHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client, forwarded = address, true
		if !p.trusts(address) {
			break
		}
	}
	return client, forwarded
}

// readHop takes an address with or without a port, as proxies differ.
func readHop(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err
}

func (p proxies) trusts(a netip.Addr) bool {
	a = a.Unmap()
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(a) })
}
