package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
)

// often are limits that count and never refuse.
var often = func() Limits {
	rate := limit.Rate{PerSecond: 1e9, Burst: 1 << 20}
	return Limits{Events: rate, Messages: rate, Typing: rate, UserEvents: rate}
}()

// quay is the whole service for benchmarks, with clients on loopback.
type quay struct {
	*Gateway
	b      *testing.B
	server *httptest.Server
}

func openQuay(b *testing.B) *quay {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "test.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := token.NewVerifier(token.Options{Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	io := socketio.NewServer(&socketio.Options{Logger: logger})
	q := &quay{b: b, server: httptest.NewServer(io)}
	service := dokkerr.NewService(store, &dokkerr.Options{Publish: func(events []dokkerr.Event) { q.Publish(events) }})
	q.Gateway = New(io, service, verifier, &Options{Logger: logger, Limits: often})
	b.Cleanup(func() {
		q.server.Close()
		if err := io.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
		q.Close()
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return q
}

func (q *quay) dial(user dokkerr.ID) *wire {
	signed, err := token.Sign(secret, token.Identity{
		User: user.String(), Role: "boater", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		q.b.Fatal(err)
	}
	return dialWire(q.b, q.server.Listener.Addr().String(), signed)
}

// handle registers a handler behind the door, or as it would be without one: nothing is counted, and a payload is read without a
// look at what it holds.
func (q *quay) handle(event string, s schema, door bool, h callHandler) {
	if door {
		schemas[event] = s
		defer delete(schemas, event)
		handleCall(q.Gateway, event, h)
		return
	}
	q.lobby.Handle(event, func(ctx context.Context, call *socketio.Call) error {
		c := clientOf(call.Socket)
		ctx, cancel := q.commandContext(ctx)
		defer cancel()
		return q.refusal(c, event, h(ctx, c, call, s.trust(call.Args)))
	})
}

// trust reads a payload of texts and checks nothing.
func (s *schema) trust(args socketio.Raw) payload {
	p := payload{schema: s}
	for m := membersOf(string(args.JSON)); m.next(); {
		if i := s.index(m.name); i >= 0 {
			p.values[i] = value{present: true, text: unquote(m.value)}
		}
	}
	return p
}

// unbounded is a socket for which anything may wait.
type unbounded struct{ *client }

func (unbounded) full() bool { return false }

// withAndWithout runs a benchmark with the door and without it. One operation is one event.
func withAndWithout(b *testing.B, run func(b *testing.B, q *quay, door bool)) {
	for _, door := range []string{"off", "on"} {
		b.Run("door="+door, func(b *testing.B) { run(b, openQuay(b), door == "on") })
	}
}

// start begins the measured part of a benchmark; what it returns ends it.
func start(b *testing.B) (stop func()) {
	b.ReportAllocs()
	b.ResetTimer()
	return countInstructions(b)
}

// breaths runs a benchmark with one event on its way at a time, and with several that are sent in one breath.
func breaths(b *testing.B, run func(b *testing.B, breath int)) {
	for _, breath := range []int{1, 16} {
		b.Run(fmt.Sprint("breath=", breath), func(b *testing.B) { run(b, breath) })
	}
}

// BenchmarkEcho is a small event that is acknowledged, from frame to frame.
func BenchmarkEcho(b *testing.B) {
	s := schema{Fields: []field{{Name: "text", Kind: text, Min: 1}}}
	echo := func(_ context.Context, _ *client, call *socketio.Call, in payload) error {
		return call.Answer(struct {
			Text string `json:"text"`
		}{in.text("text")})
	}
	breaths(b, func(b *testing.B, breath int) {
		withAndWithout(b, func(b *testing.B, q *quay, door bool) {
			q.handle("echo", s, door, echo)
			w := q.dial(uuid.New())
			frames := strings.Repeat(string(frame(`421["echo",{"text":"how deep is the water at your dock"}]`)), breath)
			defer start(b)()
			for sent := 0; sent < b.N; sent += breath {
				w.say([]byte(frames))
				w.await(breath)
			}
		})
	})
}

// BenchmarkMessage is a message under a key of its own, from the frame to the acknowledgement behind the commit, with 64 senders at
// once.
func BenchmarkMessage(b *testing.B) {
	const senders = 64
	const key = "00000000-0000-0000-0000-"
	withAndWithout(b, func(b *testing.B, q *quay, door bool) {
		event := "message.new"
		if !door {
			event = "message.raw"
			q.handle(event, schemas["message.new"], false, func(ctx context.Context, c *client, call *socketio.Call, in payload) error {
				receipt, err := q.beginMessage(ctx, c, in, false)()
				return errors.Join(err, call.Answer(receipt))
			})
		}
		var wires []*wire
		var texts []string
		for range senders {
			wires = append(wires, q.dial(uuid.New()))
			texts = append(texts, fmt.Sprintf(
				`421[%q,{"recipientId":%q,"content":"how deep is the water at your dock","type":"text","clientMessageId":"%s`,
				event, uuid.New(), key))
		}
		defer start(b)()
		for i := range b.N {
			if i >= senders {
				wires[i%senders].await(1)
			}
			wires[i%senders].say(frame(fmt.Sprintf(`%s%012d"}]`, texts[i%senders], i)))
		}
		for _, w := range wires[:min(b.N, senders)] {
			w.await(1)
		}
	})
}

// BenchmarkDelivery is a committed event, from the store's word to the receiver's frame.
func BenchmarkDelivery(b *testing.B) {
	breaths(b, func(b *testing.B, breath int) {
		withAndWithout(b, func(b *testing.B, q *quay, door bool) {
			user := uuid.New()
			w := q.dial(user)
			if !door {
				s := q.feeds.byUser[user].subscriptions[0]
				s.sink = unbounded{s.sink.(*client)}
			}
			position := dokkerr.Position(0)
			data := fmt.Appendf(nil, `{"messageId":%q,"conversationId":%q,"senderId":%q,"recipientId":%q,`+
				`"content":"how deep is the water at your dock","timestamp":"2026-11-22T12:00:00.000Z","type":"text","seq":1}`,
				uuid.New(), uuid.New(), uuid.New(), user)
			defer start(b)()
			for sent := 0; sent < b.N; sent += breath {
				for range breath {
					position++
					q.Publish([]dokkerr.Event{{
						Name: "message.new", Data: data, To: []dokkerr.Recipient{{User: user, Position: position}}, Durable: true,
					}})
				}
				w.await(breath)
			}
		})
	})
}

// BenchmarkDoor is what an event passes before its handler: the limits, and the schema.
func BenchmarkDoor(b *testing.B) {
	args := socketio.Raw{JSON: json.RawMessage(fmt.Sprintf(
		`{"recipientId":%q,"content":"how deep is the water at your dock","type":"text","clientMessageId":%q}`, uuid.New(), uuid.New()))}
	g := &Gateway{governor: newGovernor(often), limited: func(string) {}}
	c := &client{actor: dokkerr.Actor{User: uuid.New()}, pace: g.governor.newPace()}
	b.Run("limits/message.new", func(b *testing.B) {
		defer start(b)()
		for b.Loop() {
			if pause, err := g.admitMessage(c); pause > 0 || err != nil {
				b.Fatal(pause, err)
			}
		}
	})
	for _, event := range []string{"message.typing", "booking.list"} {
		b.Run("limits/"+event, func(b *testing.B) {
			defer start(b)()
			for b.Loop() {
				if dropped, err := g.admit(c, event); dropped || err != nil {
					b.Fatal(dropped, err)
				}
			}
		})
	}
	b.Run("schema/message.new", func(b *testing.B) {
		s := schemas["message.new"]
		defer start(b)()
		for b.Loop() {
			if _, err := s.decode(args); err != nil {
				b.Fatal(err)
			}
		}
	})
}
