package socketio

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// Server routes connections to namespaces. It is an http.Handler. Its methods
// may run at once.
type Server struct {
	options Options          // fixed at birth, defaults filled in
	limits  sioproto.Limits  // fixed at birth
	engine  *engineio.Server // fixed at birth
	tasks   *tasks           // what drains the sockets' inboxes

	mu         sync.RWMutex
	namespaces map[string]*Namespace // under mu
	dynamics   []dynamic             // under mu
	made       int                   // under mu; namespaces that clients made
}

// NewServer returns a Server with the main namespace "/" made. o may be nil.
func NewServer(o *Options) *Server {
	if o == nil {
		o = &Options{}
	}
	srv := &Server{options: o.withDefaults(), tasks: newTasks(), namespaces: make(map[string]*Namespace)}
	srv.limits = sioproto.Limits{MaxAttachments: srv.options.MaxAttachments, MaxDepth: srv.options.MaxDepth}
	if srv.options.Engine.Logger == nil {
		srv.options.Engine.Logger = srv.options.Logger
	}
	srv.engine = engineio.NewServer(sessions{srv}, &srv.options.Engine)
	srv.Of("/")
	return srv
}

// ServeHTTP serves requests below the path and answers 404 to others.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, srv.options.Path) {
		http.NotFound(w, r)
		return
	}
	srv.engine.ServeHTTP(w, r)
}

// Of returns the namespace of that name, made at the first call. Clients
// cannot make one but as OfFunc says.
func (srv *Server) Of(name string) *Namespace {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	n := srv.namespaces[name]
	if n == nil {
		n = newNamespace(srv, name, &behaviour{handlers: make(map[string]*handler)})
		srv.namespaces[name] = n
	}
	return n
}

// Connections returns the number of open connections (engine sessions).
func (srv *Server) Connections() int { return srv.engine.Sessions() }

// Stuck returns how many bytes wait for clients that take nothing (see engineio.Options.MaxStuck).
func (srv *Server) Stuck() int { return srv.engine.Stuck() }

// Shutdown refuses new handshakes, closes every connection without a
// DISCONNECT packet (the stock client comes back), and returns when all
// handlers have returned, or with ctx's error. The contexts of handlers end at
// once, and events that wait are dropped. Call it once.
func (srv *Server) Shutdown(ctx context.Context) error {
	for _, s := range srv.sockets() {
		s.end(engineio.ServerShutdown) // so that no handler holds up a reader
	}
	if err := srv.engine.Shutdown(ctx); err != nil {
		return err
	}
	return srv.tasks.wait(ctx)
}

func (srv *Server) sockets() []*Socket {
	srv.mu.RLock()
	defer srv.mu.RUnlock()
	var all []*Socket
	for _, n := range srv.namespaces {
		all = n.index.appendAll(all)
	}
	return all
}

// sessions is what the engine tells a Server.
type sessions struct{ srv *Server }

func (h sessions) Open(s *engineio.Session) { s.Value = openConn(h.srv, s) }

func (h sessions) Message(s *engineio.Session, m engineio.Message) { s.Value.(*conn).message(m) }

func (h sessions) Close(s *engineio.Session, r Reason) { s.Value.(*conn).closed(r) }
