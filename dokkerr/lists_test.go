package dokkerr_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func bound(n int64) *int64 { return &n }

func TestHistory(t *testing.T) {
	w := newWorld(t)
	var c string
	for i := range 120 {
		c = w.send(t, w.asha, w.ben, fmt.Sprint(i+1)).ConversationID.String()
	}
	for _, test := range []struct {
		name      string
		q         dokkerr.HistoryQuery
		low, high int64
		more      bool
	}{
		{"the newest", dokkerr.HistoryQuery{}, 71, 120, true},
		{"a limit", dokkerr.HistoryQuery{Limit: 100}, 21, 120, true},
		{"before", dokkerr.HistoryQuery{Before: bound(51), Limit: 20}, 31, 50, true},
		{"the oldest", dokkerr.HistoryQuery{Before: bound(21), Limit: 20}, 1, 20, false},
		{"before the first", dokkerr.HistoryQuery{Before: bound(1)}, 1, 0, false},
		{"after", dokkerr.HistoryQuery{After: bound(50), Limit: 20}, 51, 70, true},
		{"to the end", dokkerr.HistoryQuery{After: bound(100), Limit: 20}, 101, 120, false},
		{"after the last", dokkerr.HistoryQuery{After: bound(120)}, 1, 0, false},
		{"from the start", dokkerr.HistoryQuery{After: bound(0), Limit: 1}, 1, 1, true},
		{"between", dokkerr.HistoryQuery{After: bound(10), Before: bound(13)}, 11, 12, false},
		{"between, with more", dokkerr.HistoryQuery{After: bound(10), Before: bound(100), Limit: 2}, 11, 12, true},
	} {
		test.q.ConversationID = c
		page, err := w.History(t.Context(), w.ben, test.q)
		if err != nil || page.Messages == nil || int64(len(page.Messages)) != test.high-test.low+1 || page.HasMore != test.more {
			t.Errorf("%s: %d messages, more: %v, %v", test.name, len(page.Messages), page.HasMore, err)
			continue
		}
		for i, m := range page.Messages {
			if m.Seq != test.low+int64(i) || m.Content != fmt.Sprint(m.Seq) {
				t.Errorf("%s: message %d is %+v", test.name, i, m)
			}
		}
	}
}

func TestHistoryRefuses(t *testing.T) {
	w := newWorld(t)
	c := w.send(t, w.asha, w.ben, "private").ConversationID.String()
	for _, test := range []struct {
		by   dokkerr.Actor
		q    dokkerr.HistoryQuery
		code dokkerr.Code
		path string
	}{
		{newActor(), dokkerr.HistoryQuery{ConversationID: c}, dokkerr.NotFound, ""},
		{w.asha, dokkerr.HistoryQuery{ConversationID: uuid.NewString()}, dokkerr.NotFound, ""},
		{w.asha, dokkerr.HistoryQuery{ConversationID: "c"}, dokkerr.ValidationError, "conversationId"},
		{w.asha, dokkerr.HistoryQuery{ConversationID: c, Limit: 101}, dokkerr.ValidationError, "limit"},
		{w.asha, dokkerr.HistoryQuery{ConversationID: c, Limit: -1}, dokkerr.ValidationError, "limit"},
		{w.asha, dokkerr.HistoryQuery{ConversationID: c, Before: bound(-1)}, dokkerr.ValidationError, "before"},
		{w.asha, dokkerr.HistoryQuery{ConversationID: c, After: bound(-1)}, dokkerr.ValidationError, "after"},
	} {
		_, err := w.History(t.Context(), test.by, test.q)
		refused(t, err, test.code, test.path)
	}
}

// TestConversationPages walks through the list while its first entry moves.
func TestConversationPages(t *testing.T) {
	w := newWorld(t)
	const n = 7
	others := make([]dokkerr.Actor, n)
	for i := range others {
		others[i] = newActor()
		w.send(t, others[i], w.asha, "Ahoi")
		w.send(t, others[i], w.asha, "Ahoi again")
	}
	seen := 0
	q := dokkerr.PageQuery{Limit: 3}
	for {
		page, err := w.Conversations(t.Context(), w.asha, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Conversations {
			seen++
			if c.OtherUserID != others[n-seen].User || c.UnreadCount != 2 || c.LastMessage.Content != "Ahoi again" {
				t.Errorf("conversation %d is %+v", seen, c)
			}
		}
		if page.Cursor == "" {
			break
		}
		w.send(t, others[n-1], w.asha, "Ahoi again")
		q.Cursor = page.Cursor
	}
	if seen != n {
		t.Errorf("saw %d of %d", seen, n)
	}
	empty, err := w.Conversations(t.Context(), newActor(), dokkerr.PageQuery{})
	if err != nil || empty.Conversations == nil || len(empty.Conversations) != 0 {
		t.Errorf("of nobody: %+v, %v", empty, err)
	}
}

func TestNotificationPages(t *testing.T) {
	w := newWorld(t)
	const n = 7
	var ids []dokkerr.ID
	for range n {
		w.clock.Advance(time.Second)
		id, err := w.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: w.asha.User.String(), Type: "t", Title: "T"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	seen := 0
	q := dokkerr.PageQuery{Limit: 3}
	for {
		page, err := w.Notifications(t.Context(), w.asha, q)
		if err != nil || page.UnreadCount != n {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, notification := range page.Notifications {
			if seen++; notification.NotificationID != ids[n-seen] || notification.ReadAt != nil {
				t.Errorf("notification %d is %+v", seen, notification)
			}
		}
		if page.Cursor == "" {
			break
		}
		q.Cursor = page.Cursor
	}
	if seen != n {
		t.Errorf("saw %d of %d", seen, n)
	}
	empty, err := w.Notifications(t.Context(), w.ben, dokkerr.PageQuery{})
	if err != nil || empty.Notifications == nil || len(empty.Notifications) != 0 {
		t.Errorf("of nobody: %+v, %v", empty, err)
	}
}

// TestCursors: a cursor must come from a page that the actor could have seen.
func TestCursors(t *testing.T) {
	w := newWorld(t)
	foreignMessage := w.send(t, newActor(), newActor(), "private").MessageID.String()
	foreignNotification, err := w.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T"})
	if err != nil {
		t.Fatal(err)
	}
	for _, cursor := range []string{"x", uuid.NewString(), foreignMessage, foreignNotification.String()} {
		_, err := w.Conversations(t.Context(), w.asha, dokkerr.PageQuery{Cursor: cursor})
		refused(t, err, dokkerr.ValidationError, "cursor")
		_, err = w.Notifications(t.Context(), w.asha, dokkerr.PageQuery{Cursor: cursor})
		refused(t, err, dokkerr.ValidationError, "cursor")
	}
	for _, limit := range []int{-1, 101} {
		_, err := w.Conversations(t.Context(), w.asha, dokkerr.PageQuery{Limit: limit})
		refused(t, err, dokkerr.ValidationError, "limit")
		_, err = w.Notifications(t.Context(), w.asha, dokkerr.PageQuery{Limit: limit})
		refused(t, err, dokkerr.ValidationError, "limit")
	}
}

func TestBookingsOfNobody(t *testing.T) {
	if list, err := newWorld(t).Bookings(t.Context(), newActor()); err != nil || list == nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
