package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/dokkerr/realtime/e2e/checker"
	"github.com/dokkerr/realtime/token"
)

// tab is one page of a user's browser. It speaks as the stock client does: it keeps its pid and the last string that an event
// ends in, comes back when it was cut off, and with retries sends one message at a time, again and again until it is acknowledged.
type tab struct {
	*world
	name   string
	user   int
	begin  <-chan struct{}
	reload atomic.Bool  // a new page, when the connection has ended
	joined atomic.Int64 // how often
	idle   atomic.Bool  // all is sent and acknowledged

	// Each goroutine has its own, so that nobody's luck changes another's.
	line, reader, sender dice

	// The runner's, and while it is connected the reader's.
	pid, offset string
	seen        map[string]bool // by this page: ids of messages

	mine sync.Map // texts that this page was the first to send

	// The sender's.
	pending *message
	sent    int

	mu   sync.Mutex
	link *link // the latest; under mu
}

type message struct {
	key string
	to  int
}

func newTab(w *world, n int, begin <-chan struct{}) *tab {
	stream := uint64(3*n + 1)
	return &tab{
		world: w, name: fmt.Sprint("tab", n), user: n % userCount, begin: begin, seen: map[string]bool{},
		line: newDice(w.seed, stream), reader: newDice(w.seed, stream+1), sender: newDice(w.seed, stream+2),
	}
}

const (
	sendsOfTab = 8
	ackTimeout = 2 * time.Second
)

var (
	errWrong = errors.New("wrong")                                // what no fault explains
	errClock = errors.New("the clock jumped over a token's time") // the application makes a new one
)

// run comes back until ctx ends.
func (t *tab) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := t.visit(ctx); errors.Is(err, errWrong) {
			t.t.Errorf("%s: %v", t.name, err)
			return
		}
		if t.reload.Swap(false) {
			t.pid, t.offset, t.seen = "", "", map[string]bool{}
			t.mine.Clear()
			t.add(checker.Event{Kind: checker.Reloaded, Device: t.name})
		}
		sleep(ctx, t.pause())
	}
}

// pause is how long it stays away.
func (t *tab) pause() time.Duration {
	switch {
	case t.calm.Load() || t.line.once(3):
		return t.line.within(50 * time.Millisecond)
	case t.line.once(10):
		return t.line.within(20 * time.Second)
	default:
		return t.line.within(2 * time.Second)
	}
}

// visit is one connection.
func (t *tab) visit(ctx context.Context) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	hurry, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	c, err := t.connect(hurry)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	if err := t.join(hurry, c); err != nil {
		return err
	}
	t.joined.Add(1)
	acks := make(chan []byte, 16) // a message sent twice is answered twice
	var sender sync.WaitGroup
	var sendErr error
	sender.Go(func() { sendErr = t.send(ctx, c, acks) })
	err = t.read(ctx, c, acks)
	leave()
	sender.Wait()
	return errors.Join(err, sendErr)
}

func (t *tab) connect(ctx context.Context) (*websocket.Conn, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		end, l, err := t.dial(ctx, t.line.within(80*time.Millisecond))
		if err != nil {
			return nil, err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.link = l
		return end, nil
	}}
	c, _, err := websocket.Dial(ctx, "http://simulation/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport},
	})
	if err == nil {
		c.SetReadLimit(-1)
	}
	return c, err
}

// cut damages the latest connection.
func (t *tab) cut(d damage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.link != nil {
		t.link.cut(d)
	}
}

func (t *tab) join(ctx context.Context, c *websocket.Conn) error {
	if _, _, err := c.Read(ctx); err != nil { // the opening
		return err
	}
	before := t.jump.Load()
	signed, err := token.Sign(secret, token.Identity{User: t.users[t.user].String(), ExpiresAt: t.clock().Add(12 * time.Hour)})
	if err != nil {
		return err
	}
	auth := map[string]string{"token": signed, "deviceId": t.name}
	if t.pid != "" {
		auth["pid"], auth["offset"] = t.pid, t.offset
	}
	text, err := json.Marshal(auth)
	if err != nil {
		return err
	}
	if err := c.Write(ctx, websocket.MessageText, append([]byte("40"), text...)); err != nil {
		return err
	}
	_, answer, err := c.Read(ctx)
	for err == nil && string(answer) == "2" { // a ping: the server's clock jumped, or its store took long
		if err = c.Write(ctx, websocket.MessageText, []byte("3")); err == nil {
			_, answer, err = c.Read(ctx)
		}
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(string(answer), "44") && t.jump.Load() != before {
		return errClock
	}
	var granted struct{ PID string }
	if !bytes.HasPrefix(answer, []byte("40")) || json.Unmarshal(answer[2:], &granted) != nil || granted.PID == "" {
		return fmt.Errorf("%w: CONNECT was answered %s", errWrong, answer)
	}
	if t.pid != "" && granted.PID != t.pid {
		return fmt.Errorf("%w: not recovered", errWrong)
	}
	t.pid = granted.PID
	return nil
}

// send sends until all is acknowledged, or the connection ends.
func (t *tab) send(ctx context.Context, c *websocket.Conn, acks <-chan []byte) error {
	select {
	case <-t.begin:
	case <-ctx.Done():
		return ctx.Err()
	}
	for t.pending != nil || t.sent < sendsOfTab {
		sleep(ctx, t.sender.within(10*time.Millisecond)) // or it would send at the moment of a read mark
		if t.pending == nil {
			sleep(ctx, t.sender.within(3*time.Second))
			if ctx.Err() != nil {
				return ctx.Err()
			}
			t.compose()
		}
		if err := t.emit(ctx, c, "42"+t.pending.key[len(t.name)+1:], "message.new", map[string]string{
			"recipientId": t.users[t.pending.to].String(), "content": textOf(t.pending.key), "type": "text", "clientMessageId": t.pending.key,
		}); err != nil {
			return err
		}
		select {
		case ack := <-acks:
			if err := t.acked(ack); err != nil {
				return err
			}
		case <-time.After(ackTimeout + t.sender.within(time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.idle.Store(true)
	return nil
}

func textOf(key string) string { return "text of " + key }

// compose makes up the next message.
func (t *tab) compose() {
	to := t.sender.below(len(t.users) - 1)
	if to >= t.user {
		to++
	}
	t.sent++
	t.pending = &message{fmt.Sprintf("%s-%016d", t.name, t.sent), to}
	t.mine.Store(textOf(t.pending.key), true)
	t.add(checker.Event{Kind: checker.Called, Device: t.name, Conversation: conversation(t.user, to), Key: t.pending.key})
}

func (t *tab) emit(ctx context.Context, c *websocket.Conn, head, event string, payload any) error {
	packet, err := json.Marshal([]any{event, payload})
	if err != nil {
		return err
	}
	return c.Write(ctx, websocket.MessageText, append([]byte(head), packet...))
}

// acked takes an answer, which may be to a copy of a message that is acknowledged already.
func (t *tab) acked(packet []byte) error {
	list := bytes.TrimLeft(packet, "0123456789")
	id := string(packet[:len(packet)-len(list)])
	if t.pending == nil || !strings.HasSuffix(t.pending.key, "-"+fmt.Sprintf("%0*s", 16, id)) {
		return nil
	}
	var answers []struct {
		MessageID string
		Seq       int64
		Error     *struct{ Code string }
	}
	if err := json.Unmarshal(list, &answers); err != nil || len(answers) != 1 {
		return fmt.Errorf("%w: ack %s", errWrong, packet)
	}
	a := answers[0]
	if a.Error != nil && a.Error.Code == string(errInjected.Code) {
		return nil
	}
	if a.Error != nil || a.Seq == 0 {
		return fmt.Errorf("%w: ack %s", errWrong, packet)
	}
	t.add(checker.Event{
		Kind: checker.Acked, Device: t.name, Conversation: conversation(t.user, t.pending.to), Key: t.pending.key, ID: a.MessageID, Seq: a.Seq,
	})
	t.pending = nil
	return nil
}

// read takes what comes until the connection ends, or is silent for too long.
func (t *tab) read(ctx context.Context, c *websocket.Conn, acks chan<- []byte) error {
	for {
		packet, err := t.next(ctx, c)
		if err != nil {
			return err
		}
		switch text := string(packet); {
		case text == "2":
			err = c.Write(ctx, websocket.MessageText, []byte("3"))
		case strings.HasPrefix(text, "43"):
			acks <- packet[2:]
		case strings.HasPrefix(text, "42"):
			err = t.heard(ctx, c, packet[2:])
		default:
			err = fmt.Errorf("%w: packet %s", errWrong, text)
		}
		if err != nil {
			return err
		}
	}
}

func (t *tab) next(ctx context.Context, c *websocket.Conn) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pingInterval+pingTimeout)
	defer cancel()
	_, packet, err := c.Read(ctx)
	return packet, err
}

// heard takes an event, and keeps the last string that any ends in.
func (t *tab) heard(ctx context.Context, c *websocket.Conn, event []byte) error {
	var args []json.RawMessage
	var name string
	if err := json.Unmarshal(event, &args); err != nil || len(args) < 2 || json.Unmarshal(args[0], &name) != nil {
		return fmt.Errorf("%w: event %s", errWrong, event)
	}
	var position string
	durable := json.Unmarshal(args[len(args)-1], &position) == nil
	if durable {
		t.offset = position
	}
	switch name {
	case "message.new":
		return t.delivered(ctx, c, args[1])
	case "message.read":
		return t.markedRead(args[1])
	case "presence.update", "error": // the answer to a read mark that failed
		return nil
	}
	return fmt.Errorf("%w: event %s", errWrong, event)
}

func (t *tab) delivered(ctx context.Context, c *websocket.Conn, payload []byte) error {
	var m struct {
		MessageID, SenderID, RecipientID, Content string
		Seq                                       int64
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return fmt.Errorf("%w: message %s", errWrong, payload)
	}
	if t.seen[m.MessageID] {
		return fmt.Errorf("%w: seq %d came twice", errWrong, m.Seq)
	}
	if _, mine := t.mine.Load(m.Content); mine {
		return fmt.Errorf("%w: %q came back", errWrong, m.Content)
	}
	t.seen[m.MessageID] = true
	t.add(checker.Event{
		Kind: checker.Delivered, Device: t.name, Conversation: conversation(t.numberOf(m.SenderID), t.numberOf(m.RecipientID)),
		ID: m.MessageID, Seq: m.Seq, Body: m.Content,
	})
	if t.reader.once(4) {
		return t.emit(ctx, c, "42", "message.read", map[string]string{"messageId": m.MessageID})
	}
	return nil
}

func (t *tab) markedRead(payload []byte) error {
	var m struct {
		ConversationID, UserID string
		Seq                    int64
	}
	if err := json.Unmarshal(payload, &m); err != nil || m.Seq == 0 {
		return fmt.Errorf("%w: read mark %s", errWrong, payload)
	}
	t.add(checker.Event{Kind: checker.Read, Device: t.name, Conversation: m.ConversationID, User: m.UserID, Seq: m.Seq})
	return nil
}

// sleep ends early with ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
