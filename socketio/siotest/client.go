// Package siotest is a Socket.IO client and an in-memory server for tests.
//
// The client speaks the protocol over one transport, without upgrade and
// reconnection, and with a codec of its own. It fails the test when something
// does not come in time, so a test reads as the conversation it expects:
//
//	c := siotest.Connect(t, server.URL, &siotest.Options{Client: server.Client})
//	c.Emit("hello", "world")
//	args := c.Expect("hello-back")
package siotest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Options configures a Client; the zero value works.
type Options struct {
	Transport string        // "websocket" or "polling"; "": websocket
	Path      string        // "": "/socket.io/"
	Namespace string        // what Connect joins, and Emit and Ask use; "": "/"
	Auth      any           // Connect's payload; nil: none
	Header    http.Header   // of every request
	Query     url.Values    // of every request
	Client    *http.Client  // nil: http.DefaultClient
	Timeout   time.Duration // for whatever is waited for; 0: 5 s
}

func (o *Options) withDefaults() Options {
	filled := Options{Transport: "websocket", Path: "/socket.io/", Namespace: "/", Client: http.DefaultClient, Timeout: 5 * time.Second}
	if o == nil {
		return filled
	}
	given := *o
	given.Transport = or(given.Transport, filled.Transport)
	given.Path = or(given.Path, filled.Path)
	given.Namespace = or(given.Namespace, filled.Namespace)
	given.Client = or(given.Client, filled.Client)
	given.Timeout = or(given.Timeout, filled.Timeout)
	return given
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Client is one connection. Its methods are for one goroutine, the test's, but for Emit, Send and Close.
type Client struct {
	t         testing.TB
	options   Options
	transport transport
	opening   Opening
	id        string // of the socket that Connect joined

	stop    context.CancelFunc
	packets chan Packet   // that neither On nor Ask takes
	ended   chan struct{} // closed when nothing more comes
	end     error         // why, once ended

	mu       sync.Mutex
	handlers map[string]func(Packet) []any
	asked    map[int]chan Packet
	lastID   int
	silent   bool // pings are not answered
	ignored  int  // pings that were not
}

// Opening is the Engine.IO handshake's answer.
type Opening struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

// Refusal is the payload of a CONNECT_ERROR.
type Refusal struct {
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"` // nil: absent
}

func (r *Refusal) Error() string { return "siotest: refused: " + r.Message }

// Dial opens a connection, which ends with the test, and joins no namespace.
func Dial(t testing.TB, server string, o *Options) *Client {
	t.Helper()
	c, err := dial(t, server, o.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Connect is Dial and Join of Options.Namespace, which must succeed.
func Connect(t testing.TB, server string, o *Options) *Client {
	t.Helper()
	c := Dial(t, server, o)
	id, err := c.Join(c.options.Namespace, c.options.Auth)
	if err != nil {
		t.Fatal(err)
	}
	c.id = id
	return c
}

func dial(t testing.TB, server string, o Options) (*Client, error) {
	c := &Client{
		t: t, options: o,
		packets: make(chan Packet, 1<<16), ended: make(chan struct{}),
		handlers: make(map[string]func(Packet) []any), asked: make(map[int]chan Packet),
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	connect := dialWebSocket
	if o.Transport == "polling" {
		connect = dialPolling
	}
	var err error
	if c.transport, err = connect(ctx, server, &o); err != nil {
		return nil, err
	}
	rest, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	ctx, c.stop = context.WithCancel(context.Background())
	go c.read(ctx, rest)
	return c, nil
}

// open reads the opening, and returns what came with it.
func (c *Client) open(ctx context.Context) ([]engine, error) {
	packets, err := c.transport.read(ctx)
	if err != nil {
		return nil, err
	}
	if len(packets[0].text) == 0 || packets[0].text[0] != '0' {
		return nil, fmt.Errorf("siotest: %q is no opening", packets[0].text)
	}
	if err := json.Unmarshal([]byte(packets[0].text[1:]), &c.opening); err != nil {
		return nil, err
	}
	if p, ok := c.transport.(*poller); ok {
		p.opened(c.opening.SID)
	}
	return packets[1:], nil
}

// ID returns the id of the socket that Connect joined.
func (c *Client) ID() string { return c.id }

// Opening returns the Engine.IO handshake's answer.
func (c *Client) Opening() Opening { return c.opening }

// Join sends a CONNECT and returns the new socket's id, or a *Refusal. auth may be nil.
func (c *Client) Join(namespace string, auth any) (string, error) {
	c.t.Helper()
	text := "0"
	if namespace != "/" {
		text += namespace + ","
	}
	if auth != nil {
		data, err := json.Marshal(auth)
		if err != nil {
			c.t.Fatal(err)
		}
		text += string(data)
	}
	c.Send(text)
	p := c.Next()
	var answer struct {
		SID string `json:"sid"`
		Refusal
	}
	if err := json.Unmarshal(p.Data, &answer); err != nil || p.Namespace != namespace {
		c.t.Fatalf("siotest: %q answers no CONNECT to %s", p.Text, namespace)
	}
	switch p.Type {
	case connectType:
		return answer.SID, nil
	case connectErrorType:
		return "", &answer.Refusal
	}
	c.t.Fatalf("siotest: %q answers no CONNECT", p.Text)
	return "", nil
}

// Emit sends an event. []byte arguments travel as attachments.
func (c *Client) Emit(event string, args ...any) {
	c.t.Helper()
	c.emit(eventType, -1, append([]any{event}, args...))
}

// Ask sends an event and returns its acknowledgement.
func (c *Client) Ask(event string, args ...any) Packet {
	c.t.Helper()
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	answer := make(chan Packet, 1)
	c.asked[id] = answer
	c.mu.Unlock()
	c.emit(eventType, id, append([]any{event}, args...))
	return c.await(answer, "the acknowledgement of "+event)
}

// Answer acknowledges an event that asked for it.
func (c *Client) Answer(p Packet, args ...any) {
	c.t.Helper()
	c.emit(ackType, p.ID, args)
}

func (c *Client) emit(kind, id int, list []any) {
	c.t.Helper()
	if list == nil {
		list = []any{}
	}
	text, attachments, err := encode(kind, c.options.Namespace, id, list)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.send(text, attachments...)
}

// On has f take the events of that name. What it returns answers those that ask. f runs on the client's reader.
func (c *Client) On(event string, f func(p Packet) []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers[event] = f
}

// Send sends a Socket.IO packet as it is written, and its attachments.
func (c *Client) Send(text string, attachments ...[]byte) {
	c.t.Helper()
	c.send(text, attachments...)
}

func (c *Client) send(text string, attachments ...[]byte) {
	packets := []engine{{text: "4" + text}}
	for _, b := range attachments {
		packets = append(packets, engine{binary: append([]byte{}, b...)})
	}
	c.write(packets...)
}

// SendBinary sends a binary message that no packet announces.
func (c *Client) SendBinary(b []byte) { c.write(engine{binary: append([]byte{}, b...)}) }

// SendEngine sends Engine.IO packets, one message each or, on polling, all in one request.
func (c *Client) SendEngine(texts ...string) {
	var packets []engine
	for _, text := range texts {
		packets = append(packets, engine{text: text})
	}
	c.write(packets...)
}

// write does not tell of errors: a connection that the server has closed shows in what comes.
func (c *Client) write(packets ...engine) {
	ctx, cancel := context.WithTimeout(context.Background(), c.options.Timeout)
	defer cancel()
	c.transport.write(ctx, packets...)
}

// Next returns the next packet that neither On nor Ask takes.
func (c *Client) Next() Packet {
	c.t.Helper()
	return c.await(c.packets, "a packet")
}

func (c *Client) await(packets <-chan Packet, what string) Packet {
	c.t.Helper()
	select {
	case p := <-packets:
		return p
	case <-c.ended:
	case <-time.After(c.options.Timeout):
		c.t.Fatalf("siotest: %s did not come in %v", what, c.options.Timeout)
	}
	select { // what came before the end
	case p := <-packets:
		return p
	default:
		c.t.Fatalf("siotest: the connection ended (%v) before %s", c.end, what)
	}
	return Packet{}
}

// Expect returns the next packet, which must be an event of that name.
func (c *Client) Expect(event string) Packet {
	c.t.Helper()
	p := c.Next()
	if p.Name() != event {
		c.t.Fatalf("siotest: want the event %s, got %s", event, p.Text)
	}
	return p
}

// ExpectText fails the test unless the next packet is written like this.
func (c *Client) ExpectText(text string) {
	c.t.Helper()
	if p := c.Next(); p.Text != text {
		c.t.Fatalf("siotest: want %s, got %s", text, p.Text)
	}
}

// Waiting returns the packets that came and that nobody took. It does not wait.
func (c *Client) Waiting() []Packet {
	var all []Packet
	for {
		select {
		case p := <-c.packets:
			all = append(all, p)
		default:
			return all
		}
	}
}

// IgnorePings has the client answer no more pings, until AnswerPings.
func (c *Client) IgnorePings() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = true
}

// AnswerPings has the client answer those that it has ignored, and all that come.
func (c *Client) AnswerPings() {
	c.mu.Lock()
	due := c.ignored
	c.ignored, c.silent = 0, false
	c.mu.Unlock()
	for range due {
		c.write(engine{text: "3"})
	}
}

// ExpectEnd waits until the server has ended the connection. What came before may be taken afterwards.
func (c *Client) ExpectEnd() {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(c.options.Timeout):
		c.t.Fatalf("siotest: the connection did not end in %v", c.options.Timeout)
	}
}

// Alive reports whether the connection has not ended.
func (c *Client) Alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// Close ends the connection as a client does that goes away, and waits for its goroutine. It may be called again.
func (c *Client) Close() {
	if c.Alive() {
		c.transport.close()
	}
	c.stop()
	<-c.ended
}
