package dokkerrtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func testProviderEvents(t *testing.T, b *bench) {
	booking := newBooking(uuid.New(), uuid.New(), "pending")
	payment := newPayment(booking.BookingID).PaymentID
	told := func(id, status string, outcome dokkerr.Outcome, after time.Duration) dokkerr.ProviderEvent {
		return dokkerr.ProviderEvent{
			ID: id, Body: [32]byte{1, 2}, Type: "attempt", Created: dokkerr.TimeOf(noon.Add(after)), Outcome: outcome,
			Heard: noon, Payment: &dokkerr.PaymentPut{PaymentID: payment, Status: status},
		}
	}
	parked := told("parked", "failed", dokkerr.Parked, 5*time.Hour)
	parked.Reason = "no such booking"
	b.do(t, func(tx dokkerr.Tx) {
		got, err := tx.ProviderEvent("parked")
		absent(t, "before it was told", got, err)
		last, err := tx.LastAttempt(payment)
		absent(t, "before any attempt", last, err)
		tx.PutProviderEvent(parked)
		tx.PutProviderEvent(told("second", "failed", dokkerr.Applied, 2*time.Hour))
		tx.PutProviderEvent(told("first", "processing", dokkerr.Applied, time.Hour))
		tx.PutProviderEvent(told("late", "processing", dokkerr.Late, 3*time.Hour))
		tx.PutProviderEvent(told("success", "completed", dokkerr.Applied, 4*time.Hour))
		tx.PutProviderEvent(dokkerr.ProviderEvent{ID: "unknown", Type: "unknown", Created: noon, Outcome: dokkerr.Ignored, Heard: noon})
	})
	b.do(t, func(tx dokkerr.Tx) {
		want := parked
		want.Payment = nil
		if got, err := tx.ProviderEvent("parked"); err != nil || got != want {
			t.Errorf("stored %+v, %v", got, err)
		}
		if last, err := tx.LastAttempt(payment); err != nil || !last.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("last attempt %v, %v", last, err)
		}
		if got, err := tx.ProviderEvent("unknown"); err != nil || got.Outcome != dokkerr.Ignored {
			t.Errorf("stored %+v, %v", got, err)
		}
		parked.Outcome, parked.Reason = dokkerr.Applied, ""
		tx.PutProviderEvent(parked)
	})
	b.do(t, func(tx dokkerr.Tx) {
		if last, err := tx.LastAttempt(payment); err != nil || !last.Equal(noon.Add(5*time.Hour)) {
			t.Errorf("after the parked one was applied: %v, %v", last, err)
		}
	})
}
