package main

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// origins is who may connect from a browser (contract §1): the same list for every transport and route.
type origins map[string]bool

// newOrigins accepts the service's own origins and those of its front ends.
func newOrigins(conf config, port int) origins {
	scheme := "http://"
	if conf.certFile != "" {
		scheme = "https://"
	}
	accepted := origins{}
	own := []string{"localhost:" + strconv.Itoa(port), "127.0.0.1:" + strconv.Itoa(port)}
	for _, address := range own {
		if origin, err := originOf(scheme + address); err == nil {
			accepted[origin] = true
		}
	}
	for _, origin := range append(conf.frontends, conf.publicURL) {
		accepted[origin] = origin != ""
	}
	return accepted
}

// originOf writes an origin as browsers do: lower case, without a default port. An app's scheme is as good as http.
func originOf(text string) (string, error) {
	u, err := url.Parse(strings.ToLower(text))
	if err != nil || u.Scheme == "" || !isHost(u) || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", errNoOrigin
	}
	isDefault := u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443"
	if u.Port() == "" || isDefault {
		return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+u.Port()), nil
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), u.Port()), nil
}

// isHost says whether a URL has a host as browsers write it: other alphabets in these letters (RFC 5890), IPv6 in brackets, without
// which url.Parse takes it, too.
func isHost(u *url.URL) bool {
	name := u.Hostname()
	foreign := func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-._:", r) }
	return name != "" && !strings.ContainsFunc(name, foreign) && strings.Contains(name, ":") == strings.HasPrefix(u.Host, "[")
}

// accept says whether a request may come from where it says. Native clients say nothing. Browsers write an
// origin in one way, so it is compared byte by byte.
func (o origins) accept(r *http.Request) bool {
	said := r.Header.Values("Origin")
	return len(said) == 0 || len(said) == 1 && o[said[0]]
}

// cors answers preflight requests, and lets the pages of accepted origins read what next answers, errors too
// (wire.md §1). To others it adds nothing, and next refuses them.
func (o origins) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		accepted := o.accept(r)
		if origin := r.Header.Get("Origin"); origin != "" && accepted {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		switch {
		case r.Method != http.MethodOptions:
			next.ServeHTTP(w, r)
		case accepted:
			preflight(w, r)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
		h.Add("Vary", "Access-Control-Request-Headers")
		h["Access-Control-Allow-Headers"] = slices.Clone(asked)
	}
	w.WriteHeader(http.StatusNoContent)
}
