package dokkerr_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestSend(t *testing.T) {
	w := newWorld(t)
	r := w.send(t, w.asha, w.ben, `Slip 14 <at "six"> & bring Ben`)
	told := w.told()
	if len(told) != 1 || told[0].Name != "message.new" || told[0].Origin != w.asha.Session || told[0].Booking != nil {
		t.Fatalf("told %+v", told)
	}
	reaches(t, told[0], w.ben.User, w.asha.User)
	payload(t, told[0], fmt.Sprintf(`{"messageId":"%s","senderId":"%s","content":"Slip 14 <at \"six\"> & bring Ben",`+
		`"timestamp":"2026-11-22T18:00:00.123Z","type":"text","conversationId":"%s","recipientId":"%s","seq":1}`,
		r.MessageID, w.asha.User, r.ConversationID, w.ben.User))
	if r.Seq != 1 || !r.Timestamp.Equal(w.clock.Now().Truncate(time.Millisecond)) {
		t.Errorf("receipt %+v", r)
	}
	for _, user := range []dokkerr.ID{w.asha.User, w.ben.User} {
		inbox, err := w.Inbox(t.Context(), user, 0, 10)
		if err != nil || len(inbox) != 1 || string(inbox[0].Data) != string(told[0].Data) || inbox[0].Origin != w.asha.Session {
			t.Errorf("inbox %+v, %v", inbox, err)
		}
	}
	back := w.send(t, w.ben, w.asha, "Aye")
	if back.ConversationID != r.ConversationID || back.Seq != 2 {
		t.Errorf("answer %+v to %+v", back, r)
	}
}

// TestSendRefuses goes through every field that can be wrong; nothing of it is told or stored.
func TestSendRefuses(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name string
		code dokkerr.Code
		path string
		edit func(in *dokkerr.NewMessage)
	}{
		{"no type", dokkerr.ValidationError, "type", func(in *dokkerr.NewMessage) { in.Type = "" }},
		{"another type", dokkerr.ValidationError, "type", func(in *dokkerr.NewMessage) { in.Type = "image" }},
		{"no content", dokkerr.ValidationError, "content", func(in *dokkerr.NewMessage) { in.Content = "" }},
		{"NUL", dokkerr.ValidationError, "content", func(in *dokkerr.NewMessage) { in.Content = "a\x00b" }},
		{"no UTF-8", dokkerr.ValidationError, "content", func(in *dokkerr.NewMessage) { in.Content = "a\xffb" }},
		{"a byte too many", dokkerr.ValidationError, "content",
			func(in *dokkerr.NewMessage) { in.Content = strings.Repeat("a", 16<<10+1) }},
		{"too long in NFC", dokkerr.ValidationError, "content", // U+0958 is 3 bytes, and 6 in NFC
			func(in *dokkerr.NewMessage) { in.Content = strings.Repeat("\u0958", (16<<10)/6+1) }},
		{"far too long", dokkerr.ValidationError, "content",
			func(in *dokkerr.NewMessage) { in.Content = strings.Repeat("a", 1<<20) }},
		{"no recipient", dokkerr.ValidationError, "recipientId", func(in *dokkerr.NewMessage) { in.RecipientID = "" }},
		{"no id", dokkerr.ValidationError, "recipientId", func(in *dokkerr.NewMessage) { in.RecipientID = "ben" }},
		{"no hex", dokkerr.ValidationError, "recipientId", func(in *dokkerr.NewMessage) { in.RecipientID = "0123456g" }},
		{"braces", dokkerr.ValidationError, "recipientId",
			func(in *dokkerr.NewMessage) { in.RecipientID = "{" + in.RecipientID + "}" }},
		{"urn", dokkerr.ValidationError, "recipientId",
			func(in *dokkerr.NewMessage) { in.RecipientID = "urn:uuid:" + in.RecipientID }},
		{"no hyphens", dokkerr.ValidationError, "recipientId",
			func(in *dokkerr.NewMessage) { in.RecipientID = strings.ReplaceAll(in.RecipientID, "-", "") }},
		{"oneself", dokkerr.ValidationError, "recipientId",
			func(in *dokkerr.NewMessage) { in.RecipientID = w.asha.User.String() }},
		{"oneself, in capitals", dokkerr.ValidationError, "recipientId",
			func(in *dokkerr.NewMessage) { in.RecipientID = strings.ToUpper(w.asha.User.String()) }},
		{"unknown short id", dokkerr.NotFound, "", func(in *dokkerr.NewMessage) { in.RecipientID = "01234567" }},
		{"short key", dokkerr.ValidationError, "clientMessageId",
			func(in *dokkerr.NewMessage) { in.ClientMessageID = strings.Repeat("k", 15) }},
		{"long key", dokkerr.ValidationError, "clientMessageId",
			func(in *dokkerr.NewMessage) { in.ClientMessageID = strings.Repeat("k", 65) }},
		{"key with NUL", dokkerr.ValidationError, "clientMessageId",
			func(in *dokkerr.NewMessage) { in.ClientMessageID = "0123456789abcde\x00" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := text(w.ben, "Ahoi")
			test.edit(&in)
			_, err := w.Send(t.Context(), w.asha, in)
			refused(t, err, test.code, test.path)
		})
	}
	if told := w.told(); len(told) != 0 {
		t.Errorf("told %+v", told)
	}
	if list, err := w.Contacts(t.Context(), w.asha.User); err != nil || len(list) != 0 {
		t.Errorf("a refused message began a conversation: %v, %v", list, err)
	}
}

// TestSendAccepts goes through what is on the right side of a bound.
func TestSendAccepts(t *testing.T) {
	w := newWorld(t)
	for name, content := range map[string]string{
		"16 KiB":           strings.Repeat("a", 16<<10),
		"16 KiB in NFC":    strings.Repeat("e\u0301", 8<<10), // 24 KiB as it comes
		"one byte":         "a",
		"space":            " ",
		"surrogates":       "a\ufffdb",
		"right to left":    "\u202etfel",
		"control but NUL":  "a\x01\x1b\r\n\u2028b",
		"combining to 600": "a" + strings.Repeat("\u0301", 600),
	} {
		if _, err := w.Send(t.Context(), w.asha, text(w.ben, content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, key := range []string{strings.Repeat("k", 16), strings.Repeat("ü", 64)} {
		in := text(w.ben, "Ahoi")
		in.ClientMessageID = key
		if _, err := w.Send(t.Context(), w.asha, in); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

func TestSendNormalises(t *testing.T) {
	w := newWorld(t)
	w.send(t, w.asha, w.ben, "Cafe\u0301")
	w.send(t, w.asha, w.ben, "\u212b") // the angstrom sign is an A with a ring
	page, err := w.Conversations(t.Context(), w.ben, dokkerr.PageQuery{})
	if err != nil || page.Conversations[0].LastMessage.Content != "\u00c5" {
		t.Errorf("%+v, %v", page, err)
	}
	if data := string(w.told()[0].Data); !strings.Contains(data, "Caf\u00e9") {
		t.Error(data)
	}
}

// TestSendAgain repeats a key: the same message, in whatever form, is the same message.
func TestSendAgain(t *testing.T) {
	w := newWorld(t)
	if err := w.Record(t.Context(), dokkerr.Device{User: w.ben.User}, 0); err != nil {
		t.Fatal(err)
	}
	in := text(w.ben, "Cafe\u0301")
	in.ClientMessageID = "0123456789abcdef"
	first, err := w.Send(t.Context(), w.asha, in)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Hour)
	again := in
	again.Content = "Caf\u00e9"
	again.RecipientID = w.ben.User.String()[:8]
	if r, err := w.Send(t.Context(), newActorOf(w.asha), again); err != nil || r != first {
		t.Errorf("again: %+v, %v; first %+v", r, err, first)
	}
	if told := w.told(); len(told) != 1 {
		t.Errorf("told %d times", len(told))
	}
	other := in
	other.Content = "Tea"
	_, err = w.Send(t.Context(), w.asha, other)
	refused(t, err, dokkerr.IdempotencyConflict, "")
	other = in
	other.RecipientID = uuid.NewString()
	_, err = w.Send(t.Context(), w.asha, other)
	refused(t, err, dokkerr.IdempotencyConflict, "")
	in.RecipientID = w.asha.User.String() // the key is Ben's own now
	if r, err := w.Send(t.Context(), w.ben, in); err != nil || r.MessageID == first.MessageID {
		t.Errorf("another sender: %+v, %v", r, err)
	}
}

// TestSendAgainToWhoHasATwin: a repetition is answered as the first time though the short id stands for two by now.
func TestSendAgainToWhoHasATwin(t *testing.T) {
	w := newWorld(t)
	twin := w.ben.User
	twin[9]++
	sees := func(user dokkerr.ID) {
		t.Helper()
		if err := w.Record(t.Context(), dokkerr.Device{User: user}, 0); err != nil {
			t.Fatal(err)
		}
	}
	sees(w.ben.User)
	in := text(w.ben, "Ahoi")
	in.RecipientID = strings.ToUpper(w.ben.User.String()[:8])
	in.ClientMessageID = "0123456789abcdef"
	first, err := w.Send(t.Context(), w.asha, in)
	if err != nil {
		t.Fatal(err)
	}
	sees(twin)
	if again, err := w.Send(t.Context(), w.asha, in); err != nil || again != first {
		t.Errorf("again: %+v, %v; first %+v", again, err, first)
	}
	other := in
	other.Content = "Tea"
	_, err = w.Send(t.Context(), w.asha, other)
	refused(t, err, dokkerr.IdempotencyConflict, "")
	other = in
	other.ClientMessageID = "another key, new"
	_, err = w.Send(t.Context(), w.asha, other)
	refused(t, err, dokkerr.NotFound, "")
}

// newActorOf is another session of the same user.
func newActorOf(a dokkerr.Actor) dokkerr.Actor {
	return dokkerr.Actor{User: a.User, Session: uuid.NewString()}
}

// TestSendCopies sends five copies of each of some messages at once, among 200 strangers (delivery R20).
func TestSendCopies(t *testing.T) {
	const keys, copies, strangers = 20, 5, 200
	w := newWorld(t)
	receipts := make([][copies]dokkerr.Receipt, keys)
	var all sync.WaitGroup
	for range strangers {
		all.Go(func() { w.send(t, newActor(), newActor(), "Ahoi") })
	}
	for key := range keys {
		for i := range copies {
			all.Go(func() {
				in := text(w.ben, fmt.Sprintf("message %d", key))
				in.ClientMessageID = fmt.Sprintf("key-number-%08d", key)
				r, err := w.Send(t.Context(), newActorOf(w.asha), in)
				if err != nil {
					t.Error(err)
				}
				receipts[key][i] = r
			})
		}
	}
	all.Wait()
	for key, r := range receipts {
		for i := range r {
			if r[i] != r[0] {
				t.Errorf("key %d: copy %d got %+v, copy 0 %+v", key, i, r[i], r[0])
			}
		}
	}
	if told := w.told(); len(told) != keys+strangers {
		t.Errorf("%d told, want %d", len(told), keys+strangers)
	}
	inbox, err := w.Inbox(t.Context(), w.ben.User, 0, 1000)
	if err != nil || len(inbox) != keys {
		t.Errorf("%d in the inbox, %v; want %d", len(inbox), err, keys)
	}
}

// TestSendAtOnce lets 64 users write to one at the same time, and two to each other: seqs have no gaps, positions rise, and
// what is told is what is stored.
func TestSendAtOnce(t *testing.T) {
	const senders, each = 64, 20
	w := newWorld(t)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			from := newActor()
			for range each {
				w.send(t, from, w.ben, "Ahoi")
			}
		})
		all.Go(func() { w.send(t, w.asha, w.ben, "Ahoi") })
		all.Go(func() { w.send(t, w.ben, w.asha, "Ahoi") })
	}
	all.Wait()
	const total = senders * (each + 2)
	inbox, err := w.Inbox(t.Context(), w.ben.User, 0, total+1)
	if err != nil || len(inbox) != total {
		t.Fatalf("%d in the inbox, %v; want %d", len(inbox), err, total)
	}
	told := w.told()
	seqs := map[dokkerr.ID]int64{}
	for i, d := range inbox {
		m := messageOf(t, d.Data)
		if seqs[m.ConversationID]++; m.Seq != seqs[m.ConversationID] {
			t.Fatalf("seq %d in place of %d", m.Seq, seqs[m.ConversationID])
		}
		if i > 0 && d.Position <= inbox[i-1].Position {
			t.Fatalf("position %d after %d", d.Position, inbox[i-1].Position)
		}
		if string(told[i].Data) != string(d.Data) || !slices.Contains(told[i].To, dokkerr.Recipient{User: w.ben.User, Position: d.Position}) {
			t.Fatalf("event %d was told as %+v", i, told[i])
		}
	}
}

// TestSendAfterARestart is R14 where only the store remembers: the first message of a session that comes back may be its last one
// without a key.
func TestSendAfterARestart(t *testing.T) {
	w := newWorld(t)
	w.clock.Advance(-time.Minute) // the service began a minute later
	first := w.send(t, w.asha, w.ben, "Ahoy")
	w.clock.Advance(2 * time.Minute)
	other := dokkerr.Actor{User: w.asha.User, Session: "another page"}
	w.send(t, other, w.ben, "Ahoy from the other page")
	w.told()
	again := func(by dokkerr.Actor, content string, resumed, same bool) {
		t.Helper()
		in := text(w.ben, content)
		in.Resumed = resumed
		got, err := w.Send(t.Context(), by, in)
		if err != nil || (got == first) != same || (len(w.told()) == 0) != same {
			t.Errorf("%q of %s, resumed %v: %+v, %v", content, by.Session, resumed, got, err)
		}
	}
	again(w.asha, "Ahoy", true, true)
	again(other, "Ahoy", true, false)
	again(w.asha, "Ahoy", false, false)
	again(w.asha, "Ahoy", true, false) // the last one is of this life: the gateway knows about that
	again(w.asha, "Avast", true, false)
}

func TestSendLongAfterARestart(t *testing.T) {
	w := newWorld(t)
	w.clock.Advance(-6 * time.Minute)
	first := w.send(t, w.asha, w.ben, "Ahoy")
	in := text(w.ben, "Ahoy")
	in.Resumed = true
	if got, err := w.Send(t.Context(), w.asha, in); err != nil || got.Seq != first.Seq+1 {
		t.Errorf("%+v, %v", got, err)
	}
}
