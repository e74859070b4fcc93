package dokkerr_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func messageOf(t testing.TB, data []byte) (m dokkerr.Message) {
	t.Helper()
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRead(t *testing.T) {
	w := newWorld(t)
	first, second := w.send(t, w.asha, w.ben, "one"), w.send(t, w.asha, w.ben, "two")
	third := w.send(t, w.asha, w.ben, "three")
	w.told()
	w.clock.Advance(time.Minute)

	r, err := w.Read(t.Context(), w.ben, second.MessageID.String())
	if err != nil || r.MessageID != second.MessageID || !r.ReadAt.Equal(w.clock.Now().Truncate(time.Millisecond)) {
		t.Fatalf("%+v, %v", r, err)
	}
	told := w.told()
	if len(told) != 1 || told[0].Name != "message.read" || told[0].Origin != w.ben.Session {
		t.Fatalf("told %+v", told)
	}
	reaches(t, told[0], w.asha.User, w.ben.User)
	payload(t, told[0], fmt.Sprintf(
		`{"messageId":"%s","readAt":"2026-11-22T18:01:00.123Z","conversationId":"%s","userId":"%s","seq":2}`,
		second.MessageID, second.ConversationID, w.ben.User))

	w.clock.Advance(time.Minute)
	for _, m := range []dokkerr.Receipt{second, first} { // again, and an older one
		again, err := w.Read(t.Context(), w.ben, m.MessageID.String())
		if err != nil || again.MessageID != m.MessageID || !again.ReadAt.Equal(r.ReadAt.Time) {
			t.Errorf("again: %+v, %v", again, err)
		}
	}
	if names := w.names(); names != nil {
		t.Errorf("what was read already told %v", names)
	}
	for _, reader := range []dokkerr.Actor{w.ben, w.asha} { // Asha reads a message of her own
		if _, err := w.Read(t.Context(), reader, third.MessageID.String()); err != nil {
			t.Error(err)
		}
	}
	if names := w.names(); len(names) != 2 {
		t.Errorf("told %v", names)
	}
	for reader, other := range map[dokkerr.Actor]dokkerr.Actor{w.ben: w.asha, w.asha: w.ben} {
		page, err := w.Conversations(t.Context(), reader, dokkerr.PageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if c := page.Conversations[0]; c.OtherUserID != other.User || c.ReadSeq != 3 || c.OtherReadSeq != 3 || c.UnreadCount != 0 {
			t.Errorf("conversation %+v", c)
		}
	}
}

// TestReadRefuses: what is foreign and what is absent look the same.
func TestReadRefuses(t *testing.T) {
	w := newWorld(t)
	m := w.send(t, w.asha, w.ben, "private")
	w.told()
	_, err := w.Read(t.Context(), newActor(), m.MessageID.String())
	_, absent := w.Read(t.Context(), newActor(), uuid.NewString())
	refused(t, err, dokkerr.NotFound, "")
	if err.Error() != absent.Error() {
		t.Errorf("foreign: %v, absent: %v", err, absent)
	}
	_, err = w.Read(t.Context(), w.ben, "message 1")
	refused(t, err, dokkerr.ValidationError, "messageId")
	_, err = w.Read(t.Context(), w.ben, m.MessageID.String()[:8]) // messages have no short ids
	refused(t, err, dokkerr.ValidationError, "messageId")
	n, err := w.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Read(t.Context(), w.ben, n.String()) // nor is a notification a message
	refused(t, err, dokkerr.NotFound, "")
	if names := w.names(); len(names) != 1 {
		t.Errorf("told %v", names)
	}
}

func TestTyping(t *testing.T) {
	w := newWorld(t)
	_, err := w.Typing(t.Context(), w.asha, "", w.ben.User.String())
	refused(t, err, dokkerr.NotFound, "") // no conversation yet
	c := w.send(t, w.asha, w.ben, "Ahoi").ConversationID
	want := dokkerr.TypingTarget{ConversationID: c, OtherUserID: w.asha.User}
	if got, err := w.Typing(t.Context(), w.ben, c.String(), ""); err != nil || got != want {
		t.Errorf("by conversation: %+v, %v", got, err)
	}
	if got, err := w.Typing(t.Context(), w.ben, "", w.asha.User.String()); err != nil || got != want {
		t.Errorf("by recipient: %+v, %v", got, err)
	}
	if err := w.Record(t.Context(), dokkerr.Device{User: w.asha.User}, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Typing(t.Context(), w.ben, "", w.asha.User.String()[:8]); err != nil || got != want {
		t.Errorf("by short id: %+v, %v", got, err)
	}
	for _, test := range []struct {
		by                      dokkerr.Actor
		conversation, recipient string
		code                    dokkerr.Code
		path                    string
	}{
		{newActor(), c.String(), "", dokkerr.NotFound, ""},
		{w.ben, uuid.NewString(), "", dokkerr.NotFound, ""},
		{w.ben, "", w.ben.User.String(), dokkerr.NotFound, ""},
		{w.ben, "", "", dokkerr.ValidationError, "conversationId"},
		{w.ben, c.String(), w.asha.User.String(), dokkerr.ValidationError, "conversationId"},
		{w.ben, "c", "", dokkerr.ValidationError, "conversationId"},
		{w.ben, "", "a", dokkerr.ValidationError, "recipientId"},
	} {
		_, err := w.Typing(t.Context(), test.by, test.conversation, test.recipient)
		refused(t, err, test.code, test.path)
	}
}
