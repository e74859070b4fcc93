package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/dokkerr/realtime/e2e/checker"
)

// history is what all devices did and saw, in one order. All is under mu.
type history struct {
	mu        sync.Mutex
	events    []checker.Event
	acked     int
	open      map[string]bool // devices with a send that is not acknowledged
	stored    map[string]int  // acknowledged messages, by conversation
	known     map[string]int  // messages that a device was told or had acknowledged
	started   int             // connections
	recovered int             // of those, the ones that went on where the one before ended
}

func newHistory() *history {
	return &history{open: map[string]bool{}, stored: map[string]int{}, known: map[string]int{}}
}

func (h *history) add(e checker.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
	switch e.Kind {
	case checker.Called:
		h.open[e.Device] = true
	case checker.Acked:
		h.acked++
		h.stored[e.Conversation]++
		h.known[e.Device]++
		delete(h.open, e.Device)
	case checker.Delivered:
		h.known[e.Device]++
	}
}

// connected counts a connection.
func (h *history) connected(recovered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started++
	if recovered {
		h.recovered++
	}
}

// whole says whether every send has ended and every device knows all of its conversation.
func (h *history) whole(devices []*device) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range devices {
		if h.known[d.name] < h.stored[d.conversation] {
			return false
		}
	}
	return len(h.open) == 0
}

func (h *history) ackedSoFar() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked
}

// device is one of the two in a conversation. It speaks as the stock client does: it keeps its pid and the last string it
// was given, comes back when it was cut off, and sends again what was not acknowledged.
type device struct {
	name, conversation string
	user, other        string
	token              string
	history            *history
	url                string // ws://...

	sent    int
	pending string // key of the send that is not acknowledged

	pid, offset string // the reader's, and between two connections the runner's

	stock      *stock               // who runs it; nil: run. These are for stock clients
	stockURL   string               // http://...
	transports []string             // of the stock client
	acks       chan json.RawMessage // of the pending send
}

const (
	retryPause = 20 * time.Millisecond
	ackWait    = 30 * time.Second
)

// run sends, one message after the other, until no more are wanted, and then listens until ctx ends.
func (d *device) run(ctx context.Context, more func() bool) error {
	for ctx.Err() == nil {
		c, err := d.connect(ctx)
		if err == nil {
			err = d.use(ctx, c, more)
		}
		if errors.Is(err, errWrong) {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
	return nil
}

// errWrong is an answer that no kill explains.
var errWrong = errors.New("wrong answer")

func (d *device) connect(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, answer, err := websocket.Dial(ctx, d.url, nil)
	if err != nil {
		return nil, err
	}
	if answer.Body != nil {
		_ = answer.Body.Close() // of a hijacked connection
	}
	c.SetReadLimit(1 << 20)
	if err := d.join(ctx, c); err != nil {
		return nil, errors.Join(err, c.CloseNow())
	}
	return c, nil
}

func (d *device) join(ctx context.Context, c *websocket.Conn) error {
	if _, _, err := c.Read(ctx); err != nil { // the opening
		return err
	}
	auth := map[string]string{"token": d.token}
	if d.pid != "" {
		auth["pid"], auth["offset"] = d.pid, d.offset
	}
	text, err := json.Marshal(auth)
	if err != nil {
		return err
	}
	if err := c.Write(ctx, websocket.MessageText, append([]byte("40"), text...)); err != nil {
		return err
	}
	_, answer, err := c.Read(ctx)
	if err != nil {
		return err
	}
	var granted struct{ PID string }
	if !bytes.HasPrefix(answer, []byte("40")) || json.Unmarshal(answer[2:], &granted) != nil {
		return fmt.Errorf("%w to CONNECT: %s", errWrong, answer)
	}
	d.history.connected(granted.PID == d.pid)
	d.pid = granted.PID
	return nil
}

// use reads and sends on a connection until it ends.
func (d *device) use(ctx context.Context, c *websocket.Conn, more func() bool) error {
	ctx, stop := context.WithCancel(ctx)
	acks, ended := make(chan []byte, 1), make(chan error, 1)
	go func() { ended <- d.read(ctx, c, acks) }()
	err := d.send(ctx, c, acks, ended, more)
	stop()
	_ = c.CloseNow() // whose error is that it is closed
	return errors.Join(err, <-ended)
}

// send returns when the connection has ended, and leaves that in ended.
func (d *device) send(ctx context.Context, c *websocket.Conn, acks <-chan []byte, ended chan error, more func() bool) error {
	for d.pending != "" || more() {
		packet, err := json.Marshal([]any{"message.new", d.next()})
		if err != nil {
			return err
		}
		if err := c.Write(ctx, websocket.MessageText, append([]byte("42"+strconv.Itoa(d.sent)), packet...)); err != nil {
			return err
		}
		select {
		case ack := <-acks:
			if err := d.acked(ack); err != nil {
				return err
			}
		case err := <-ended:
			ended <- err
			return err
		case <-time.After(ackWait):
			return fmt.Errorf("%w: none for %s in %v", errWrong, d.pending, ackWait)
		}
	}
	err := <-ended
	ended <- err
	return err
}

// next begins the pending send again, or a new one, and returns its payload.
func (d *device) next() map[string]string {
	if d.pending == "" {
		d.sent++
		d.pending = fmt.Sprintf("torture-%s-%09d", d.name, d.sent)
	}
	d.history.add(checker.Event{Kind: checker.Called, Device: d.name, Conversation: d.conversation, Key: d.pending})
	return map[string]string{"recipientId": d.other, "content": "text of " + d.pending, "type": "text", "clientMessageId": d.pending}
}

// acked takes the answer to the pending send. A store that is being killed may refuse it, and then it is sent again.
func (d *device) acked(list []byte) error {
	var answers []struct {
		MessageID, ConversationID string
		Seq                       int64
		Error                     *struct{ Code string }
	}
	if err := json.Unmarshal(list, &answers); err != nil || len(answers) != 1 {
		return fmt.Errorf("%w: %s", errWrong, list)
	}
	a := answers[0]
	if a.Error != nil && a.Error.Code == "STORAGE_UNAVAILABLE" {
		return nil
	}
	if a.Error != nil || a.Seq == 0 {
		return fmt.Errorf("%w: %s", errWrong, list)
	}
	d.history.add(checker.Event{Kind: checker.Acked, Device: d.name, Conversation: d.conversation, Key: d.pending, ID: a.MessageID, Seq: a.Seq})
	d.pending = ""
	time.Sleep(*pause)
	return nil
}

// read takes what comes until the connection ends.
func (d *device) read(ctx context.Context, c *websocket.Conn, acks chan<- []byte) error {
	for {
		_, packet, err := c.Read(ctx)
		if err != nil {
			return err
		}
		switch text := string(packet); {
		case text == "2":
			if err := c.Write(ctx, websocket.MessageText, []byte("3")); err != nil {
				return err
			}
		case strings.HasPrefix(text, "43"):
			acks <- bytes.TrimLeft(packet[2:], "0123456789") // of the one send that waits for one
		case strings.HasPrefix(text, "42"):
			if err := d.heard(packet[2:]); err != nil {
				return err
			}
		}
	}
}

// message is what a message.new tells.
type message struct {
	MessageID, Content string
	Seq                int64
}

func (d *device) got(m message) {
	d.history.add(checker.Event{
		Kind: checker.Delivered, Device: d.name, Conversation: d.conversation, ID: m.MessageID, Seq: m.Seq, Body: m.Content,
	})
}

// heard records a message, and keeps the last string that any event ends in.
func (d *device) heard(event []byte) error {
	var args []json.RawMessage
	if err := json.Unmarshal(event, &args); err != nil || len(args) < 2 {
		return fmt.Errorf("%w: event %s", errWrong, event)
	}
	if string(args[0]) == `"message.new"` {
		var m message
		if err := json.Unmarshal(args[1], &m); err != nil {
			return fmt.Errorf("%w: event %s", errWrong, event)
		}
		d.got(m)
	}
	var position string
	if json.Unmarshal(args[len(args)-1], &position) == nil {
		d.offset = position
	}
	return nil
}
