package socketio_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
)

// TestCompressedAndNot sends one long event both ways to a client that takes compressed frames: it reads the same.
func TestCompressedAndNot(t *testing.T) {
	io := socketio.NewServer(&socketio.Options{Engine: engineio.Options{Deflate: true}})
	long := strings.Repeat("the tide tables of the harbour ", 200)
	io.Of("/").OnConnect(func(s *socketio.Socket) {
		e, err := s.Namespace().Encode("tides", long)
		if err != nil {
			t.Error(err)
		}
		s.Send(e)
		s.Send(e.WithOffset("u.1").Uncompressed())
	})
	web := httptest.NewServer(io)
	defer web.Close()
	defer func() {
		if err := io.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	c, _, err := websocket.Dial(t.Context(), web.URL+"/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{CompressionMode: websocket.CompressionNoContextTakeover})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("40")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`0{`, `40{`, `42["tides","` + long + `"]`, `42["tides","` + long + `","u.1"]`} {
		_, got, err := c.Read(t.Context())
		if err != nil || !strings.HasPrefix(string(got), want) {
			t.Fatalf("read %.60q (%v), want %.60q", got, err, want)
		}
	}
}
