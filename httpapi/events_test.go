package httpapi_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestNotificationIsCommitted(t *testing.T) {
	f := newFixture(t)
	answer := want(t, f.ask("POST", "/v1/notifications", notification), 200)
	page, err := f.service.Notifications(t.Context(), dokkerr.Actor{User: uuid.MustParse(asha)}, dokkerr.PageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Notifications) != 1 || page.Notifications[0].NotificationID.String() != answer["notificationId"] {
		t.Errorf("answered %v, stored %v", answer, page.Notifications)
	}
	if data := string(page.Notifications[0].Data); data != `{"stars":5}` {
		t.Errorf("data %s", data)
	}
}

func TestApplicationEventReachesItsUsers(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	for body, receivers := range map[string]int{
		applicationNews: 1,
		`{"event":"dock.ready","data":{"at":[1,{"x":null}]},"bookingId":"` + booking + `"}`:                       2,
		`{"event":"dock.blink","data":{},"bookingId":"` + booking + `","durable":false}`:                          2,
		`{"event":"dock.short","data":{"a":1.5e300},"userId":"` + asha[:8] + `","durable":true}`:                  1,
		`{"event":"dock.null","data":{},"userId":"` + strings.ToUpper(asha) + `","bookingId":null}`:               1,
		`{"event":"dock.spaces", "data":{ "b" : 1 , "a":2 }, "bookingId":"` + strings.ToUpper(booking[:8]) + `"}`: 2,
	} {
		f.events = nil
		if answer := want(t, f.ask("POST", "/v1/events", body), 200); len(answer) != 0 {
			t.Errorf("answer %v", answer)
		}
		if len(f.events) != 1 || len(f.events[0].To) != receivers {
			t.Fatalf("%s: told %+v", body, f.events)
		}
		if durable := !strings.Contains(body, "false"); f.events[0].Durable != durable {
			t.Errorf("%s: durable %v", body, f.events[0].Durable)
		}
	}
}
