package dokkerr_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestAnnounce(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	w.told()
	for _, durable := range []bool{true, false} {
		for _, in := range []dokkerr.ApplicationEvent{
			{UserID: w.ben.User.String()}, {BookingID: b.BookingID.String()},
		} {
			in.Event, in.Data, in.Durable = "weather.warning", []byte(`{"wind": "<9>"}`), durable
			if err := w.Announce(t.Context(), dokkerr.Once{}, in); err != nil {
				t.Fatal(err)
			}
			told := w.told()
			if len(told) != 1 || told[0].Name != "weather.warning" || told[0].Durable != durable || told[0].Booking != nil {
				t.Fatalf("told %+v", told)
			}
			payload(t, told[0], `{"wind":"<9>"}`)
			parties := 1
			if in.BookingID != "" {
				parties = 2
			}
			if len(told[0].To) != parties || told[0].To[0].User != w.ben.User || (told[0].To[0].Position > 0) != durable {
				t.Errorf("reaches %+v", told[0].To)
			}
		}
	}
	inbox, err := w.Inbox(t.Context(), w.ben.User, 0, 10)
	if err != nil || len(inbox) != 3 { // booking.created, and the two that are durable
		t.Errorf("inbox %+v, %v", inbox, err)
	}
}

func TestAnnounceRefuses(t *testing.T) {
	w := newWorld(t)
	unknown := uuid.NewString()
	for _, test := range []struct {
		name string
		code dokkerr.Code
		path string
		edit func(in *dokkerr.ApplicationEvent)
	}{
		{"no name", dokkerr.ValidationError, "event", func(in *dokkerr.ApplicationEvent) { in.Event = "" }},
		{"long name", dokkerr.ValidationError, "event", func(in *dokkerr.ApplicationEvent) { in.Event = strings.Repeat("x", 65) }},
		{"line break", dokkerr.ValidationError, "event", func(in *dokkerr.ApplicationEvent) { in.Event = "a\nb" }},
		{"no data", dokkerr.ValidationError, "data", func(in *dokkerr.ApplicationEvent) { in.Data = nil }},
		{"a string", dokkerr.ValidationError, "data", func(in *dokkerr.ApplicationEvent) { in.Data = []byte(`"text"`) }},
		{"nobody", dokkerr.ValidationError, "userId", func(in *dokkerr.ApplicationEvent) { in.UserID = "" }},
		{"both", dokkerr.ValidationError, "userId", func(in *dokkerr.ApplicationEvent) { in.BookingID = unknown }},
		{"no such booking", dokkerr.NotFound, "", func(in *dokkerr.ApplicationEvent) { in.UserID, in.BookingID = "", unknown }},
	} {
		in := dokkerr.ApplicationEvent{Event: "weather", Data: []byte(`{}`), UserID: w.ben.User.String(), Durable: true}
		test.edit(&in)
		t.Run(test.name, func(t *testing.T) {
			refused(t, w.Announce(t.Context(), dokkerr.Once{}, in), test.code, test.path)
		})
	}
	for _, name := range []string{
		"message.new", "message.read", "message.typing", "message.history", "conversation.list", "booking.list",
		"notification.list", "notification.read", "sync", "auth.refresh", "user.block", "user.unblock", "booking.created",
		"booking.updated", "booking.cancelled", "payment.processing", "payment.completed", "payment.failed",
		"notification.new", "presence.update", "auth.expiring", "sync.gap", "error", "connect", "connect_error",
		"disconnect", "disconnecting", "newListener", "removeListener",
	} {
		in := dokkerr.ApplicationEvent{Event: name, Data: []byte(`{}`), UserID: w.ben.User.String()}
		refused(t, w.Announce(t.Context(), dokkerr.Once{}, in), dokkerr.ValidationError, "event")
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
}
