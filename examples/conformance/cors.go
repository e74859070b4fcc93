package main

import (
	"net/http"
	"slices"
	"strings"
)

// origins is the pages that may use the server with credentials. Empty, there is no CORS at all.
type origins []string

func (o *origins) add(list string) error {
	for origin := range strings.SplitSeq(list, ",") {
		*o = append(*o, strings.TrimSpace(origin))
	}
	return nil
}

// allow accepts a request of a listed origin or of no origin.
func (o origins) allow(r *http.Request) bool {
	named := r.Header.Values("Origin")
	return len(named) == 0 || len(named) == 1 && slices.Contains(o, named[0])
}

// handler puts the CORS headers (wire.md §1) on the answers to listed origins, errors too, and answers preflights.
func (o origins) handler(next http.Handler) http.Handler {
	if len(o) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || !o.allow(r) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func preflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		w.Header().Set("Access-Control-Allow-Headers", asked)
		w.Header().Add("Vary", "Access-Control-Request-Headers")
	}
	w.WriteHeader(http.StatusNoContent)
}
