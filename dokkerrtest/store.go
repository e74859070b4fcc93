package dokkerrtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestStore runs the suite. open returns an empty store, which it closes when the test ends.
func TestStore(t *testing.T, open func(t *testing.T) dokkerr.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, b *bench)
	}{
		{"an error undoes its decision alone", testFailingDecision},
		{"a broken rule of the tables fails its decision alone", testBrokenRule},
		{"a panic is the caller's", testPanic},
		{"a closed context is not run", testEndedContext},
		{"what was begun is committed in its order", testBegin},
		{"events are told after their commit, in its order", testOrder},
		{"what is told shows", testToldShows},
		{"a passing event is told and not kept", testPassingEvent},
		{"positions rise for each of two receivers", testPositions},
		{"an inbox is read in pages", testInboxPages},
		{"the unknown has nothing", testUnknown},
		{"what was missed is counted, and where the kept begins is found", testMissed},
		{"what is too old is deleted, and how far is known", testTrim},
		{"devices have confirmed positions", testConfirmed},
		{"a secret is kept", testSecret},
		{"a message is found by its id and its key", testMessage},
		{"a key is used once", testKeyUsed},
		{"a session's last message without a key is found", testMessageBySession},
		{"a conversation is found by its id and its users", testConversation},
		{"read marks are kept", testReadMarks},
		{"messages are read in spans", testMessages},
		{"conversations are listed by their last message", testConversations},
		{"what is unread is counted per side", testUnread},
		{"bookings and payments are kept", testBooking},
		{"active bookings are listed", testBookings},
		{"contacts share a conversation or an active booking", testContacts},
		{"notifications are listed, read and counted", testNotifications},
		{"a short id finds the only one", testResolve},
		{"an answer is kept for 30 days", testAnswer},
		{"what the provider told is kept", testProviderEvents},
		{"a user is erased, and the positions go on", testErase},
		{"revocations are kept until nothing needs them", testRevocations},
		{"blocks are kept, of each side its own", testBlocks},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, open(t))) })
	}
}

// bench is a store on the bench, with what it told.
type bench struct {
	store  dokkerr.Store
	mu     sync.Mutex
	told   []dokkerr.Event       // under mu
	listen func([]dokkerr.Event) // set before the first Update; nil for none
}

func newBench(t *testing.T, store dokkerr.Store) *bench {
	t.Helper()
	b := &bench{store: store}
	store.Subscribe(func(events []dokkerr.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, events...)
		if b.listen != nil {
			b.listen(events)
		}
	})
	return b
}

// events returns what was told so far.
func (b *bench) events() []dokkerr.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]dokkerr.Event(nil), b.told...)
}

// do runs a decision that must work.
func (b *bench) do(t *testing.T, decide func(tx dokkerr.Tx)) {
	t.Helper()
	err := b.store.Update(t.Context(), func(tx dokkerr.Tx) error {
		decide(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask asks a question that must have an answer.
func ask[T any](t *testing.T, b *bench, look func(r dokkerr.Reader) (T, error)) (answer T) {
	t.Helper()
	err := b.store.View(t.Context(), func(r dokkerr.Reader) (err error) {
		answer, err = look(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func inbox(t *testing.T, b *bench, user dokkerr.ID) []dokkerr.Delivery {
	t.Helper()
	return ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Delivery, error) { return r.Inbox(user, 0, 1000) })
}

// noon is when everything in the suite happens.
var noon = dokkerr.TimeOf(time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC))

// event returns a durable event with a number in it.
func event(number int, to ...dokkerr.ID) dokkerr.Entry {
	e := dokkerr.Entry{Time: noon, Event: dokkerr.Event{
		Name: "test.event", Data: json.RawMessage(fmt.Sprintf(`{"number":%d}`, number)), Durable: true, Origin: "session",
	}}
	for _, user := range to {
		e.To = append(e.To, dokkerr.Recipient{User: user})
	}
	return e
}

// message returns the entry of a message, and the message.
func message(t *testing.T, c dokkerr.ConversationState, from dokkerr.ID, key string) (dokkerr.Entry, dokkerr.Message) {
	t.Helper()
	to := c.Users[0]
	if to == from {
		to = c.Users[1]
	}
	m := dokkerr.Message{
		MessageID: uuid.New(), SenderID: from, Content: "Ahoi <3", Timestamp: noon, Type: "text", ConversationID: c.ID,
		RecipientID: to, Seq: c.Seq + 1,
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return dokkerr.Entry{
		Event: dokkerr.Event{
			Name: "message.new", Data: data, To: []dokkerr.Recipient{{User: to}, {User: from}}, Durable: true,
		},
		Time: noon, ID: m.MessageID,
		Message: &dokkerr.MessageEntry{ConversationID: c.ID, Seq: m.Seq, Key: key},
	}, m
}

// talk writes a message to an old or a new conversation.
func talk(t *testing.T, b *bench, from, to dokkerr.ID, key string) dokkerr.Message {
	t.Helper()
	return talkIn(t, b, from, to, "", key)
}

// talkIn is talk in a session, "" for none.
func talkIn(t *testing.T, b *bench, from, to dokkerr.ID, session, key string) dokkerr.Message {
	t.Helper()
	var m dokkerr.Message
	b.do(t, func(tx dokkerr.Tx) {
		c, err := tx.ConversationOf(from, to)
		if err != nil {
			c = dokkerr.ConversationState{ID: uuid.New(), Users: [2]dokkerr.ID{from, to}}
		}
		var e dokkerr.Entry
		e, m = message(t, c, from, key)
		e.Origin = session
		tx.Append(e)
	})
	return m
}

// Hold keeps the store's writer busy with a decision that writes nothing, until release is called.
func Hold(t *testing.T, store dokkerr.Store) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- store.Update(context.Background(), func(dokkerr.Tx) error {
			close(held)
			<-free
			return nil
		})
	}()
	<-held
	return func() {
		t.Helper()
		close(free)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
