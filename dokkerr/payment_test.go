package dokkerr_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func paymentPut(b dokkerr.Booking, status string) dokkerr.PaymentPut {
	return dokkerr.PaymentPut{PaymentID: uuid.New(), BookingID: b.BookingID.String(), Amount: 12_050, Currency: "eur", Status: status}
}

func (w *world) putPayment(t testing.TB, in dokkerr.PaymentPut) dokkerr.Payment {
	t.Helper()
	p, err := w.PutPayment(t.Context(), dokkerr.Once{}, in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) pay(t testing.TB, b dokkerr.Booking, status string) dokkerr.Payment {
	t.Helper()
	return w.putPayment(t, paymentPut(b, status))
}

func movePayment(p dokkerr.Payment, status string) dokkerr.PaymentPut {
	return dokkerr.PaymentPut{
		PaymentID: p.PaymentID, BookingID: p.BookingID.String(), Amount: p.Amount, Currency: p.Currency, Status: status,
	}
}

func TestPaymentLife(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	in := paymentPut(b, "")
	w.told()
	const money = `"amount":12050,"currency":"eur","bookingId":"%[2]s","version":`
	for version, step := range []struct{ status, told, notify string }{
		{"pending", "", ""},
		{"processing", `payment.processing {"paymentId":"%[1]s",` + money + `2,"timestamp":"%[3]s"}`, ""},
		{"failed", `payment.failed {"paymentId":"%[1]s","error":"card_declined: The card was declined.","bookingId":"%[2]s","version":3,"timestamp":"%[3]s"}`, "payment_failed"},
		{"completed", `payment.completed {"paymentId":"%[1]s","status":"completed",` + money + `4,"timestamp":"%[3]s"}`, "payment_received"},
		{"disputed", `payment.completed {"paymentId":"%[1]s","status":"disputed",` + money + `5,"timestamp":"%[3]s"}`, ""},
		{"completed", `payment.completed {"paymentId":"%[1]s","status":"completed",` + money + `6,"timestamp":"%[3]s"}`, ""},
		{"partially_refunded", `payment.completed {"paymentId":"%[1]s","status":"partially_refunded",` + money + `7,"timestamp":"%[3]s"}`, ""},
		{"refunded", `payment.completed {"paymentId":"%[1]s","status":"refunded",` + money + `8,"timestamp":"%[3]s"}`, ""},
	} {
		w.clock.Advance(time.Second)
		in.Status, in.Error = step.status, "card_declined: The card was declined."
		p := w.putPayment(t, in)
		if p.Status != step.status || p.Version != int64(version+1) {
			t.Errorf("payment %+v", p)
		}
		told := w.told()
		if step.told == "" {
			if len(told) != 0 {
				t.Errorf("%s told %+v", step.status, told)
			}
			continue
		}
		name, data, _ := strings.Cut(step.told, " ")
		at := w.clock.Now().Format("2006-01-02T15:04:05.000Z")
		if told[0].Name != name || told[0].Booking != nil {
			t.Errorf("told %+v, want %s", told[0], name)
		}
		payload(t, told[0], fmt.Sprintf(data, in.PaymentID, in.BookingID, at))
		reaches(t, told[0], w.asha.User, w.ben.User)
		checkNotifications(t, told[1:], step.notify, w.ben.User, w.asha.User)
	}
	active, err := w.Bookings(t.Context(), w.asha)
	if err != nil || len(active) != 1 || len(active[0].Payments) != 1 || active[0].Payments[0].Version != 8 {
		t.Errorf("%+v, %v", active, err)
	}
}

func TestPaymentRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	p := w.pay(t, b, "completed")
	other := w.book(t, "pending")
	w.told()
	seven := int64(7)
	for _, test := range []struct {
		name string
		code dokkerr.Code
		path string
		edit func(in *dokkerr.PaymentPut)
	}{
		{"negative", dokkerr.ValidationError, "amount", func(in *dokkerr.PaymentPut) { in.Amount = -1 }},
		{"more than a client can count", dokkerr.ValidationError, "amount", func(in *dokkerr.PaymentPut) { in.Amount = 1 << 53 }},
		{"no currency", dokkerr.ValidationError, "currency", func(in *dokkerr.PaymentPut) { in.Currency = "" }},
		{"capitals", dokkerr.ValidationError, "currency", func(in *dokkerr.PaymentPut) { in.Currency = "EUR" }},
		{"a line more", dokkerr.ValidationError, "currency", func(in *dokkerr.PaymentPut) { in.Currency = "eur\n" }},
		{"status", dokkerr.ValidationError, "status", func(in *dokkerr.PaymentPut) { in.Status = "paid" }},
		{"long error", dokkerr.ValidationError, "error", func(in *dokkerr.PaymentPut) { in.Error = strings.Repeat("x", 201) }},
		{"card", dokkerr.ValidationError, "error", func(in *dokkerr.PaymentPut) { in.Error = "4242 4242-4242 4242 was declined" }},
		{"no such booking", dokkerr.NotFound, "", func(in *dokkerr.PaymentPut) { in.BookingID = uuid.NewString() }},
		{"another booking", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.BookingID = other.BookingID.String() }},
		{"another amount", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.Amount++ }},
		{"another currency", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.Currency = "usd" }},
		{"another version", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.Status, in.Version = "refunded", &seven }},
		{"late failure", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.Status = "failed" }},
		{"born refunded", dokkerr.Conflict, "", func(in *dokkerr.PaymentPut) { in.PaymentID, in.Status = uuid.New(), "refunded" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := movePayment(p, "completed")
			test.edit(&in)
			_, err := w.PutPayment(t.Context(), dokkerr.Once{}, in)
			refused(t, err, test.code, test.path)
		})
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
	if n := w.IllegalChanges(); n != 2 {
		t.Errorf("%d illegal changes, want 2", n)
	}
}
