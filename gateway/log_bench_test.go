package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// BenchmarkConnectionLog is what the log costs a connection: the line of its beginning and that of its end, of a browser.
func BenchmarkConnectionLog(b *testing.B) {
	g := &Gateway{logger: slog.New(slog.NewJSONHandler(io.Discard, nil))}
	joined := make(chan *socketio.Socket, 1)
	server := socketio.NewServer(nil)
	server.Of("/").OnConnect(func(s *socketio.Socket) { joined <- s })
	listener := httptest.NewServer(server)
	b.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
		listener.Close()
	})
	header := http.Header{
		"Origin": {listener.URL}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Accept": {"*/*"}, "Accept-Language": {"en-GB,en;q=0.5"}, "Accept-Encoding": {"gzip, deflate, br"}, "Cache-Control": {"no-cache"}, "Pragma": {"no-cache"},
	}
	siotest.Connect(b, listener.URL, &siotest.Options{Header: header})
	c := &client{socket: <-joined}
	b.ReportAllocs()
	for b.Loop() {
		g.logConnect(c)
		g.logDisconnect(c, socketio.ClientDisconnect)
	}
}
