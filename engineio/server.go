package engineio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/dokkerr/realtime/eioproto"
	"github.com/dokkerr/realtime/netpoll"
)

// Server accepts sessions. It is an http.Handler for the path it is mounted
// at, whatever that is. Its methods may run at once.
type Server struct {
	handler  Handler // fixed at birth
	options  Options // fixed at birth, defaults filled in
	wheel    *wheel
	poller   *netpoll.Poller
	flushers []flusher // fixed at birth, one per processor; sessions are dealt out in turn
	mu       sync.Mutex
	sessions map[string]*Session // by id; also those that linger to tell their client of the end
	draining bool
	opened   int // sessions so far
	stuck    stuck

	// running counts the sessions in the map, the goroutines that serve them and the Close
	// callbacks that are due. It is raised from zero only under mu, by a handshake while not draining.
	running sync.WaitGroup
}

// NewServer returns a Server that tells h. o may be nil. What it starts for its first session ends with Shutdown.
func NewServer(h Handler, o *Options) *Server {
	if o == nil {
		o = &Options{}
	}
	options := o.withDefaults()
	return &Server{
		handler:  h,
		options:  options,
		wheel:    newWheel(min(options.PingInterval, options.PingTimeout)),
		poller:   netpoll.New(&netpoll.Options{Goroutines: options.Goroutines}),
		sessions: make(map[string]*Session),
		flushers: make([]flusher, runtime.GOMAXPROCS(0)),
		stuck:    stuck{most: int64(options.MaxStuck)},
	}
}

// Sessions returns the number of sessions.
func (srv *Server) Sessions() int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.sessions)
}

// Stuck returns how many bytes wait for clients that take nothing (see Options.MaxStuck).
func (srv *Server) Stuck() int { return int(srv.stuck.bytes.Load()) }

// Shutdown refuses new handshakes with 503, closes every session (reason
// ServerShutdown; what waits is flushed first) and returns when all are closed
// and their callbacks have returned. When ctx ends first, Shutdown cuts the connections that are
// left and returns ctx's error without waiting for callbacks that still run. Call it once.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.mu.Lock()
	srv.draining = true
	srv.mu.Unlock()
	srv.each((*Session).shutdown)

	quiet := make(chan struct{})
	var err error
	go func() {
		defer close(quiet)
		srv.running.Wait()
		<-srv.wheel.ended()
		err = srv.poller.Close()
	}()
	select {
	case <-quiet:
		return err
	case <-ctx.Done():
		srv.each((*Session).cut)
		return ctx.Err()
	}
}

func (srv *Server) each(f func(*Session)) {
	srv.mu.Lock()
	all := make([]*Session, 0, len(srv.sessions))
	for _, s := range srv.sessions {
		all = append(all, s)
	}
	srv.mu.Unlock()
	for _, s := range all {
		f(s)
	}
}

// ServeHTTP serves one request of the protocol: a handshake, a poll, a post or an upgrade. What is none of these is answered with
// an error as the official server writes it, {"code":...,"message":...}. It may run at once.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		setReadDeadline(w, time.Now().Add(srv.options.BodyTimeout)) // also for a body that is refused: net/http reads on behind the answer
	}
	q, refused := srv.check(r)
	if refused != nil {
		refused.write(w)
		return
	}
	switch {
	case q.session == nil:
		srv.handshake(w, r, q)
	case q.transport == websocketName:
		srv.upgrade(w, r, q.session)
	default:
		q.session.serve(w, r)
	}
}

const (
	pollingName   = "polling"
	websocketName = "websocket"
)

// query is what a request asks for.
type query struct {
	transport string
	v3        bool     // speaks protocol 3
	session   *Session // nil: a handshake
}

// check judges a request in the order of the official server.
func (srv *Server) check(r *http.Request) (query, *refusal) {
	values := r.URL.Query()
	q := query{transport: single(values, "transport")}
	if q.transport != pollingName && q.transport != websocketName {
		return q, unknownTransport
	}
	if r.URL.IsAbs() || r.URL.Host != "" || hasControl(r.Header.Get("Origin")) {
		return q, badRequest
	}
	if !srv.options.CheckOrigin(r) {
		return q, forbidden
	}
	q.v3 = single(values, "EIO") != "4"
	fits := (r.Header.Get("Upgrade") != "") == (q.transport == websocketName)
	if values.Has("sid") {
		return srv.checkSession(q, single(values, "sid"), fits)
	}
	if r.Method != http.MethodGet {
		return q, badHandshakeMethod
	}
	if !fits {
		return q, badRequest
	}
	if q.v3 && !srv.options.AllowEIO3 {
		return q, unsupportedVersion
	}
	return q, nil
}

// checkSession looks the session up. fits says that the request upgrades if and only if its transport is WebSocket.
func (srv *Server) checkSession(q query, id string, fits bool) (query, *refusal) {
	srv.mu.Lock()
	q.session = srv.sessions[id]
	srv.mu.Unlock()
	if q.session == nil {
		return q, unknownSession
	}
	if !fits || q.v3 != q.session.v3 {
		return q, badRequest
	}
	return q, nil
}

// single returns the value of a parameter that is there exactly once.
func single(values url.Values, name string) string {
	if v := values[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// handshake admits a new client.
func (srv *Server) handshake(w http.ResponseWriter, r *http.Request, q query) {
	visit, err := srv.admit(r)
	if err != nil {
		refuseAdmission(err).write(w)
		return
	}
	open := srv.openPolling
	if q.transport == websocketName {
		open = srv.openWebSocket
	}
	if refused := open(w, r, q, visit); refused != nil {
		visit.End()
		refused.write(w)
	}
}

func (srv *Server) admit(r *http.Request) (Visit, error) {
	if srv.options.Admit != nil {
		if visit, err := srv.options.Admit(r); visit != nil || err != nil {
			return visit, err
		}
	}
	return uncounted{}, nil
}

// uncounted is the Visit where nobody counts.
type uncounted struct{}

func (uncounted) End() {}

// openPolling makes a session that starts on long-polling, and answers, unless it returns why not.
func (srv *Server) openPolling(w http.ResponseWriter, r *http.Request, q query, visit Visit) *refusal {
	s, refused := srv.register(r, q, nil, visit)
	if refused != nil {
		return refused
	}
	srv.handler.Open(s)
	s.leave()
	timed := http.NewResponseController(w)
	s.limitWriting(timed)
	s.respond(w, r, timed, s.payload(frames{first: srv.openPacket(s.id, `["websocket"]`)}, wantsText(r)))
	return nil
}

// register makes a session, on c or, when that is nil, on polling. The handler is still to be told, by who then calls
// leave.
func (srv *Server) register(r *http.Request, q query, c *conn, visit Visit) (*Session, *refusal) {
	s := &Session{srv: srv, id: newID(), v3: q.v3, ws: c, busy: true, request: remember(r), trusted: srv.options.MaxUntrusted == 0}
	s.request.Visit = visit
	if c != nil {
		c.session = s
	} else {
		s.polling = &polling{}
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.draining {
		return nil, shuttingDown
	}
	srv.sessions[s.id] = s
	srv.opened++
	s.flusher = &srv.flushers[srv.opened%len(srv.flushers)]
	srv.running.Add(2) // until it leaves the map, and until its Close callback has returned
	s.wakeIn(s.quiet())
	return s, nil
}

// remove takes a session out of the map. Only the first call counts.
func (srv *Server) remove(s *Session) {
	srv.mu.Lock()
	_, there := srv.sessions[s.id]
	delete(srv.sessions, s.id)
	srv.mu.Unlock()
	if there {
		s.request.Visit.End()
		srv.wheel.forget(s)
		srv.running.Done()
	}
}

func (srv *Server) openPacket(id, upgrades string) Frame {
	o := &srv.options
	return controlFrame(eioproto.Open, fmt.Sprintf(
		`{"sid":"%s","upgrades":%s,"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}`,
		id, upgrades, o.PingInterval.Milliseconds(), o.PingTimeout.Milliseconds(), o.MaxPayload))
}

// newID returns 15 random bytes as 20 URL-safe characters.
func newID() string {
	var b [15]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
