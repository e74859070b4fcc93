// Package httpapi is what the back end and operators see over HTTP: the routes of contract §5, health, and the OpenAPI
// document that describes them.
package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
)

// Sockets is what the API asks of the live side.
type Sockets interface {
	// Presence tells whether a user is connected, and since when not; zero is not known, or online.
	Presence(user dokkerr.ID) (online bool, lastSeen time.Time)
	// Disconnect ends the sockets whose tokens a revocation hits that was committed, and returns how many.
	Disconnect(r dokkerr.Revocation) int
	// Counts tells what goes on.
	Counts() Counts
}

// Counts is what goes on: connections and rooms now, events by name since the start.
type Counts struct {
	Connections int                   `json:"connections" doc:"Open connections."`
	Rooms       int                   `json:"rooms" doc:"Rooms with a member."`
	Events      map[string]EventCount `json:"events" doc:"Events by name since the start."`
}

// EventCount is how often an event came from clients and went out to them.
type EventCount struct {
	In  int64 `json:"in" doc:"From clients."`
	Out int64 `json:"out" doc:"To clients, once per socket."`
}

// Options configures the API; the zero value is closed and always ready.
type Options struct {
	ServiceKeys []string     // who may use /v1; none: nobody
	Version     string       // of the OpenAPI document
	Ready       func() bool  // whether new work should come here; nil: always
	Degraded    func() bool  // whether writes are refused, though the rest goes on; nil: never
	KeyRequests limit.Rate   // with one service key, beyond which they are RATE_LIMITED; zero: any number
	Panicked    func()       // is told of a panic in a request; nil: nobody
	Logger      *slog.Logger // nil: slog.Default()

	// CheckOrigin says whether a request is served, by its Origin; others get FORBIDDEN. Nil: all are.
	CheckOrigin func(r *http.Request) bool
}

// New returns the handler of /v1/, /openapi.json, /healthz and /readyz; anything else it answers with NOT_FOUND. o may
// be nil. Requests run at once; a write is answered 2xx only after its commit.
func New(service *dokkerr.Service, sockets Sockets, o *Options) http.Handler {
	if o == nil {
		o = &Options{}
	}
	log := o.Logger
	if log == nil {
		log = slog.Default()
	}
	api := &api{service: service, sockets: sockets}
	routes := http.NewServeMux()
	document := api.register(routes, o.Version)

	open := http.NewServeMux()
	open.Handle("/v1/", newKeyring(o.ServiceKeys, o.KeyRequests).withKey(withDeadline(withBody(strict(routes)))))
	open.Handle("GET /openapi.json", serveDocument(document))
	open.HandleFunc("GET /healthz", alive(o.Degraded))
	open.HandleFunc("GET /readyz", ready(o.Ready))
	panicked := o.Panicked
	if panicked == nil {
		panicked = func() {}
	}
	return withLog(log, panicked, withHeaders(withBodyDeadline(withOrigin(o.CheckOrigin, strict(open)))))
}

// api holds what the routes ask.
type api struct {
	service *dokkerr.Service // fixed at birth
	sockets Sockets          // fixed at birth
}

// alive answers anyone 200, without data but the one word that something is wrong: a new process would not help.
func alive(degraded func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if degraded != nil && degraded() {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("degraded\n")) // of an error only the connection knows, and it is gone
		}
	}
}

// ready answers anyone, without data.
func ready(well func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if well != nil && !well() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

// strict answers in the contract's form what the mux would answer in its own words: no such route, or not this method.
func strict(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		words := muted{header: http.Header{}}
		own.ServeHTTP(&words, r)
		answer := refusal(dokkerr.NotFound, "there is no such route; /openapi.json lists them")
		if allow := words.header.Get("Allow"); words.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			answer = refusal(dokkerr.NotFound, "not by this method; allowed: "+allow)
			answer.status = http.StatusMethodNotAllowed
		}
		answer.write(w)
	})
}

// muted hears an answer and does not pass it on.
type muted struct {
	header http.Header
	status int
}

func (m *muted) Header() http.Header         { return m.header }
func (m *muted) WriteHeader(status int)      { m.status = status }
func (m *muted) Write(b []byte) (int, error) { return len(b), nil }
