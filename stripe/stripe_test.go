package stripe_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/stripe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret    = "whsec_0123456789abcdef0123456789abcdef"
	oldSecret = "whsec_fedcba9876543210fedcba9876543210"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 999_000_000, time.UTC)

// world is the handler on a real store, with a booking.
type world struct {
	http.Handler
	store   *sqlite.Store
	service *dokkerr.Service
	clock   *dokkerrtest.Clock
	boater  dokkerr.ID
	booking dokkerr.ID
	log     *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{store: store, clock: dokkerrtest.NewClock(noon), boater: uuid.New(), log: new(bytes.Buffer)}
	w.service = dokkerr.NewService(store, &dokkerr.Options{Now: w.clock.Now})
	w.Handler = stripe.New(w.service, stripe.Options{
		Secrets: [][]byte{[]byte(secret), []byte(oldSecret)}, Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	})
	w.booking = w.book(t, uuid.New())
	return w
}

func (w *world) book(t *testing.T, id dokkerr.ID) dokkerr.ID {
	t.Helper()
	b, err := w.service.PutBooking(t.Context(), dokkerr.Once{}, dokkerr.BookingPut{
		BookingID: id, ListingID: uuid.New(), BoaterID: w.boater, OwnerID: uuid.New(), Status: "pending",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.BookingID
}

// event is the body of one, with what the provider sends beside what is used.
func (w *world) event(id, kind string, created int64, object string) string {
	return fmt.Sprintf(`{
  "id": %q, "object": "event", "api_version": "2025-09-30.clover", "created": %d, "livemode": false, "pending_webhooks": 1,
  "data": {"object": %s},
  "request": {"id": "req_1", "idempotency_key": null}, "type": %q
}`, id, created, object, kind)
}

func (w *world) intent(amount int, currency string) string {
	return fmt.Sprintf(`{"id":"pi_1","object":"payment_intent","amount":%d,"amount_received":%[1]d,"currency":%q,
"last_payment_error":{"code":"card_declined","decline_code":"generic_decline","message":"Card 4242 4242 4242 4242 was declined."},
"metadata":{"bookingId":%q,"other":"x"}}`, amount, currency, w.booking)
}

// mac signs as the provider does.
func mac(secret, t, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "." + body))
	return hex.EncodeToString(h.Sum(nil))
}

func signed(secret string, at time.Time, body string) string {
	t := fmt.Sprint(at.Unix())
	return "t=" + t + ",v1=" + mac(secret, t, body)
}

// post sends a body with the signature headers, and returns the answer's status and text.
func (w *world) post(body string, headers ...string) (int, string) {
	r := httptest.NewRequest("POST", "/webhooks/stripe", strings.NewReader(body))
	for _, h := range headers {
		r.Header.Add("Stripe-Signature", h)
	}
	return w.serve(r)
}

func (w *world) serve(r *http.Request) (int, string) {
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

func (w *world) tell(t *testing.T, id, kind string, created int64, object string) (int, string) {
	t.Helper()
	body := w.event(id, kind, created, object)
	return w.post(body, signed(secret, noon, body))
}

func (w *world) status(t *testing.T) (status string) {
	t.Helper()
	list, err := w.service.Bookings(t.Context(), dokkerr.Actor{User: w.boater})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		for _, p := range b.Payments {
			status += p.Status
		}
	}
	return status
}

// TestSignatures is every vector of S-05 about the signature, each with an event of its own.
func TestSignatures(t *testing.T) {
	w := newWorld(t)
	now := fmt.Sprint(noon.Unix())
	at := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	under := func(t, body string) []string { return []string{"t=" + t + ",v1=" + mac(secret, t, body)} }
	same := func(body string) string { return body }
	type vector struct {
		name    string
		status  int
		headers func(body string) []string
		sent    func(body string) string // what arrives; nil: what was signed
	}
	good := func(body string) []string { return under(now, body) }
	v1 := func(value func(mac string) string) func(string) []string {
		return func(body string) []string { return []string{"t=" + now + ",v1=" + value(mac(secret, now, body))} }
	}
	stamped := func(t string) func(string) []string { return func(body string) []string { return under(t, body) } }
	vectors := []vector{
		{"good", 200, good, nil},
		{"the old secret", 200, func(b string) []string { return []string{signed(oldSecret, noon, b)} }, nil},
		{"two v1, the second good", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac("whsec_other", now, b) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"two v1, the first good", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(secret, now, b) + ",v1=" + mac("whsec_other", now, b)}
		}, nil},
		{"two v1 of both secrets", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(oldSecret, now, b) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"a malformed v1 and a good one", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=xyz,v1=" + mac(secret, now, b)}
		}, nil},
		{"v0 beside v1", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(secret, now, b) + ",v0=" + mac("test", now, b)}
		}, nil},
		{"v1 before t", 200, func(b string) []string { return []string{"v1=" + mac(secret, now, b) + ",t=" + now} }, nil},
		{"t 299 s ago", 200, stamped(at(-299 * time.Second)), nil},
		{"t 300 s ago", 200, stamped(at(-300 * time.Second)), nil},
		{"t 300 s ahead", 200, stamped(at(300 * time.Second)), nil},

		{"t 301 s ago", 401, stamped(at(-301 * time.Second)), nil},
		{"t 301 s ahead", 401, stamped(at(301 * time.Second)), nil},
		{"no header", 401, func(string) []string { return nil }, nil},
		{"an empty header", 401, func(string) []string { return []string{""} }, nil},
		{"header twice", 401, func(b string) []string { return append(good(b), good(b)...) }, nil},
		{"a header of 5 KB", 401, func(b string) []string { return []string{good(b)[0] + strings.Repeat(",v0=x", 1000)} }, nil},
		{"v0 only", 401, func(b string) []string { return []string{"t=" + now + ",v0=" + mac(secret, now, b)} }, nil},
		{"no v1", 401, func(string) []string { return []string{"t=" + now} }, nil},
		{"empty v1", 401, v1(func(string) string { return "" }), nil},
		{"upper-case hex", 401, v1(strings.ToUpper), nil},
		{"odd-length hex", 401, v1(func(m string) string { return m[1:] }), nil},
		{"v1 too short", 401, v1(func(m string) string { return m[2:] }), nil},
		{"v1 too long", 401, v1(func(m string) string { return m + "00" }), nil},
		{"v1 twice as long", 401, v1(func(m string) string { return m + m }), nil},
		{"v1 no hex", 401, v1(func(m string) string { return "g" + m[1:] }), nil},
		{"one bit of v1", 401, v1(func(m string) string { return flip(m) }), nil},
		{"spaces", 401, func(b string) []string { return []string{"t=" + now + ", v1=" + mac(secret, now, b)} }, nil},
		{"spaces around =", 401, func(b string) []string { return []string{"t = " + now + ",v1 = " + mac(secret, now, b)} }, nil},
		{"a semicolon", 401, func(b string) []string { return []string{"t=" + now + ";v1=" + mac(secret, now, b)} }, nil},
		{"t twice", 401, func(b string) []string { return []string{"t=" + now + "," + good(b)[0]} }, nil},
		{"t missing", 401, func(b string) []string { return []string{"v1=" + mac(secret, now, b)} }, nil},
		{"t empty", 401, stamped(""), nil},
		{"t negative", 401, stamped("-" + now), nil},
		{"t with a plus", 401, stamped("+" + now), nil},
		{"t 2^63", 401, stamped("9223372036854775808"), nil},
		{"t 2^64", 401, stamped("18446744073709551616"), nil},
		{"t a float", 401, stamped(now + ".0"), nil},
		{"t in milliseconds", 401, stamped(now + "000"), nil},
		{"t hexadecimal", 401, stamped(fmt.Sprintf("0x%x", noon.Unix())), nil},
		{"t other than signed", 401, func(b string) []string {
			return []string{"t=" + at(time.Second) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"other secret", 401, func(b string) []string { return []string{signed("whsec_another", noon, b)} }, nil},
		{"secret without its prefix", 401, func(b string) []string { return []string{signed(secret[6:], noon, b)} }, nil},
		{"signature of another provider", 401, func(b string) []string {
			h := hmac.New(sha256.New, []byte(secret))
			h.Write([]byte("msg_1." + now + "." + b))
			return []string{"t=" + now + ",v1=" + hex.EncodeToString(h.Sum(nil))}
		}, nil},
		{"body without t signed", 401, func(b string) []string {
			h := hmac.New(sha256.New, []byte(secret))
			h.Write([]byte(b))
			return []string{"t=" + now + ",v1=" + hex.EncodeToString(h.Sum(nil))}
		}, nil},
		{"body changed by one byte", 401, good, func(b string) string { return strings.Replace(b, "1000", "1001", 1) }},
		{"body serialized anew", 401, good, func(b string) string { return strings.ReplaceAll(b, " ", "") }},
		{"body cut", 401, good, func(b string) string { return b[:len(b)-1] }},
		{"a line end more", 401, good, func(b string) string { return b + "\n" }},
		{"gzip body", 401, good, compressed},
		{"BOM", 401, good, func(b string) string { return "\ufeff" + b }},
		{"empty body", 401, good, func(string) string { return "" }},
		{"an empty body that is signed", 400, func(string) []string { return under(now, "") }, func(string) string { return "" }},
		{"gzip body that is signed", 400, func(b string) []string { return under(now, compressed(b)) }, compressed},
		{"BOM that is signed", 400, func(b string) []string { return under(now, "\ufeff"+b) }, func(b string) string { return "\ufeff" + b }},
	}
	for i, v := range vectors {
		body := w.event(fmt.Sprintf("evt_%d", i), "payment_intent.succeeded", noon.Unix(), w.intent(1000, "eur"))
		body = strings.Replace(body, `"pi_1"`, fmt.Sprintf(`"pi_%d"`, i), 1)
		before := w.status(t)
		sent := v.sent
		if sent == nil {
			sent = same
		}
		status, answer := w.post(sent(body), v.headers(body)...)
		if status != v.status {
			t.Errorf("%s: %d %s, want %d", v.name, status, answer, v.status)
		}
		if applied := w.status(t) != before; applied != (v.status == 200) {
			t.Errorf("%s: applied: %v", v.name, applied)
		}
	}
	if len(vectors) < 40 {
		t.Errorf("%d vectors", len(vectors))
	}
	if strings.Contains(w.log.String(), "whsec_") {
		t.Error("a secret is in the log")
	}
}

func flip(mac string) string {
	if mac[0] == '0' {
		return "1" + mac[1:]
	}
	return "0" + mac[1:]
}

func compressed(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, body) // into memory
	_ = z.Close()
	return b.String()
}

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

// TestClock judges by the time of day, also when it was turned.
func TestClock(t *testing.T) {
	w := newWorld(t)
	body := w.event("evt_1", "customer.created", noon.Unix(), `{}`)
	for _, turn := range []time.Duration{time.Hour, -2 * time.Hour, 25 * time.Hour, -48 * time.Hour} {
		w.clock.Advance(turn)
		if status, _ := w.post(body, signed(secret, noon, body)); status != 401 {
			t.Errorf("%v off: %d", w.clock.Now().Sub(noon), status)
		}
		if status, answer := w.post(body, signed(secret, w.clock.Now(), body)); status != 200 {
			t.Errorf("by the new time: %d %s", status, answer)
		}
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

func TestReadList(t *testing.T) {
	list, err := stripe.ReadList(strings.NewReader(`{"object":"list","data":[{"id":"evt_1","type":"a","created":1}],"has_more":true}
		{"data":[{"id":"evt_2","type":"payment_intent.succeeded","created":2}]}`))
	if err != nil || len(list) != 2 || list[1].ID != "evt_2" || !list[1].Created.Equal(time.Unix(2, 0)) {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := stripe.ReadList(strings.NewReader(`{"data":[`)); err == nil {
		t.Error("half a list was read")
	}
	if stripe.Counts(list[0].Type) || !stripe.Counts(list[1].Type) {
		t.Error("what counts")
	}
}

// TestPaymentID: the back end computes the same, so it must never change.
func TestPaymentID(t *testing.T) {
	if id := stripe.PaymentID("pi_3MtwBwLkdIwHu7ix28a3tqPa").String(); id != "a3eb4c76-7f8e-510f-a851-8bb00da4ac9a" {
		t.Errorf("%s", id)
	}
}
