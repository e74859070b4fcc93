package httpapi_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

const once = "Idempotency-Key"

func TestRepetitionGetsTheFirstAnswer(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	confirmed := strings.Replace(bookingPending, "pending", "confirmed", 1)
	completed := strings.Replace(paymentPending, "pending", "completed", 1)
	for key, r := range map[string][3]string{
		"booking-1":      {"PUT", "/v1/bookings/" + booking, confirmed},
		"payment-1":      {"PUT", "/v1/payments/" + payment, completed},
		"notification-1": {"POST", "/v1/notifications", notification},
		"event-1":        {"POST", "/v1/events", applicationNews},
	} {
		first := f.ask(r[0], r[1], r[2], once, key)
		want(t, first, 200)
		told := len(f.events)
		spaced := strings.NewReplacer(":", " : ", ",", "\n,").Replace(r[2])
		for _, body := range []string{r[2], spaced} {
			if again := f.ask(r[0], r[1], body, once, key); again.Code != 200 || again.Body.String() != first.Body.String() {
				t.Errorf("%s: first %s, again %d %s", key, first.Body, again.Code, again.Body)
			}
		}
		if len(f.events) != told {
			t.Errorf("%s: the repetition was told", key)
		}
	}
}

// The answer is the first one even when the world went on.
func TestRepetitionAfterAChange(t *testing.T) {
	f := newFixture(t)
	first := f.ask("PUT", "/v1/bookings/"+booking, bookingPending, once, "create")
	want(t, first, 200)
	want(t, f.ask("PUT", "/v1/bookings/"+booking, strings.Replace(bookingPending, "pending", "cancelled", 1)), 200)
	if again := f.ask("PUT", "/v1/bookings/"+booking, bookingPending, once, "create"); again.Body.String() != first.Body.String() {
		t.Errorf("first %s, again %s", first.Body, again.Body)
	}
}

// A repetition by short ids is answered as the first time after the persons it names were erased; a new request is not.
func TestRepetitionAfterAnErasure(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	short := strings.NewReplacer(asha, asha[:8], ben, ben[:8], booking, booking[:8], dock, dock[:8])
	requests := [][3]string{
		{"PUT", short.Replace("/v1/bookings/" + booking), short.Replace(strings.Replace(bookingPending, "pending", "confirmed", 1))},
		{"PUT", "/v1/payments/" + payment, short.Replace(strings.Replace(paymentPending, "pending", "completed", 1))},
		{"POST", "/v1/notifications", short.Replace(notification)},
		{"POST", "/v1/events", short.Replace(applicationNews)},
		{"POST", short.Replace("/v1/users/" + asha + "/disconnect"), ""},
		{"DELETE", short.Replace("/v1/users/" + asha), ""},
		{"DELETE", short.Replace("/v1/users/" + ben), ""},
	}
	first := make([]string, len(requests))
	for i, r := range requests {
		answer := f.ask(r[0], r[1], r[2], once, r[0]+r[1])
		want(t, answer, 200)
		first[i] = answer.Body.String()
	}
	for i, r := range requests {
		if again := f.ask(r[0], r[1], r[2], once, r[0]+r[1]); again.Code != 200 || again.Body.String() != first[i] {
			t.Errorf("%s %s: first %s, again %d %s", r[0], r[1], first[i], again.Code, again.Body)
		}
		if !strings.Contains(r[1], "payments") { // which names no person
			refused(t, f.ask(r[0], r[1], r[2], once, "another:"+r[0]), 404, dokkerr.NotFound, "")
		}
	}
}

func TestKeyOfAnotherRequestIsAConflict(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	want(t, f.ask("POST", "/v1/notifications", notification, once, "taken"), 200)
	other := booking[:len(booking)-1] + "2"
	for _, r := range [][3]string{
		{"POST", "/v1/notifications", strings.Replace(notification, "Five", "Four", 1)},
		{"POST", "/v1/notifications", strings.Replace(notification, ":5", ":5.0", 1)},
		{"POST", "/v1/events", applicationNews},
		{"PUT", "/v1/bookings/" + booking, bookingPending},
		{"PUT", "/v1/bookings/" + other, bookingPending},
	} {
		refused(t, f.ask(r[0], r[1], r[2], once, "taken"), 409, dokkerr.IdempotencyConflict, "")
	}
	want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending, once, "of a route"), 400)
	want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending, once, "of-a-route"), 200)
	refused(t, f.ask("PUT", "/v1/bookings/"+other, bookingPending, once, "of-a-route"), 409, dokkerr.IdempotencyConflict, "")
}

// A refusal has no effect, so its key is free for the corrected request.
func TestRefusedRequestKeepsNoKey(t *testing.T) {
	f := newFixture(t)
	refused(t, f.ask("PUT", "/v1/payments/"+payment, paymentPending, once, "early"), 404, dokkerr.NotFound, "")
	want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending), 200)
	want(t, f.ask("PUT", "/v1/payments/"+payment, paymentPending, once, "early"), 200)
}

func TestKeysThatAreNone(t *testing.T) {
	f := newFixture(t)
	for _, key := range []string{"with space", "tab\there", "umlaut-ü", strings.Repeat("x", 256), "\x7f"} {
		refused(t, f.ask("POST", "/v1/notifications", notification, once, key), 400, dokkerr.ValidationError, once)
	}
	for _, key := range []string{"x", strings.Repeat("x", 255), `!"#~`} {
		want(t, f.ask("POST", "/v1/notifications", notification, once, key), 200)
	}
}

func TestParallelRepetitionsHaveOneEffect(t *testing.T) {
	f := newFixture(t)
	answers := make([]string, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = f.ask("POST", "/v1/notifications", notification, once, "parallel").Body.String() })
	}
	wg.Wait()
	for _, answer := range answers {
		if answer != answers[0] {
			t.Errorf("%s and %s", answers[0], answer)
		}
	}
	page, err := f.service.Notifications(t.Context(), dokkerr.Actor{User: uuid.MustParse(asha)}, dokkerr.PageQuery{})
	if err != nil || len(page.Notifications) != 1 {
		t.Errorf("%d notifications, %v", len(page.Notifications), err)
	}
}
