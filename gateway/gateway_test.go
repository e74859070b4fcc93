package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of more than 32 bytes, for tests")

// harbour is the whole service in memory, but for the store's file, with the bubble's clock.
type harbour struct {
	*Gateway
	t       *testing.T
	io      *socketio.Server
	store   *sqlite.Store
	service *dokkerr.Service
	server  *siotest.Server
	path    string
	told    []int  // events of each commit, the writer's
	close   func() // ends everything; may be called again
	log     *siotest.Log
}

// inHarbour runs a test in a bubble.
func inHarbour(t *testing.T, play func(t *testing.T, h *harbour)) { inHarbourOf(t, openHarbour, play) }

func inHarbourOf(t *testing.T, open func(t *testing.T, path string) *harbour, play func(t *testing.T, h *harbour)) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) { play(t, open(t, path)) })
}

func openHarbour(t *testing.T, path string) *harbour {
	return openHarbourWith(t, path, dokkerr.Retention{})
}

func openHarbourWith(t *testing.T, path string, retention dokkerr.Retention) *harbour {
	return openHarbourFor(t, path, retention, token.Options{Secret: secret})
}

func openHarbourFor(t *testing.T, path string, retention dokkerr.Retention, tokens token.Options) *harbour {
	return openHarbourOf(t, path, retention, tokens, Options{Limits: unlimited})
}

// unlimited is for tests of something else.
var unlimited = Limits{
	Events: limit.Unlimited, Messages: limit.Unlimited, Typing: limit.Unlimited, UserEvents: limit.Unlimited, UserSockets: math.MaxInt,
}

func openHarbourOf(t *testing.T, path string, retention dokkerr.Retention, tokens token.Options, o Options) *harbour {
	t.Helper()
	h := &harbour{t: t, path: path, log: &siotest.Log{}}
	var err error
	if h.store, err = sqlite.Open(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	h.service = dokkerr.NewService(h.store, &dokkerr.Options{
		Publish: func(events []dokkerr.Event) {
			h.told = append(h.told, len(events))
			h.Publish(events)
		},
		Retention: retention,
	})
	verifier, err := token.NewVerifier(tokens)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(h.log, nil))
	h.io = socketio.NewServer(&socketio.Options{Logger: logger})
	o.Logger = logger
	h.Gateway = New(h.io, h.service, verifier, &o)
	h.close = sync.OnceFunc(h.shutDown)
	t.Cleanup(func() { h.close() })
	h.server = siotest.NewServer(t, h.io)
	return h
}

// shutDown ends a harbour from the top down.
func (h *harbour) shutDown() {
	if err := h.io.Shutdown(context.Background()); err != nil {
		h.t.Error(err)
	}
	h.Close()
	if err := h.store.Close(); err != nil {
		h.t.Error(err)
	}
}

// restart ends a harbour and opens one on the same file.
func (h *harbour) restart() *harbour {
	h.close()
	return openHarbour(h.t, h.path)
}

// person is a connected client. It checks the form of every event that comes (delivery R22), and keeps presence apart.
type person struct {
	*siotest.Client
	h    *harbour
	user dokkerr.ID

	mu       sync.Mutex
	presence []string
}

func tokenFor(t *testing.T, user dokkerr.ID, change func(*token.Identity)) string {
	t.Helper()
	identity := token.Identity{User: user.String(), Role: "boater", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	if change != nil {
		change(&identity)
	}
	signed, err := token.Sign(secret, identity)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (h *harbour) connect(user dokkerr.ID) *person {
	return h.connectWith(user, map[string]any{"token": tokenFor(h.t, user, nil)}, "websocket")
}

func (h *harbour) connectWith(user dokkerr.ID, auth map[string]any, transport string) *person {
	h.t.Helper()
	p := &person{h: h, user: user}
	p.Client = siotest.Dial(h.t, h.server.URL, &siotest.Options{Client: h.server.Client, Transport: transport, Auth: auth})
	p.On(presenceEvent, func(packet siotest.Packet) []any {
		p.notePresence(packet)
		return nil
	})
	if _, err := p.Join("/", auth); err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait()
	return p
}

func (p *person) notePresence(packet siotest.Packet) {
	p.checkForm(packet)
	var u struct {
		UserID dokkerr.ID
		Online bool
	}
	if err := json.Unmarshal(packet.Args()[0], &u); err != nil {
		p.h.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.presence = append(p.presence, fmt.Sprint(nameOf(u.UserID), " ", u.Online))
}

// sees checks what presence was told since the last call.
func (p *person) sees(want ...string) {
	p.h.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.presence, want) {
		p.h.t.Errorf("%s was told of presence %q, want %q", nameOf(p.user), p.presence, want)
	}
	p.presence = nil
}

// durable lists the contract's durable events (§3), and those of the application that the tests send.
var durable = []string{
	"message.new", "message.read", "booking.created", "booking.updated", "booking.cancelled", "payment.processing",
	"payment.completed", "payment.failed", "notification.new", "dock.flooded",
}

var offsetForm = regexp.MustCompile(`^"[0-9a-f]{8}\.[1-9][0-9]*"$`)

// checkForm checks that an event is a name and an object, with an offset behind if and only if it is durable, and asks for nothing.
func (p *person) checkForm(packet siotest.Packet) {
	p.h.t.Helper()
	args := packet.Args()
	want := 1
	if slices.Contains(durable, packet.Name()) {
		want = 2
	}
	formed := len(args) == want && args[0][0] == '{' && packet.ID == -1
	if formed && want == 2 {
		formed = offsetForm.Match(args[1]) && strings.HasPrefix(string(args[1][1:]), userTag(p.user)+".")
	}
	if !formed {
		p.h.t.Errorf("%s was sent the event %s", nameOf(p.user), packet.Text)
		return
	}
	p.checkEvent(packet.Name(), args[0])
}

// hears returns the payload of the next event, which has that name and exactly those keys.
func (p *person) hears(event string, keys ...string) map[string]any {
	p.h.t.Helper()
	packet := p.Expect(event)
	p.checkForm(packet)
	return object(p.h.t, packet.Args()[0], keys...)
}

// quiet checks that nothing came that was not taken.
func (p *person) quiet() {
	p.h.t.Helper()
	synctest.Wait()
	for _, packet := range p.Waiting() {
		p.h.t.Errorf("%s was sent %s", nameOf(p.user), packet.Text)
	}
}

// asks returns the answer to an event, which has exactly those keys.
func (p *person) asks(event string, payload any, keys ...string) map[string]any {
	p.h.t.Helper()
	args := p.Ask(event, payload).Args()
	if len(args) != 1 {
		p.h.t.Fatalf("%s was answered with %d values", event, len(args))
	}
	p.checkAnswer(event, args[0])
	return object(p.h.t, args[0], keys...)
}

// refused checks that an event is answered with an error of that code and path.
func (p *person) refused(event, code, path string, args ...any) {
	p.h.t.Helper()
	var answer struct {
		Error struct{ Code, Message, Path string }
	}
	packet := p.Ask(event, args...)
	p.checkAnswer(event, packet.Args()[0])
	if err := json.Unmarshal(packet.Args()[0], &answer); err != nil {
		p.h.t.Fatal(err)
	}
	if e := answer.Error; e.Code != code || e.Path != path || e.Message == "" {
		p.h.t.Errorf("%s %v was answered %s, want %s with path %q", event, args, packet.Text, code, path)
	}
}

func (p *person) writes(to dokkerr.ID, content string) map[string]any {
	p.h.t.Helper()
	return p.asks("message.new", map[string]any{"recipientId": to, "content": content, "type": "text"},
		"messageId", "conversationId", "seq", "timestamp")
}

// object decodes a JSON object with exactly those keys.
func object(t *testing.T, text json.RawMessage, keys ...string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("%s is no object: %v", text, err)
	}
	var got []string
	for key := range o {
		got = append(got, key)
	}
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		t.Fatalf("%s has the keys %v, want %v", text, got, keys)
	}
	return o
}

func (h *harbour) book(id dokkerr.ID, status string) {
	h.t.Helper()
	_, err := h.service.PutBooking(h.t.Context(), dokkerr.Once{}, dokkerr.BookingPut{
		BookingID: id.String(), ListingID: uuid.NewString(), BoaterID: asha.String(), OwnerID: ben.String(), Status: status, Reason: "because",
	})
	if err != nil {
		h.t.Fatal(err)
	}
}
