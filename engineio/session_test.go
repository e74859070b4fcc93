package engineio_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/engineio"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// echo sends back what it gets, and keeps why sessions ended.
type echo struct {
	opened chan *engineio.Session
	closed chan engineio.Reason
}

func newEcho() *echo {
	return &echo{make(chan *engineio.Session, 64), make(chan engineio.Reason, 64)}
}

func (e *echo) Open(s *engineio.Session) { e.opened <- s }

func (e *echo) Message(s *engineio.Session, m engineio.Message) {
	if m.Binary {
		s.Send(engineio.BinaryFrame(m.Data))
		return
	}
	s.Send(engineio.TextFrame(len(m.Data), func(dst []byte) []byte { return append(dst, m.Data...) }))
}

func (e *echo) Close(_ *engineio.Session, r engineio.Reason) { e.closed <- r }

func serve(t *testing.T, o *engineio.Options) (string, *echo, *engineio.Server) {
	t.Helper()
	e := newEcho()
	srv := engineio.NewServer(e, o)
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return web.URL, e, srv
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	return answerOf(t, resp, err)
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "text/plain", strings.NewReader(body))
	return answerOf(t, resp, err)
}

func answerOf(t *testing.T, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func openPolling(t *testing.T, base string) string {
	t.Helper()
	status, body := get(t, base+"/?EIO=4&transport=polling")
	if status != 200 || !strings.HasPrefix(body, "0{") {
		t.Fatalf("handshake: %d %s", status, body)
	}
	var sid string
	if _, err := fmt.Sscanf(body, `0{"sid":%q`, &sid); err != nil {
		t.Fatalf("handshake %s: %v", body, err)
	}
	return base + "/?EIO=4&transport=polling&sid=" + sid
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, data, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestUpgradeMovesWhatWaits(t *testing.T) {
	base, e, _ := serve(t, nil)
	url := openPolling(t, base)
	s := <-e.opened
	c := dial(t, strings.Replace(url, "polling", "websocket", 1))
	write(t, c, "2probe")
	if got := read(t, c); got != "3probe" {
		t.Fatalf("probe answered %q", got)
	}
	if status, body := get(t, url); status != 200 || body != "6" {
		t.Fatalf("pending GET released with %d %q", status, body)
	}
	s.Send(engineio.TextFrame(0, func(b []byte) []byte { return append(b, "waiting"...) }))
	write(t, c, "5")
	if got := read(t, c); got != "4waiting" {
		t.Fatalf("got %q", got)
	}
	write(t, c, "4hello")
	if got := read(t, c); got != "4hello" {
		t.Fatalf("got %q", got)
	}
	if status, body := get(t, url); status != 400 || body != `{"code":3,"message":"Bad request"}` {
		t.Fatalf("poll after the upgrade: %d %s", status, body)
	}
}

// TestLastWordsFollowTheUpgrade ends a session when its client has stopped polling and is about to move.
func TestLastWordsFollowTheUpgrade(t *testing.T) {
	base, e, _ := serve(t, nil)
	url := openPolling(t, base)
	s := <-e.opened
	c := dial(t, strings.Replace(url, "polling", "websocket", 1))
	write(t, c, "2probe")
	if got := read(t, c); got != "3probe" {
		t.Fatalf("probe answered %q", got)
	}
	if _, body := get(t, url); body != "6" {
		t.Fatalf("pending GET released with %q", body)
	}
	s.Send(say("goodbye"))
	s.Close(engineio.ForcedClose)
	write(t, c, "5")
	if got := read(t, c); got != "4goodbye" {
		t.Fatalf("got %q", got)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNoStatusRcvd {
		t.Fatalf("ended with %v", err)
	}
}

func TestSlowReaderEndsAndHoldsNobodyUp(t *testing.T) {
	base, e, srv := serve(t, &engineio.Options{MaxOutbox: 1 << 20})
	dial(t, base+"/?EIO=4&transport=websocket")
	s := <-e.opened
	frame := engineio.TextFrame(64<<10, func(b []byte) []byte { return append(b, strings.Repeat("x", 64<<10)...) })
	var sent int
	for sent = 0; srv.Sessions() > 0 && s.Buffered() < 1<<20 && sent < 10_000; sent++ {
		s.Send(frame)
		if len(e.closed) > 0 {
			break
		}
	}
	if reason := <-e.closed; reason != engineio.SlowReader {
		t.Fatalf("ended with %q after %d frames", reason, sent)
	}
}

func TestSendsFromManyGoroutinesKeepUnitsWhole(t *testing.T) {
	base, e, _ := serve(t, nil)
	c := dial(t, base+"/?EIO=4&transport=websocket")
	s := <-e.opened
	read(t, c)
	const senders, units = 16, 50
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() {
			head := engineio.TextFrame(8, func(b []byte) []byte { return fmt.Appendf(b, "unit %d", i) })
			tail := engineio.BinaryFrame([]byte{byte(i)})
			for range units {
				s.Send(head, tail)
			}
		})
	}
	for range senders * units {
		var id int
		if _, err := fmt.Sscanf(read(t, c), "4unit %d", &id); err != nil {
			t.Fatal(err)
		}
		if tail := read(t, c); tail != string([]byte{byte(id)}) {
			t.Fatalf("unit %d followed by %q", id, tail)
		}
	}
	group.Wait()
}
