package stripe_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/sqlite/sqlitetest"
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
	w := &world{store: sqlitetest.Open(t), clock: dokkerrtest.NewClock(noon), boater: uuid.New(), log: new(bytes.Buffer)}
	w.service = dokkerr.NewService(w.store, &dokkerr.Options{Now: w.clock.Now})
	w.Handler = stripe.New(w.service, stripe.Options{
		Secrets: [][]byte{[]byte(secret), []byte(oldSecret)}, Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	})
	w.booking = w.book(t, uuid.New())
	return w
}

func (w *world) book(t *testing.T, id dokkerr.ID) dokkerr.ID {
	t.Helper()
	b, err := w.service.PutBooking(t.Context(), dokkerr.Once{}, dokkerr.BookingPut{
		BookingID: id.String(), ListingID: uuid.NewString(), BoaterID: w.boater.String(), OwnerID: uuid.NewString(), Status: "pending",
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
func mac(secret, t, body string) string { return macOf(secret, t+"."+body) }

func macOf(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
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
