package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dokkerr/realtime/console"
	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/gateway"
	"github.com/dokkerr/realtime/httpapi"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/stripe"
	"github.com/dokkerr/realtime/token"
)

const (
	drainDeadline = 20 * time.Second // for what clients are still due
	closeDeadline = 5 * time.Second  // for requests to the API
)

// server is all that runs, in the order in which it is built; it stops in reverse.
type server struct {
	log     *slog.Logger
	ready   atomic.Bool
	refuses atomic.Bool // the store failed, and has stored no event since
	broken  chan error  // why the store stores nothing more
	meters  *meters
	keys    *token.KeySet // nil: tokens are verified by a secret
	store   *sqlite.Store
	service *dokkerr.Service
	io      *socketio.Server
	gateway *gateway.Gateway
	mux     *http.ServeMux
	public  *http.Server
	private *http.Server // metrics
}

// newServer builds a server whose origin is at port. Who gets it must run it.
func newServer(ctx context.Context, conf config, port int, log *slog.Logger) (*server, error) {
	secure, err := tlsOf(conf, log)
	if err != nil {
		return nil, err
	}
	s := &server{log: log, meters: newMeters(), broken: make(chan error, 1), mux: http.NewServeMux()}
	verifier, err := s.verifier(conf)
	if err != nil {
		return nil, err
	}
	s.store, err = sqlite.Open(ctx, conf.database, &sqlite.Options{Hooks: s.meters.storeHooks(s)})
	if err != nil {
		return nil, err
	}
	origins := newOrigins(conf, port)
	s.service = dokkerr.NewService(s.store, &dokkerr.Options{
		Publish:    func(events []dokkerr.Event) { s.gateway.Publish(events) },
		MaxContent: conf.limits.maxContent,
		Retention:  dokkerr.Retention{Age: conf.limits.retention, Events: conf.limits.maxInbox},
		TokenLife:  verifier.Longest(),
	})
	gate := limit.NewGate(conf.limits.maxLogins, conf.limits.loginWait)
	options := socketOptions(conf.limits, origins, s.meters, log)
	options.Engine.Admit = admit(newAdmission(conf.limits, gate), s.meters)
	s.io = socketio.NewServer(options)
	s.gateway = gateway.New(s.io, s.service, verifier, s.gatewayOptions(conf.limits, gate))
	s.meters.watch(s)
	s.route(conf, origins, verifier)
	s.public = newHTTPServer(proxies(conf.proxies).resolve(s.mux), secure, log)
	s.private = newHTTPServer(s.meters.handler(), nil, log)
	return s, nil
}

// verifier makes what tokens are verified by. The issuer's keys are there once the server runs.
func (s *server) verifier(conf config) (*token.Verifier, error) {
	if conf.keysURL != "" {
		keys, err := token.NewKeySet(conf.keysURL, &token.KeySetOptions{Logger: s.log})
		if err != nil {
			return nil, refusedSettings{fmt.Errorf("JWKS_URL cannot be used: %w", err)}
		}
		s.keys = keys
	}
	return token.NewVerifier(token.Options{Secret: conf.secret, Keys: s.keys, Issuer: conf.issuer, Audience: conf.audience})
}

func (s *server) storeFailed(err error) {
	s.refuses.Store(true)
	s.log.Error("store failed", "error", err)
}

// storeCommitted takes an event for the sign that all is well: a commit that writes nothing works on a full disk too.
func (s *server) storeCommitted(c sqlite.Commit) {
	if c.Events > 0 {
		s.refuses.Store(false)
	}
}

func (s *server) storeLogGrows(bytes int64) {
	s.log.Warn("the write-ahead log grows: somebody reads the file and does not end; see what has it open", "bytes", bytes)
}

// storeBroken is told once.
func (s *server) storeBroken(err error) { s.broken <- err }

func socketOptions(l limits, o origins, m *meters, log *slog.Logger) *socketio.Options {
	return &socketio.Options{
		Engine: engineio.Options{
			PingInterval:   l.pingInterval,
			PingTimeout:    l.pingTimeout,
			UpgradeTimeout: l.upgradeTimeout,
			MaxPayload:     l.maxPayload,
			MaxPackets:     l.maxPackets,
			MaxUntrusted:   l.maxBeforeLogin,
			MaxOutbox:      l.maxOutbox,
			MaxStuck:       l.maxStuck,
			Compress:       -1, // messages are small, and secrets beside a stranger's text must not be compressed
			CheckOrigin:    o.accept,
			Logger:         log,
		},
		ConnectTimeout: l.connectTimeout,
		MaxNamespaces:  l.maxNamespaces,
		Logger:         log,
		Hooks:          m.socketHooks(),
	}
}

func (s *server) gatewayOptions(l limits, gate *limit.Gate) *gateway.Options {
	return &gateway.Options{
		Limits:         l.ofGateway(),
		Gate:           gate,
		Pressed:        func() bool { return s.io.Stuck() > l.maxStuck/2 },
		Limited:        s.meters.limited,
		Refused:        s.meters.loginRefused,
		PresenceGrace:  l.presenceGrace,
		TypingInterval: l.typingInterval,
		CommandTimeout: l.commandTimeout,
		PingTimeout:    l.pingTimeout,
		Logger:         s.log,
	}
}

func (s *server) route(conf config, o origins, v *token.Verifier) {
	q := requests{log: s.log, panicked: s.meters.panics.Inc}
	s.mux.Handle("/socket.io/", q.watch(o.cors(s.io)))
	s.mux.Handle("GET /socket.io/{file}", q.watch(o.cors(console.Client())))
	if len(conf.webhook) > 0 {
		s.mux.Handle("/webhooks/stripe", q.watch(stripe.New(s.service, stripe.Options{Secrets: conf.webhook, Logger: s.log, Panicked: s.meters.panics.Inc})))
	}
	s.mux.Handle("/", httpapi.New(s.service, sockets{s}, &httpapi.Options{
		ServiceKeys: conf.serviceKeys,
		Version:     version(),
		Ready:       func() bool { return s.ready.Load() && v.Ready() },
		Degraded:    s.refuses.Load,
		CheckOrigin: o.accept,
		KeyRequests: conf.limits.keyRequests,
		Panicked:    s.meters.panics.Inc,
		Logger:      s.log,
	}))
}

// run serves until ctx ends, a listener fails or the store breaks, then stops. It returns when all is quiet.
func (s *server) run(ctx context.Context, on listeners) error {
	tasks, ctx := errgroup.WithContext(ctx)
	for _, l := range on.public {
		tasks.Go(func() error { return serveHTTP(s.public, l) })
	}
	for _, l := range on.metrics {
		tasks.Go(func() error { return serveHTTP(s.private, l) })
	}
	if s.keys != nil {
		tasks.Go(func() error {
			s.keys.Run(ctx)
			return nil
		})
	}
	tasks.Go(func() error {
		s.trim(ctx)
		return nil
	})
	s.ready.Store(true)
	tasks.Go(func() error {
		select {
		case err := <-s.broken:
			s.log.Error("the store is broken: stopping", "error", err)
			return err
		case <-ctx.Done():
			return nil
		}
	})
	tasks.Go(func() error {
		<-ctx.Done()
		return s.stop()
	})
	return tasks.Wait()
}

// trim deletes what is older than the retention, at once and then every hour.
func (s *server) trim(ctx context.Context) {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		if err := s.service.Trim(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("old events were not deleted", "error", err)
		}
		select {
		case <-hourly.C:
		case <-ctx.Done():
			return
		}
	}
}

func serveHTTP(srv *http.Server, l net.Listener) (err error) {
	if srv.TLSConfig != nil {
		err = srv.ServeTLS(l, "", "")
	} else {
		err = srv.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop ends everything from the top down, each step waiting for the one before: no new work, clients sent away with
// what they are due and free to come back, requests answered, the last command done, the file closed.
func (s *server) stop() error {
	s.ready.Store(false)
	s.log.Info("stopping", "connections", s.io.Connections())
	s.within(drainDeadline, "connections", s.io.Shutdown)
	s.within(closeDeadline, "requests", s.public.Shutdown)
	s.gateway.Close()
	err := s.store.Close()
	s.within(closeDeadline, "metrics", s.private.Shutdown)
	s.log.Info("stopped")
	return err
}

// within gives a step its time. What is left then is cut by the end of the process.
func (s *server) within(d time.Duration, what string, shutdown func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := shutdown(ctx); err != nil {
		s.log.Warn("cut short", "what", what, "error", err)
	}
}

// sockets is what httpapi asks of the live side.
type sockets struct{ s *server }

// Presence implements httpapi.Sockets.
func (x sockets) Presence(user dokkerr.ID) (online bool, lastSeen time.Time) {
	p := x.s.gateway.Presence(user)
	return p.Online, p.LastSeen
}

// Disconnect implements httpapi.Sockets.
func (x sockets) Disconnect(r dokkerr.Revocation) int { return x.s.gateway.Disconnect(r) }

// Counts implements httpapi.Sockets.
func (x sockets) Counts() httpapi.Counts {
	return httpapi.Counts{
		Connections: x.s.io.Connections(),
		Rooms:       x.s.io.Of("/").Rooms(),
		Events:      x.s.meters.events.all(),
	}
}
