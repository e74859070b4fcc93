package dokkerr_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/dokkerr/realtime/dokkerr"
)

// The machines of the contract, §4, written down once more: state, then those that may follow.
var (
	bookingRules = map[string][]string{
		"": {"pending", "confirmed", "active"}, "pending": {"confirmed", "cancelled"}, "confirmed": {"active", "cancelled"},
		"active": {"completed", "cancelled"}, "completed": {"refunded"}, "cancelled": {"refunded"}, "refunded": {},
	}
	paymentRules = map[string][]string{
		"": {"pending", "processing", "completed", "failed"}, "pending": {"processing", "completed", "failed"},
		"processing": {"completed", "failed"}, "failed": {"processing", "completed"},
		"completed":          {"refunded", "partially_refunded", "disputed"},
		"partially_refunded": {"refunded", "disputed"}, "disputed": {"completed", "refunded"}, "refunded": {},
	}
)

// TestMachines puts any status at any time, many of them twice and in any order. Each answer must be the model's; a version
// rises by one with each change and with nothing else; what was told is the changes, in order, once; a payment that was
// completed never fails again.
func TestMachines(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		b := w.bookingPut("")
		p := dokkerr.PaymentPut{PaymentID: uuid.New(), BookingID: b.BookingID, Amount: 1, Currency: "eur"}
		w.told()
		before := w.IllegalChanges()
		m := model{}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "booking") {
				b.Status = rapid.SampledFrom(statuses(bookingRules)).Draw(t, "status")
				got, err := w.PutBooking(t.Context(), dokkerr.Once{}, b)
				ok := m.booking.put(bookingRules, b.Status, b.Status == "refunded" && !m.paid)
				verify(t, ok, err, m.booking, got.Status, got.Version)
			} else if m.booking.status != "" {
				p.Status = rapid.SampledFrom(statuses(paymentRules)).Draw(t, "status")
				got, err := w.PutPayment(t.Context(), dokkerr.Once{}, p)
				ok := m.payment.put(paymentRules, p.Status, false)
				m.paid = m.paid || m.payment.status == "completed"
				verify(t, ok, err, m.payment, got.Status, got.Version)
			}
		}
		if n := int(w.IllegalChanges() - before); n != m.booking.refused+m.payment.refused {
			t.Fatalf("%d illegal changes counted, want %d", n, m.booking.refused+m.payment.refused)
		}
		verifyTold(t, w.told(), m)
	})
}

type model struct {
	booking, payment thing
	paid             bool
}

// thing is a booking or payment as the model has it.
type thing struct {
	status  string
	version int64
	refused int
	history []string
}

func (m *thing) put(rules map[string][]string, status string, forbidden bool) bool {
	if m.status == status {
		return true
	}
	if forbidden || !slices.Contains(rules[m.status], status) {
		m.refused++
		return false
	}
	m.status = status
	m.version++
	m.history = append(m.history, status)
	return true
}

func statuses(rules map[string][]string) (list []string) {
	for status := range rules {
		if status != "" {
			list = append(list, status)
		}
	}
	slices.Sort(list)
	return list
}

func verify(t *rapid.T, ok bool, err error, want thing, status string, version int64) {
	t.Helper()
	if (err == nil) != ok {
		t.Fatalf("accepted: %v, want %v (%+v)", err, ok, want)
	}
	if ok && (status != want.status || version != want.version) {
		t.Fatalf("%s in version %d, want %+v", status, version, want)
	}
}

func verifyTold(t *rapid.T, told []dokkerr.Event, m model) {
	var booking, payment, wantPayment []string
	for _, e := range told {
		var data struct{ BookingID, PaymentID, Status string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		switch status := data.Status; e.Name {
		case "booking.cancelled":
			booking = append(booking, "cancelled")
		case "booking.created", "booking.updated":
			booking = append(booking, status)
		case "payment.processing":
			payment = append(payment, "processing")
		case "payment.failed":
			payment = append(payment, "failed")
		case "payment.completed":
			payment = append(payment, status)
		}
	}
	for _, status := range m.payment.history {
		if status != "pending" {
			wantPayment = append(wantPayment, status)
		}
	}
	if !slices.Equal(booking, m.booking.history) || !slices.Equal(payment, wantPayment) {
		t.Fatalf("told %v and %v, want %v and %v", booking, payment, m.booking.history, wantPayment)
	}
	if done := slices.Index(payment, "completed"); done >= 0 && slices.Contains(payment[done:], "failed") {
		t.Fatalf("a late failure overrode success: %v", payment)
	}
}

// TestBookingShuffled sends the life of a booking, each change with the version that it expects, shuffled and doubled, and
// again until nothing is refused for its turn: it ends where it should, and every change is told once and in order.
func TestBookingShuffled(t *testing.T) {
	w := newWorld(t)
	life := []string{"pending", "confirmed", "active", "completed"}
	rapid.Check(t, func(t *rapid.T) {
		b := w.bookingPut("")
		w.told()
		turns := []int64{0, 1, 2, 3, 0, 1, 2, 3}
		var last int64
		for range life {
			for _, turn := range rapid.Permutation(turns).Draw(t, "order") {
				in := b
				in.Status, in.Version = life[turn], &turn
				got, err := w.PutBooking(t.Context(), dokkerr.Once{}, in)
				if err == nil && got.Version <= last {
					t.Fatalf("version %d after %d", got.Version, last)
				}
				last = max(last, got.Version)
			}
		}
		if last != int64(len(life)) {
			t.Fatalf("ended in version %d", last)
		}
		m := model{booking: thing{history: life}}
		verifyTold(t, w.told(), m)
	})
}
