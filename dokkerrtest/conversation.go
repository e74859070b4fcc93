package dokkerrtest

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// absent fails unless the lookup says that there is no such thing.
func absent[T any](t *testing.T, what string, _ T, err error) {
	t.Helper()
	if !errors.Is(err, dokkerr.ErrNotFound) {
		t.Errorf("%s: %v, want ErrNotFound", what, err)
	}
}

func testMessage(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	m := talk(t, b, asha, ben, "a key of the sender")
	check := func(what string, got dokkerr.Message, err error) {
		t.Helper()
		if err != nil || got != m {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.Message(m.MessageID)
		check("by id", got, err)
		got, err = tx.MessageByKey(asha, "a key of the sender")
		check("by key", got, err)
		got, err = tx.MessageByKey(ben, "a key of the sender")
		absent(t, "another's key", got, err)
		got, err = tx.Message(uuid.New())
		absent(t, "another id", got, err)
	})
	check("in a view", ask(t, b, func(r dokkerr.Reader) (dokkerr.Message, error) { return r.Message(m.MessageID) }), nil)
}

// A message whose key was used leaves nothing behind: no row, no position, no place in a conversation, and no conversation.
func testKeyUsed(t *testing.T, b *bench) {
	asha, ben, cleo := uuid.New(), uuid.New(), uuid.New()
	const key = "a key of the sender"
	first := talk(t, b, asha, ben, key)
	again := func(to dokkerr.ID) error {
		return b.store.Update(t.Context(), func(tx dokkerr.Tx) error {
			c, err := tx.ConversationOf(asha, to)
			if err != nil {
				c = dokkerr.ConversationState{ID: uuid.New(), Users: [2]dokkerr.ID{asha, to}}
			}
			e, _ := message(t, c, asha, key)
			tx.Append(e)
			return nil
		})
	}
	for who, to := range map[string]dokkerr.ID{"the same": ben, "a new one": cleo} {
		if err := again(to); !errors.Is(err, dokkerr.ErrKeyUsed) {
			t.Errorf("with the same key to %s: %v, want ErrKeyUsed", who, err)
		}
	}
	next := talk(t, b, asha, ben, "another key of hers")
	if next.Seq != first.Seq+1 {
		t.Errorf("seq %d follows %d", next.Seq, first.Seq)
	}
	for _, user := range []dokkerr.ID{asha, ben} {
		inbox := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Delivery, error) { return r.Inbox(user, 0, 10) })
		if len(inbox) != 2 || inbox[1].Position != inbox[0].Position+1 {
			t.Errorf("inbox %+v, want two events, one behind the other", inbox)
		}
	}
	err := b.store.View(t.Context(), func(r dokkerr.Reader) error { _, err := r.ConversationOf(asha, cleo); return err })
	absent(t, "a conversation with the new one", cleo, err)
}

func testMessageBySession(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	say := func(from, to dokkerr.ID, session, key string) dokkerr.Message {
		t.Helper()
		return talkIn(t, b, from, to, session, key)
	}
	say(asha, ben, "page", "")
	want := say(asha, ben, "page", "")
	say(asha, ben, "page", "a key of the sender")
	say(asha, ben, "another page", "")
	say(ben, asha, "page", "")
	b.do(t, func(tx dokkerr.Tx) {
		if got, err := tx.MessageBySession(asha, "page"); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
		got, err := tx.MessageBySession(asha, "a page that sent nothing")
		absent(t, "another session", got, err)
	})
	for range 256 {
		say(asha, uuid.New(), "another page", "")
	}
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.MessageBySession(asha, "page")
		absent(t, "long ago", got, err)
	})
}

func testConversation(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	for seq := range int64(3) {
		b.do(t, func(tx dokkerr.Tx) {
			c, err := tx.ConversationOf(ben, asha)
			if seq == 0 {
				absent(t, "before the first message", c, err)
			} else if err != nil || c.Seq != seq {
				t.Errorf("seq %d, %v; want %d", c.Seq, err, seq)
			}
		})
		talk(t, b, asha, ben, "")
	}
	c := ask(t, b, func(r dokkerr.Reader) (dokkerr.ConversationState, error) { return r.ConversationOf(asha, ben) })
	same := ask(t, b, func(r dokkerr.Reader) (dokkerr.ConversationState, error) { return r.Conversation(c.ID) })
	if c != same || c.Seq != 3 {
		t.Errorf("by users %+v, by id %+v", c, same)
	}
	if c.Users != [2]dokkerr.ID{asha, ben} && c.Users != [2]dokkerr.ID{ben, asha} {
		t.Errorf("users %v", c.Users)
	}
	err := b.store.View(t.Context(), func(r dokkerr.Reader) error { _, err := r.Conversation(uuid.New()); return err })
	absent(t, "another id", c, err)
}

func testReadMarks(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	m := talk(t, b, asha, ben, "")
	mark := dokkerr.ReadMark{Seq: 1, At: dokkerr.TimeOf(noon.Add(time.Minute))}
	var written dokkerr.ConversationState
	b.do(t, func(tx dokkerr.Tx) {
		c, err := tx.ConversationOf(asha, ben)
		if err != nil {
			t.Error(err)
		}
		for side, user := range c.Users {
			if user == ben {
				c.Read[side] = mark
			}
		}
		written = c
		tx.PutReadMarks(c)
	})
	b.do(t, func(tx dokkerr.Tx) {
		if c, err := tx.ConversationOf(ben, asha); err != nil || c.Read != written.Read {
			t.Errorf("in a decision: %+v, %v", c, err)
		}
	})
	c := ask(t, b, func(r dokkerr.Reader) (dokkerr.ConversationState, error) { return r.Conversation(m.ConversationID) })
	for side, user := range c.Users {
		want := dokkerr.ReadMark{}
		if user == ben {
			want = mark
		}
		if c.Read[side].Seq != want.Seq || (want.Seq > 0 && !c.Read[side].At.Equal(want.At.Time)) {
			t.Errorf("read mark %+v, want %+v", c.Read[side], want)
		}
	}
}

func testMessages(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	var c dokkerr.ID
	for i := range 10 {
		from, to := asha, ben
		if i%2 == 1 {
			from, to = ben, asha
		}
		c = talk(t, b, from, to, "").ConversationID
		talk(t, b, asha, uuid.New(), "") // another conversation
	}
	for _, test := range []struct {
		span      dokkerr.Span
		low, high int64
	}{
		{dokkerr.Span{Before: math.MaxInt64, Newest: true, Limit: 3}, 8, 10},
		{dokkerr.Span{Before: 8, Newest: true, Limit: 3}, 5, 7},
		{dokkerr.Span{Before: math.MaxInt64, Limit: 3}, 1, 3},
		{dokkerr.Span{After: 3, Before: math.MaxInt64, Limit: 3}, 4, 6},
		{dokkerr.Span{After: 3, Before: 5, Limit: 3}, 4, 4},
		{dokkerr.Span{After: 3, Before: 5, Newest: true, Limit: 3}, 4, 4},
		{dokkerr.Span{After: 10, Before: math.MaxInt64, Limit: 3}, 1, 0},
	} {
		list := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Message, error) { return r.Messages(c, test.span) })
		if int64(len(list)) != test.high-test.low+1 {
			t.Errorf("%+v: %d messages", test.span, len(list))
			continue
		}
		for i, m := range list {
			if m.Seq != test.low+int64(i) || m.ConversationID != c {
				t.Errorf("%+v: message %d has seq %d", test.span, i, m.Seq)
			}
		}
	}
}

func conversations(t *testing.T, b *bench, user, before dokkerr.ID, limit int) []dokkerr.Conversation {
	t.Helper()
	return ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Conversation, error) { return r.Conversations(user, before, limit) })
}

func testConversations(t *testing.T, b *bench) {
	me, a, o, z := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	talk(t, b, me, a, "")
	talk(t, b, o, me, "")
	talk(t, b, me, z, "")
	talk(t, b, a, z, "") // not mine
	last := talk(t, b, a, me, "")
	list := conversations(t, b, me, dokkerr.ID{}, 10)
	if len(list) != 3 || list[0].OtherUserID != a || list[1].OtherUserID != z || list[2].OtherUserID != o {
		t.Fatalf("list %+v", list)
	}
	want := dokkerr.LastMessage{
		MessageID: last.MessageID, SenderID: a, Content: last.Content, Type: last.Type, Timestamp: last.Timestamp, Seq: 2,
	}
	if list[0].LastMessage != want || list[0].ConversationID != last.ConversationID {
		t.Errorf("first %+v, want last message %+v", list[0], want)
	}
	rest := conversations(t, b, me, list[0].LastMessage.MessageID, 1)
	if len(rest) != 1 || rest[0] != list[1] {
		t.Errorf("second page %+v", rest)
	}
	if end := conversations(t, b, me, list[2].LastMessage.MessageID, 1); len(end) != 0 {
		t.Errorf("past the end %+v", end)
	}
}

// testUnread compares the store's count with one by hand, for both users after each step.
func testUnread(t *testing.T, b *bench) {
	users := [2]dokkerr.ID{uuid.New(), uuid.New()}
	var senders []int
	var read [2]int64
	check := func(step string) {
		t.Helper()
		for side, user := range users {
			var want int64
			for i, sender := range senders {
				if sender != side && int64(i+1) > read[side] {
					want++
				}
			}
			c := conversations(t, b, user, dokkerr.ID{}, 1)[0]
			if c.UnreadCount != want || c.ReadSeq != read[side] || c.OtherReadSeq != read[1-side] {
				t.Errorf("%s: user %d has %+v, want %d unread", step, side, c, want)
			}
		}
	}
	for _, step := range []struct {
		name         string
		sender       int
		reader, upTo int
	}{
		{"one", 0, -1, 0}, {"two", 0, -1, 0}, {"an answer", 1, -1, 0}, {"three", 0, 1, 2}, {"four", 0, 0, 3},
		{"five", 0, 1, 5}, {"six", 1, 0, 7}, {"seven", 0, -1, 0}, {"eight", 1, -1, 0},
	} {
		talk(t, b, users[step.sender], users[1-step.sender], "")
		senders = append(senders, step.sender)
		if step.reader >= 0 {
			read[step.reader] = int64(min(step.upTo, len(senders)))
			b.do(t, func(tx dokkerr.Tx) {
				c, err := tx.ConversationOf(users[0], users[1])
				if err != nil {
					t.Error(err)
				}
				for side, user := range c.Users {
					if user == users[step.reader] {
						c.Read[side] = dokkerr.ReadMark{Seq: read[step.reader], At: noon}
					}
				}
				tx.PutReadMarks(c)
			})
		}
		check(step.name)
	}
}
