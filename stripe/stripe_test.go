package stripe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/stripe"
)

// TestEvents is every vector of S-05 about what was told, and what it leaves.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	other := w.book(t, uuid.New())
	good := w.intent(1000, "eur")
	replaced := func(old, text string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(good, old, text, 1)
	}
	booked := `"bookingId":"` + w.booking.String() + `"`
	for _, step := range []struct {
		name, id, kind string
		after          int64 // seconds
		object         string
		status         int
		outcome, state string
	}{
		{"unknown type", "evt_a", "customer.created", 0, `{"id":"cus_1"}`, 200, "ignored", ""},
		{"unknown type again", "evt_a", "customer.created", 0, `{"id":"cus_1"}`, 200, "repeated", ""},
		{"an intent for no booking", "evt_b", "payment_intent.succeeded", 9, `{"id":"pi_9","amount":5,"currency":"eur","metadata":{}}`, 200, "ignored", ""},
		{"created", "evt_1", "payment_intent.created", 0, good, 200, "applied", "pending"},
		{"replay", "evt_1", "payment_intent.created", 0, good, 200, "repeated", "pending"},
		{"same id, other body", "evt_1", "payment_intent.succeeded", 9, good, 409, "IDEMPOTENCY_CONFLICT", "pending"},
		{"processing", "evt_2", "payment_intent.processing", 2, good, 200, "applied", "processing"},
		{"older than the state", "evt_3", "payment_intent.payment_failed", 1, good, 200, "late", "processing"},
		{"failed", "evt_4", "payment_intent.payment_failed", 3, good, 200, "applied", "failed"},
		{"another amount", "evt_5", "payment_intent.succeeded", 9, w.intent(1001, "eur"), 200, "parked", "failed"},
		{"another currency", "evt_6", "payment_intent.succeeded", 9, w.intent(1000, "usd"), 200, "parked", "failed"},
		{"another booking", "evt_7", "payment_intent.succeeded", 9, replaced(booked, `"bookingId":"`+other.String()+`"`), 200, "parked", "failed"},
		{"no such booking", "evt_8", "payment_intent.succeeded", 9, replaced(booked, `"bookingId":"`+uuid.NewString()+`"`), 200, "parked", "failed"},
		{"no booking's id", "evt_9", "payment_intent.succeeded", 9, replaced(booked, `"bookingId":"7"`), 200, "parked", "failed"},
		{"less received", "evt_10", "payment_intent.succeeded", 9, replaced(`"amount_received":1000`, `"amount_received":999`), 200, "parked", "failed"},
		{"no intent", "evt_11", "payment_intent.succeeded", 9, `[]`, 200, "parked", "failed"},
		{"an amount that is no integer", "evt_12", "payment_intent.succeeded", 9, replaced(`"amount":1000`, `"amount":1000.5`), 200, "parked", "failed"},
		{"cancelled", "evt_13", "payment_intent.canceled", 4, good, 200, "applied", "failed"},
		{"success", "evt_14", "payment_intent.succeeded", 0, good, 200, "applied", "completed"},
		{"late failure", "evt_15", "payment_intent.payment_failed", 99, good, 200, "late", "completed"},
		{"success again", "evt_16", "payment_intent.succeeded", 99, good, 200, "late", "completed"},
		{"no id", "", "payment_intent.succeeded", 9, good, 400, "VALIDATION_ERROR", "completed"},
		{"no type", "evt_17", "", 9, good, 400, "VALIDATION_ERROR", "completed"},
		{"an id of 300", strings.Repeat("e", 300), "payment_intent.succeeded", 9, good, 400, "VALIDATION_ERROR", "completed"},
	} {
		status, answer := w.tell(t, step.id, step.kind, noon.Unix()+step.after, step.object)
		if status != step.status || !strings.Contains(answer, `"`+step.outcome+`"`) {
			t.Errorf("%s: %d %s, want %d %s", step.name, status, answer, step.status, step.outcome)
		}
		if state := w.status(t); state != step.state {
			t.Errorf("%s: payment is %q, want %q", step.name, state, step.state)
		}
	}
	if n := strings.Count(w.log.String(), "ALARM"); n != 1 {
		t.Errorf("%d alarms, want that of the other body:\n%s", n, w.log)
	}
	if n := strings.Count(w.log.String(), "webhook parked"); n != 8 {
		t.Errorf("%d parked ones in the log:\n%s", n, w.log)
	}
}

// TestFailureTellsNoCard: parties hear the provider's code, and nothing else of it.
func TestFailureTellsNoCard(t *testing.T) {
	w := newWorld(t)
	if status, answer := w.tell(t, "evt_1", "payment_intent.payment_failed", noon.Unix(), w.intent(1000, "eur")); status != 200 {
		t.Fatal(status, answer)
	}
	inbox, err := w.service.Inbox(t.Context(), w.boater, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, d := range inbox {
		all += string(d.Data)
	}
	if !strings.Contains(all, `"error":"generic_decline: the payment did not succeed"`) || strings.Contains(all, "4242") {
		t.Errorf("told %s", all)
	}
}

func TestRequests(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS"} {
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, httptest.NewRequest(method, "/webhooks/stripe", nil))
		if answer.Code != 405 || answer.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, answer.Code, answer.Header().Get("Allow"))
		}
	}
	large := w.event("evt_1", "customer.created", noon.Unix(), `{"x":"`+strings.Repeat("x", 300<<10)+`"}`)
	if status, answer := w.post(large, signed(secret, noon, large)); status != 413 || !strings.Contains(answer, "PAYLOAD_TOO_LARGE") {
		t.Errorf("300 KB: %d %s", status, answer)
	}
	fits := w.event("evt_2", "customer.created", noon.Unix(), `{"x":"`+strings.Repeat("x", 255<<10)+`"}`)
	if status, answer := w.post(fits, signed(secret, noon, fits)); status != 200 {
		t.Errorf("255 KB: %d %s", status, answer)
	}
}

// TestParallelCopies sends one event a thousand times at once.
func TestParallelCopies(t *testing.T) {
	w := newWorld(t)
	body := w.event("evt_1", "payment_intent.succeeded", noon.Unix(), w.intent(1000, "eur"))
	answers := make([]string, 1000)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { _, answers[i] = w.post(body, signed(secret, noon, body)) })
	}
	all.Wait()
	count := map[string]int{}
	for _, answer := range answers {
		count[strings.TrimSpace(answer)]++
	}
	if count[`{"outcome":"applied"}`] != 1 || count[`{"outcome":"repeated"}`] != len(answers)-1 {
		t.Errorf("answers %v", count)
	}
	inbox, err := w.service.Inbox(t.Context(), w.boater, 0, 100)
	if err != nil || len(inbox) != 3 { // the booking, the payment, its notification
		t.Errorf("%d events, %v", len(inbox), err)
	}
}

// TestStoreDown: a store that is closed.
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	body := w.event("evt_1", "payment_intent.succeeded", noon.Unix(), w.intent(1000, "eur"))
	r := httptest.NewRequest("POST", "/webhooks/stripe", strings.NewReader(body))
	r.Header.Set("Stripe-Signature", signed(secret, noon, body))
	w.ServeHTTP(answer, r)
	if answer.Code != 503 || answer.Header().Get("Retry-After") != "1" || !strings.Contains(answer.Body.String(), "STORAGE_UNAVAILABLE") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

type hearing func(context.Context, dokkerr.ProviderEvent) (dokkerr.ProviderEvent, error)

func (h hearing) Hear(ctx context.Context, in dokkerr.ProviderEvent) (dokkerr.ProviderEvent, error) {
	return h(ctx, in)
}

// TestStoreHangs: an answer comes within a second, however long the store takes.
func TestStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(context.Context, dokkerr.ProviderEvent) (dokkerr.ProviderEvent, error) {
			time.Sleep(time.Minute)
			return dokkerr.ProviderEvent{}, errors.New("too late")
		}
		w := &world{Handler: stripe.New(hearing(hangs), stripe.Options{
			Secrets: [][]byte{[]byte(secret)}, Logger: slog.New(slog.DiscardHandler),
		})}
		body, begin := w.event("evt_1", "customer.created", 0, `{}`), time.Now()
		status, answer := w.post(body, signed(secret, begin, body))
		if took := time.Since(begin); status != 503 || took > time.Second || !strings.Contains(answer, "STORAGE_UNAVAILABLE") {
			t.Errorf("%d %s after %v", status, answer, took)
		}
		time.Sleep(time.Minute) // until the store has given up too
	})
}

// TestPanic: a panic is answered like a store that fails, so that the provider sends it again, and is in the log with its stack, once:
// also one that comes after the answer.
func TestPanic(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "late": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				panicked := 0
				breaks := func(context.Context, dokkerr.ProviderEvent) (dokkerr.ProviderEvent, error) {
					time.Sleep(wait)
					panic("boom-7d1f")
				}
				w := &world{Handler: stripe.New(hearing(breaks), stripe.Options{
					Secrets: [][]byte{[]byte(secret)}, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Panicked: func() { panicked++ },
				})}
				body := w.event("evt_1", "customer.created", 0, `{}`)
				status, answer := w.post(body, signed(secret, time.Now(), body))
				if status != 503 || !strings.Contains(answer, "STORAGE_UNAVAILABLE") || strings.Contains(answer, "boom") {
					t.Errorf("%d %s", status, answer)
				}
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if text := log.String(); panicked != 1 || strings.Count(text, "\n") != 1 || !strings.Contains(text, "boom-7d1f") || !strings.Contains(text, "stripe_test.go") {
					t.Errorf("%d panics, logged %s", panicked, text)
				}
			})
		})
	}
}

// TestPaymentID: the back end computes the same, so it must never change.
func TestPaymentID(t *testing.T) {
	if id := stripe.PaymentID("pi_3MtwBwLkdIwHu7ix28a3tqPa").String(); id != "a3eb4c76-7f8e-510f-a851-8bb00da4ac9a" {
		t.Errorf("%s", id)
	}
}
