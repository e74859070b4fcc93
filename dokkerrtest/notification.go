package dokkerrtest

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func notify(t *testing.T, b *bench, user dokkerr.ID) dokkerr.Notification {
	t.Helper()
	n := dokkerr.Notification{
		NotificationID: uuid.New(), Type: "test", Title: "A title", Body: "A body", Data: json.RawMessage(`{"a":1}`),
		Timestamp: noon,
	}
	data, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	b.do(t, func(tx dokkerr.Tx) {
		e := event(0, user)
		e.Name, e.Data, e.ID = "notification.new", data, n.NotificationID
		tx.Append(e)
	})
	return n
}

func testNotifications(t *testing.T, b *bench) {
	me, other := uuid.New(), uuid.New()
	first, second := notify(t, b, me), notify(t, b, me)
	foreign := notify(t, b, other)
	third := notify(t, b, me)
	at := dokkerr.TimeOf(noon.Add(time.Hour))
	b.do(t, func(tx dokkerr.Tx) {
		n, err := tx.Notification(me, foreign.NotificationID)
		absent(t, "another's", n, err)
		if n, err := tx.Notification(me, second.NotificationID); err != nil || !reflect.DeepEqual(n, second) {
			t.Errorf("by id: %+v, %v", n, err)
		}
		tx.PutReadAt(second.NotificationID, at)
	})
	second.ReadAt = &at
	page := func(before dokkerr.ID, limit int) (list []dokkerr.Notification, unread int64) {
		list = ask(t, b, func(r dokkerr.Reader) (l []dokkerr.Notification, err error) {
			l, unread, err = r.Notifications(me, before, limit)
			return l, err
		})
		return list, unread
	}
	list, unread := page(dokkerr.ID{}, 10)
	if want := []dokkerr.Notification{third, second, first}; !reflect.DeepEqual(list, want) || unread != 2 {
		t.Errorf("%d unread, list %+v", unread, list)
	}
	list, unread = page(third.NotificationID, 1)
	if want := []dokkerr.Notification{second}; !reflect.DeepEqual(list, want) || unread != 2 {
		t.Errorf("second page: %d unread, list %+v", unread, list)
	}
}
