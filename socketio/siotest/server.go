package siotest

import (
	"net/http"
	"sync"
	"testing"

	"github.com/dokkerr/realtime/netpoll/memnet"
)

// Server serves a handler in memory: no ports, and time may be synctest's.
type Server struct {
	// URL is what clients of this package dial, with Client.
	URL    string
	Client *http.Client

	http   http.Server
	served sync.WaitGroup
}

// NewServer starts a server and closes it when the test ends. In a synctest
// bubble it must be closed within: its goroutines live there.
func NewServer(t testing.TB, h http.Handler) *Server {
	l := memnet.Listen()
	s := &Server{URL: "http://siotest", http: http.Server{Handler: h}}
	s.Client = &http.Client{Transport: &http.Transport{DialContext: l.DialContext}}
	s.served.Go(func() {
		if err := s.http.Serve(l); err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	t.Cleanup(s.Close)
	return s
}

// Close ends the server and its connections. It may be called again.
func (s *Server) Close() {
	s.http.Close() // the listener has no error to tell
	s.Client.CloseIdleConnections()
	s.served.Wait()
}
