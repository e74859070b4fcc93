package engineio_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/netpoll/memnet"
)

// The conformance tests are the cases of an Engine.IO protocol 4 suite: what the protocol and the official server demand of
// handshake, heartbeat, messages, polling, WebSocket, upgrade and closing.

// host is an engine mounted at /engine.io/ whose handler sends every message back as it came.
type host struct {
	t        *testing.T
	srv      *engineio.Server
	app      *application
	web      *http.Client
	dial     func() (net.Conn, error)
	patience time.Duration // for anything that should happen
}

// overTCP serves on a real network.
func overTCP(t *testing.T, o *engineio.Options) *host {
	h := newHost(t, o, 10*time.Second)
	web := httptest.NewServer(h.mux())
	h.dial = func() (net.Conn, error) { return net.Dial("tcp", web.Listener.Addr().String()) }
	h.stopAfterTest(web.Close)
	return h
}

// inMemory runs test in a bubble on a network of pipes: time passes only when all sides
// wait for it, and synctest.Wait returns when all that was sent has been handled.
func inMemory(t *testing.T, o *engineio.Options, test func(t *testing.T, h *host)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, o, 10*time.Minute)
		l := memnet.Listen()
		h.dial = func() (net.Conn, error) { return l.DialContext(context.Background(), "", "") }
		web := &http.Server{Handler: h.mux()}
		served := make(chan error, 1)
		go func() { served <- web.Serve(l) }()
		h.stopAfterTest(func() {
			if err := web.Close(); err != nil {
				t.Error(err)
			}
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
			time.Sleep(time.Second) // net/http holds a connection on which it did not read all for half of that
		})
		test(t, h)
	})
}

// onBothNetworks runs a test that needs no time of its own in memory and over TCP.
func onBothNetworks(t *testing.T, o *engineio.Options, test func(t *testing.T, h *host)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { inMemory(t, o, test) })
	t.Run("tcp", func(t *testing.T) { test(t, overTCP(t, o)) })
}

func newHost(t *testing.T, o *engineio.Options, patience time.Duration) *host {
	app := &application{t: t, opened: make(chan *engineio.Session, 256), ended: make(chan engineio.Reason, 256)}
	h := &host{t: t, srv: engineio.NewServer(app, o), app: app, patience: patience}
	h.web = &http.Client{Transport: &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return h.dial() },
		DisableCompression: true,
	}}
	return h
}

func (h *host) mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", h.srv)
	return mux
}

// stopAfterTest shuts all down and checks that every session that was opened was closed.
func (h *host) stopAfterTest(stopWeb func()) {
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), h.patience)
		defer cancel()
		if err := h.srv.Shutdown(ctx); err != nil {
			h.t.Errorf("shutdown: %v", err)
		}
		h.web.CloseIdleConnections()
		stopWeb()
		if opened, closed := h.app.opens.Load(), h.app.closes.Load(); opened != closed {
			h.t.Errorf("%d sessions opened, %d closed", opened, closed)
		}
		if n := h.srv.Sessions(); n != 0 {
			h.t.Errorf("%d sessions after shutdown", n)
		}
	})
}

// opened returns the next session that was opened.
func (h *host) opened() *engineio.Session {
	h.t.Helper()
	select {
	case s := <-h.app.opened:
		return s
	case <-time.After(h.patience):
		h.t.Fatal("no session opened")
		return nil
	}
}

// wantEnd waits for the next session to end.
func (h *host) wantEnd(reason engineio.Reason) {
	h.t.Helper()
	select {
	case got := <-h.app.ended:
		if got != reason {
			h.t.Errorf("ended with %q, want %q", got, reason)
		}
	case <-time.After(h.patience):
		h.t.Fatalf("not ended, want %q", reason)
	}
}

func (h *host) wantOpen(sessions int) {
	h.t.Helper()
	if n := h.srv.Sessions(); n != sessions || len(h.app.ended) > 0 {
		h.t.Errorf("%d sessions, %d ended, want %d and none", n, len(h.app.ended), sessions)
	}
}

// application echoes, and holds the engine to what Handler promises.
type application struct {
	t             *testing.T
	opened        chan *engineio.Session
	ended         chan engineio.Reason
	opens, closes atomic.Int64
}

// turn is the value of a session.
type turn struct {
	busy, over atomic.Bool
}

func (a *application) enter(s *engineio.Session) *turn {
	v, ok := s.Value.(*turn)
	if !ok {
		a.t.Error("a callback before Open")
		return new(turn)
	}
	if !v.busy.CompareAndSwap(false, true) {
		a.t.Error("two callbacks of one session at once")
	}
	if v.over.Load() {
		a.t.Error("a callback after Close")
	}
	return v
}

func (a *application) Open(s *engineio.Session) {
	s.Value = new(turn)
	defer a.enter(s).busy.Store(false)
	a.opens.Add(1)
	a.opened <- s
}

func (a *application) Message(s *engineio.Session, m engineio.Message) {
	defer a.enter(s).busy.Store(false)
	if m.Binary {
		s.Send(engineio.BinaryFrame(m.Data))
	} else {
		s.Send(textFrame(string(m.Data)))
	}
	clear(m.Data) // lent until the end of this call: nothing may depend on them
}

func (a *application) Close(s *engineio.Session, reason engineio.Reason) {
	v := a.enter(s)
	v.over.Store(true)
	v.busy.Store(false)
	a.closes.Add(1)
	a.ended <- reason
}

func textFrame(text string) engineio.Frame {
	return engineio.TextFrame(len(text), func(dst []byte) []byte { return append(dst, text...) })
}

// answer is a whole HTTP response.
type answer struct {
	status int
	header http.Header
	body   string
}

const hostName = "engine.test"

// fetch sends a request; header holds names and values in turn.
func (h *host) fetch(ctx context.Context, method, query string, body io.Reader, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+hostName+"/engine.io/?"+query, body)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := h.web.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(content)}, err
}

func (h *host) do(method, query, body string, header ...string) answer {
	h.t.Helper()
	a, err := h.fetch(h.t.Context(), method, query, strings.NewReader(body), header...)
	if err != nil {
		h.t.Fatalf("%s ?%s: %v", method, query, err)
	}
	return a
}

func (h *host) want(a answer, status int, body string) {
	h.t.Helper()
	if a.status != status || a.body != body {
		h.t.Errorf("answered %d %.300q, want %d %.300q", a.status, a.body, status, body)
	}
}

// The bodies of refusals.
const (
	unknownTransport   = `{"code":0,"message":"Transport unknown"}`
	unknownSession     = `{"code":1,"message":"Session ID unknown"}`
	badHandshakeMethod = `{"code":2,"message":"Bad handshake method"}`
	badRequest         = `{"code":3,"message":"Bad request"}`
	forbidden          = `{"code":4,"message":"Forbidden"}`
	unsupportedVersion = `{"code":5,"message":"Unsupported protocol version"}`
)

// opening is the data of an open packet.
type opening struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

func (h *host) parseOpening(packet string) (o opening) {
	h.t.Helper()
	data, ok := strings.CutPrefix(packet, "0")
	d := json.NewDecoder(strings.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); !ok || err != nil {
		h.t.Fatalf("%q is no open packet: %v", packet, err)
	}
	return o
}
