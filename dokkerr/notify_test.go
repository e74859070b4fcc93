package dokkerr_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestNotify(t *testing.T) {
	w := newWorld(t)
	id, err := w.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{
		UserID: w.ben.User.String(), Type: "review_received", Title: "A review", Body: "Five stars\nand a word", Data: []byte(`{ "stars" : 5 }`),
	})
	if err != nil {
		t.Fatal(err)
	}
	told := w.told()
	reaches(t, told[0], w.ben.User)
	payload(t, told[0], fmt.Sprintf(`{"notificationId":"%s","type":"review_received","title":"A review",`+
		`"body":"Five stars\nand a word","data":{"stars":5},"timestamp":"2026-11-22T18:00:00.123Z"}`, id))
}

func TestNotifyRefuses(t *testing.T) {
	w := newWorld(t)
	for path, edits := range map[string][]func(in *dokkerr.NotificationNew){
		"userId": {func(in *dokkerr.NotificationNew) { in.UserID = uuid.Nil.String() }},
		"type": {
			func(in *dokkerr.NotificationNew) { in.Type = "" },
			func(in *dokkerr.NotificationNew) { in.Type = strings.Repeat("x", 65) },
		},
		"title": {
			func(in *dokkerr.NotificationNew) { in.Title = "" },
			func(in *dokkerr.NotificationNew) { in.Title = "\xff" },
		},
		"body": {
			func(in *dokkerr.NotificationNew) { in.Body = strings.Repeat("x", 4001) },
			func(in *dokkerr.NotificationNew) { in.Body = "\x00" },
		},
		"data": {
			func(in *dokkerr.NotificationNew) { in.Data = []byte(`[1]`) },
			func(in *dokkerr.NotificationNew) { in.Data = []byte(`{"a":`) },
			func(in *dokkerr.NotificationNew) { in.Data = []byte(`{} {}`) },
			func(in *dokkerr.NotificationNew) { in.Data = []byte("{\"a\":\"\xff\"}") },
			func(in *dokkerr.NotificationNew) { in.Data = []byte(`{"a":"` + strings.Repeat("x", 64<<10) + `"}`) },
		},
	} {
		for _, edit := range edits {
			in := dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T", Data: []byte(`{}`)}
			edit(&in)
			_, err := w.Notify(t.Context(), dokkerr.Once{}, in)
			refused(t, err, dokkerr.ValidationError, path)
		}
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
}

func TestReadNotification(t *testing.T) {
	w := newWorld(t)
	id, err := w.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T"})
	if err != nil {
		t.Fatal(err)
	}
	w.told()
	w.clock.Advance(time.Minute)
	first, err := w.ReadNotification(t.Context(), w.ben, id.String())
	if err != nil || first.NotificationID != id || !first.ReadAt.Equal(w.clock.Now().Truncate(time.Millisecond)) {
		t.Errorf("%+v, %v", first, err)
	}
	w.clock.Advance(time.Minute)
	again, err := w.ReadNotification(t.Context(), w.ben, id.String())
	if err != nil || !again.ReadAt.Equal(first.ReadAt.Time) {
		t.Errorf("again %+v, %v", again, err)
	}
	page, err := w.Notifications(t.Context(), w.ben, dokkerr.PageQuery{})
	if err != nil || page.UnreadCount != 0 || !page.Notifications[0].ReadAt.Equal(first.ReadAt.Time) || string(page.Notifications[0].Data) != "{}" {
		t.Errorf("%+v, %v", page, err)
	}
	m := w.send(t, w.asha, w.ben, "Ahoi")
	for _, foreign := range []string{id.String(), uuid.NewString(), m.MessageID.String()} {
		_, err = w.ReadNotification(t.Context(), w.asha, foreign)
		refused(t, err, dokkerr.NotFound, "")
	}
	_, err = w.ReadNotification(t.Context(), w.ben, "n")
	refused(t, err, dokkerr.ValidationError, "notificationId")
}
