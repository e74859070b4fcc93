package simulation

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/gateway"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
)

const (
	pingInterval = 4 * time.Second
	pingTimeout  = 3 * time.Second
)

var secret = []byte("a secret of more than 32 bytes, for the simulation")

// server is one life of the product's server: all of it but the process and the sockets of the kernel.
type server struct {
	path    string
	store   *sqlite.Store
	gateway *gateway.Gateway
	io      *socketio.Server
	http    *siotest.Server
}

// openServer starts a server on a file.
func openServer(t *testing.T, path string, clock func() time.Time, l luck) *server {
	t.Helper()
	s := &server{path: path}
	var err error
	s.store, err = sqlite.Open(t.Context(), path, &sqlite.Options{Now: clock, Hooks: sqlite.Hooks{
		Committed: func(sqlite.Commit) { time.Sleep(l.now(6).within(time.Millisecond)) }, // on disk, and not told yet
		Broken:    func(err error) { t.Error("broken:", err) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	service := dokkerr.NewService(&slowStore{s.store, l}, &dokkerr.Options{
		Now: clock, Publish: func(events []dokkerr.Event) { s.gateway.Publish(events) },
	})
	// The gateway asks for it under a lock, and a bubble's time does not go on while a goroutine waits for a lock.
	if _, err := service.RecoveryKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	verifier, err := token.NewVerifier(token.Options{Secret: secret, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil)) // faults are wanted here
	s.io = socketio.NewServer(&socketio.Options{
		Engine: engineio.Options{PingInterval: pingInterval, PingTimeout: pingTimeout, Logger: quiet}, Logger: quiet,
	})
	s.gateway = gateway.New(s.io, service, verifier, &gateway.Options{Logger: quiet})
	s.http = siotest.NewServer(t, s.io)
	return s
}

// dial returns the client's end of a connection to the server.
func (s *server) dial(ctx context.Context) (net.Conn, error) {
	return s.http.Client.Transport.(*http.Transport).DialContext(ctx, "", "")
}

// stop ends a server as a signal does: from the top down.
func (s *server) stop(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := s.io.Shutdown(ctx)
	s.http.Close()
	s.gateway.Close()
	if err := errors.Join(err, s.store.Close()); err != nil {
		t.Error("stop:", err)
	}
}

// leave copies the file and its log as a killed process leaves them, and returns the copy's path.
func (s *server) leave(t *testing.T, to string) string {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.path + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}
