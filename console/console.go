// Package console serves the web pages that are built into the binary: the demo page, and the stock
// Socket.IO client as npm ships it. `make build` fills dist; without that the handlers say what to do.
package console

import (
	"embed"
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

//go:embed dist
var dist embed.FS

// Cache-Control of what must be asked for again each time, and of what is named by its content.
const (
	revalidate = "public, max-age=0, must-revalidate"
	immutable  = "public, max-age=31536000, immutable"
)

// policy lets the page load from, and connect to, nothing but its own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Demo serves the demo page at /demo, its assets below it, and session as JSON at
// /demo/session.json; it calls restart for a POST to /demo/restart, once that is answered. A session holds secrets: mount the
// handler on loopback only. A Host that is not
// this machine's is refused, so that a page elsewhere cannot read them through a name of its own.
func Demo(session any, restart func()) http.Handler {
	return onlyLocal(withPolicy(demo(load(dist, "dist/demo"), session, restart)))
}

// Client serves the browser builds of the stock client under the names people expect:
// /socket.io/socket.io.min.js, socket.io.esm.min.js, and their source maps. Other names are 404.
func Client() http.Handler { return client(load(dist, "dist/client")) }

func demo(pages files, session any, restart func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo", func(w http.ResponseWriter, r *http.Request) {
		pages.serve(w, r, "index.html", revalidate)
	})
	mux.HandleFunc("GET /demo/{name}", func(w http.ResponseWriter, r *http.Request) {
		pages.serve(w, r, r.PathValue("name"), revalidate)
	})
	mux.HandleFunc("GET /demo/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		pages.serve(w, r, "assets/"+r.PathValue("name"), immutable)
	})
	mux.HandleFunc("GET /demo/session.json", func(w http.ResponseWriter, _ *http.Request) {
		serveSession(w, session)
	})
	mux.Handle("POST /demo/restart", http.NewCrossOriginProtection().Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			if http.NewResponseController(w).Flush() == nil {
				restart()
			}
		})))
	return mux
}

func client(builds files) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /socket.io/{name}", func(w http.ResponseWriter, r *http.Request) {
		builds.serve(w, r, r.PathValue("name"), revalidate)
	})
	return mux
}

func serveSession(w http.ResponseWriter, session any) {
	body, err := json.Marshal(session)
	if err != nil {
		http.Error(w, "the demo session cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// withPolicy adds the headers that keep a page to itself.
func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// onlyLocal refuses DNS rebinding: a foreign name that resolves to this machine.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			http.Error(w, "the demo answers on this machine only: open it at localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal takes a Host header, with or without a port.
func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}
