package socketio

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/engineio"
)

// bench is a server whose clients are long-polling sessions that fetch only when told to, so that what is
// measured ends at their outboxes.
type bench struct {
	b    *testing.B
	srv  *Server
	sids []string
}

func newBench(b *testing.B, clients int, prepare func(n *Namespace)) *bench {
	w := &bench{b: b, srv: NewServer(&Options{
		Engine: engineio.Options{MaxOutbox: 1 << 30},
		Logger: slog.New(slog.DiscardHandler),
	})}
	prepare(w.srv.Of("/"))
	for range clients {
		opening := w.do(http.MethodGet, "", "")
		sid := strings.Split(opening, `"`)[3]
		w.do(http.MethodPost, sid, "40")
		w.fetch(sid)
		w.sids = append(w.sids, sid)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // nobody is to be told
		if err := w.srv.Shutdown(ctx); err != context.Canceled {
			b.Error(err)
		}
	})
	return w
}

func (w *bench) do(method, sid, body string) string {
	target := "/socket.io/?EIO=4&transport=polling"
	if sid != "" {
		target += "&sid=" + sid
	}
	answer := httptest.NewRecorder()
	w.srv.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(body)))
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code != http.StatusOK {
		w.b.Fatalf("%d %s %v", answer.Code, text, err)
	}
	return string(text)
}

func (w *bench) fetch(sid string) { w.do(http.MethodGet, sid, "") }

func (w *bench) fetchAll() {
	for _, sid := range w.sids {
		w.fetch(sid)
	}
}

type ping struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// BenchmarkEventWithAck takes an event from the reader through its handler to the acknowledgement in the outbox.
func BenchmarkEventWithAck(b *testing.B) {
	const text = `{"n":1,"text":"how deep is the water at your dock"}`
	payloads := map[string]func(n *Namespace){
		"raw": func(n *Namespace) {
			On(n, "echo", func(_ context.Context, _ *Socket, in Raw) (Raw, error) { return in, nil })
		},
		"typed": func(n *Namespace) {
			On(n, "echo", func(_ context.Context, _ *Socket, in ping) (ping, error) { return in, nil })
		},
	}
	for name, register := range payloads {
		b.Run(name, func(b *testing.B) {
			w := newBench(b, 1, register)
			session := w.srv.Of("/").Sockets()[0].conn.session
			message := engineio.Message{Data: []byte(`27["echo",` + text + `]`)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				sessions{w.srv}.Message(session, message)
				if i%1024 == 1023 {
					w.fetchAll()
				}
			}
		})
	}
}

// BenchmarkBroadcast sends one event to the outboxes of all members of a room.
func BenchmarkBroadcast(b *testing.B) {
	for _, members := range []int{100, 10_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			w := newBench(b, members, func(n *Namespace) {
				n.OnConnect(func(s *Socket) { s.Join("room") })
			})
			payload := ping{1, "how deep is the water at your dock"}
			room := w.srv.Of("/").To("room")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := room.Emit("news", payload); err != nil {
					b.Fatal(err)
				}
				if i%64 == 63 {
					b.StopTimer()
					w.fetchAll()
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(members), "ns/member")
		})
	}
}

func BenchmarkEmit(b *testing.B) {
	w := newBench(b, 1, func(*Namespace) {})
	s := w.srv.Of("/").Sockets()[0]
	payload := &ping{1, "how deep is the water at your dock"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := s.Emit("news", payload); err != nil {
			b.Fatal(err)
		}
		if i%1024 == 1023 {
			w.fetchAll()
		}
	}
}

func BenchmarkEncodedWithOffset(b *testing.B) {
	w := newBench(b, 1, func(*Namespace) {})
	n := w.srv.Of("/")
	e, err := n.Encode("news", ping{1, "how deep is the water at your dock"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.WithOffset("user.12345678901234")
	}
}

// A join takes as long among many rooms as among few.
func BenchmarkJoinAndLeave(b *testing.B) {
	for _, rooms := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			const members = 1_000
			w := newBench(b, members, func(*Namespace) {})
			sockets := w.srv.Of("/").Sockets()
			for i := range rooms {
				sockets[i%members].Join(fmt.Sprintf("dock:%d", i))
			}
			names := make([]string, 1024)
			for i := range names {
				names[i] = fmt.Sprintf("user:%d", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s, room := sockets[i%members], names[i%len(names)]
				s.Join(room)
				s.Leave(room)
			}
		})
	}
}
