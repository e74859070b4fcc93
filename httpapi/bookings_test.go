package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestBookingIsCreatedAndMoved(t *testing.T) {
	f := newFixture(t)
	created := want(t, f.ask("PUT", "/v1/bookings/"+booking, bookingPending), 200)
	for name, value := range map[string]any{
		"bookingId": booking, "listingId": dock, "boaterId": asha, "ownerId": ben, "status": "pending", "version": 1.0,
	} {
		if created[name] != value {
			t.Errorf("%s is %v, want %v", name, created[name], value)
		}
	}
	if payments, ok := created["payments"].([]any); !ok || len(payments) != 0 {
		t.Errorf("payments %v", created["payments"])
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", created["timestamp"].(string)); err != nil {
		t.Error(err)
	}
	confirmed := strings.Replace(bookingPending, `"pending"`, `"confirmed","version":1`, 1)
	if moved := want(t, f.ask("PUT", "/v1/bookings/"+booking, confirmed), 200); moved["version"] != 2.0 {
		t.Errorf("moved to %v", moved)
	}
	if len(f.events) == 0 || f.events[0].Name != "booking.created" {
		t.Errorf("events told: %v", f.events)
	}
}

func TestExpectedVersionGuardsAChange(t *testing.T) {
	f := newFixture(t)
	at := func(status, version string) string {
		return strings.Replace(bookingPending, `"pending"`, `"`+status+`","version":`+version, 1)
	}
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, at("pending", "1")), 409, dokkerr.Conflict, "")
	want(t, f.ask("PUT", "/v1/bookings/"+booking, at("pending", "0")), 200)
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, at("confirmed", "0")), 409, dokkerr.Conflict, "")
	want(t, f.ask("PUT", "/v1/bookings/"+booking, at("confirmed", "1")), 200)
}

func TestPaymentIsCreatedAndMoved(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	completed := strings.Replace(paymentPending, `"pending"`, `"completed"`, 1)
	moved := want(t, f.ask("PUT", "/v1/payments/"+payment, completed), 200)
	for name, value := range map[string]any{
		"paymentId": payment, "bookingId": booking, "amount": 12500.0, "currency": "usd", "status": "completed", "version": 2.0,
	} {
		if moved[name] != value {
			t.Errorf("%s is %v, want %v", name, moved[name], value)
		}
	}
	failed := strings.Replace(paymentPending, `"pending"`, `"failed","error":"card_declined"`, 1)
	refused(t, f.ask("PUT", "/v1/payments/"+payment, failed), 409, dokkerr.Conflict, "")
}
