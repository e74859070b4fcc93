package gateway

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// dora is away for less than the retention.
var dora = uuid.MustParse("d0000000-0000-4000-8000-000000000004")

// TestGapOfTheDeleted deletes what is older than the retention (R23, R16): who missed some of it is told so, who missed
// nothing but its own, or only what is younger, is not.
func TestGapOfTheDeleted(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		late, reader := h.opens(ben), h.opens(cleo)
		h.tells(ben, "1")
		late.gets("1")
		late.Close()
		h.tells(ben, numbers(2, 200)...)
		sent := h.connect(asha).writes(cleo, "ahoi")
		reader.gets("ahoi")
		reader.Ask("message.read", map[string]any{"messageId": sent["messageId"]})
		reader.Close()
		time.Sleep(5 * 24 * time.Hour)
		early := h.opens(dora)
		h.tells(dora, "1")
		early.gets("1")
		early.Close()
		h.tells(dora, numbers(2, 200)...)
		time.Sleep(27 * 24 * time.Hour)
		if err := h.service.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := h.service.Inbox(t.Context(), ben, 0, 1000); len(left) != 0 || err != nil {
			t.Errorf("%d events were not deleted, %v", len(left), err)
		}
		late.reconnect(false)
		late.gets("sync.gap")
		early.reconnect(true)
		early.gets(numbers(2, 200)...)
		reader.reconnect(true)
		reader.gets()
		h.tells(ben, "201")
		h.tells(cleo, "c")
		late.gets("201")
		reader.gets("c")
		late.Close()
		late.reconnect(true)
		late.gets()
	})
}

// TestSyncOfTheDeleted is the same for who asks by position.
func TestSyncOfTheDeleted(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, numbers(1, 3)...)
		p := h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": "0"}, "polling")
		first := p.asks("sync", map[string]any{"since": "0", "limit": 1}, "events", "position", "hasMore")
		p.Close()
		time.Sleep(32 * 24 * time.Hour)
		if err := h.service.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.tells(ben, "4")
		p = h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil), "since": "0"}, "polling")
		gap := p.asks("sync", map[string]any{"since": first["position"]}, "gap", "oldest")
		for _, since := range []any{gap["oldest"], "0"} {
			page := p.asks("sync", map[string]any{"since": since}, "events", "position", "hasMore")
			if events := page["events"].([]any); gap["gap"] != true || len(events) != 1 {
				t.Errorf("%v, then since %v %d events, want the last", gap, since, len(events))
			}
		}
	})
}

// TestHistoryOutlivesTheRetention deletes what can be deleted: conversations, what is unread, and notifications stay.
func TestHistoryOutlivesTheRetention(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		var ids []any
		for _, content := range []string{"one", "two", "three"} {
			ids = append(ids, p.writes(ben, content)["messageId"])
		}
		reader := h.connect(ben)
		reader.Ask("message.read", map[string]any{"messageId": ids[0]})
		reader.Close()
		p.Close()
		_, err := h.service.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: ben.String(), Type: "review_received", Title: "Five stars"})
		if err != nil {
			t.Fatal(err)
		}
		before := h.lists(ben)
		time.Sleep(32 * 24 * time.Hour)
		if err := h.service.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := h.lists(ben)
		if before != after || !strings.Contains(after, `"unreadCount":2,"readSeq":1`) {
			t.Errorf("lists\n%s, were\n%s", after, before)
		}
	})
}

// lists is what a user finds in lists and histories, as JSON.
func (h *harbour) lists(user dokkerr.ID) string {
	h.t.Helper()
	by, ctx := dokkerr.Actor{User: user}, h.t.Context()
	conversations, err := h.service.Conversations(ctx, by, dokkerr.PageQuery{})
	if err != nil {
		h.t.Fatal(err)
	}
	history, err := h.service.History(ctx, by, dokkerr.HistoryQuery{
		ConversationID: conversations.Conversations[0].ConversationID.String(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	notifications, err := h.service.Notifications(ctx, by, dokkerr.PageQuery{})
	if err != nil || len(notifications.Notifications) != 1 {
		h.t.Fatalf("%d notifications, %v", len(notifications.Notifications), err)
	}
	text, err := json.Marshal([]any{conversations, history, notifications})
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// TestGap is hole 24: what is older than the retention is told of once.
func TestGap(t *testing.T) {
	h := func(t *testing.T, path string) *harbour {
		return openHarbourWith(t, path, dokkerr.Retention{Events: 10})
	}
	inHarbourOf(t, h, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		h.tells(ben, numbers(2, 30)...)
		p.reconnect(false)
		p.gets(slices.Concat([]string{"sync.gap"}, numbers(21, 30))...)
		for range 3 {
			p.Close()
			p.reconnect(true)
			p.gets()
		}
		h.tells(ben, "31")
		p.gets("31")
		time.Sleep(2 * lazy)
		h.opens(ben).gets()
		stranger := &tab{h: h, user: ben, device: "new"}
		stranger.connect()
		stranger.gets()
		h.tells(cleo, numbers(1, 20)...)
		h.opens(cleo).gets(slices.Concat([]string{"sync.gap"}, numbers(11, 20))...)
	})
}

// TestGapThatWasNotHeard is R23: the connection dies behind the CONNECT reply, before the gap is told. The next one is told of it, and is
// not recovered, though it has the new pid.
func TestGapThatWasNotHeard(t *testing.T) {
	few := func(t *testing.T, path string) *harbour {
		return openHarbourWith(t, path, dokkerr.Retention{Events: 10})
	}
	inHarbourOf(t, few, func(t *testing.T, h *harbour) {
		p := h.opens(ben) // it has no offset
		p.Close()
		h.tells(ben, numbers(1, 30)...)
		for range 2 {
			p.reconnect(false)
			p.Waiting() // lost on the way
			p.Close()
		}
		p.reconnect(false)
		p.gets(slices.Concat([]string{"sync.gap"}, numbers(21, 30))...)
		p.Close()
		p.reconnect(true)
		p.gets()
	})
}

// TestGapOfTime is R23 and R16: a month is too long, but for what the session did itself.
func TestGapOfTime(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		quiet, p := h.opens(asha), h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		quiet.Ask("message.new", newMessage(cleo, "mine"))
		quiet.Close()
		h.tells(ben, "2")
		time.Sleep(31 * 24 * time.Hour)
		h.tells(ben, "3")
		h.tells(asha, "a")
		p.reconnect(false)
		p.gets("sync.gap", "3")
		quiet.reconnect(true)
		quiet.gets("a")
	})
}
