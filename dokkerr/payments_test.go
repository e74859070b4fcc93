package dokkerr_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sqlite/sqlitetest"
)

// countingStore counts how often a booking's payments are listed.
type countingStore struct {
	dokkerr.Store
	listed int // the writer's
}

type countingTx struct {
	dokkerr.Tx
	listed *int
}

func (s *countingStore) Update(ctx context.Context, decide func(dokkerr.Tx) error) error {
	return s.Store.Update(ctx, func(tx dokkerr.Tx) error { return decide(countingTx{tx, &s.listed}) })
}

func (t countingTx) Payments(booking dokkerr.ID) ([]dokkerr.Payment, error) {
	*t.listed++
	return t.Tx.Payments(booking)
}

// TestPaymentDoesNotListPayments is the life of a booking with many payments: none of them is read for another, nor for an
// event of the application. The booking's own answer lists them.
func TestPaymentDoesNotListPayments(t *testing.T) {
	store := &countingStore{Store: sqlitetest.Open(t)}
	w := &world{Service: dokkerr.NewService(store, nil), asha: newActor(), ben: newActor()}
	b := w.book(t, "pending")
	for range 3 {
		p := w.pay(t, b, "processing")
		w.putPayment(t, movePayment(p, "completed"))
	}
	err := w.Announce(t.Context(), dokkerr.Once{}, dokkerr.ApplicationEvent{
		Event: "dock.flooded", Data: json.RawMessage(`{}`), BookingID: b.BookingID.String(), Durable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if store.listed != 0 {
		t.Errorf("payments were listed %d times", store.listed)
	}
	if b = w.putBooking(t, move(b, "confirmed")); len(b.Payments) != 3 || store.listed != 1 {
		t.Errorf("%d payments, listed %d times", len(b.Payments), store.listed)
	}
}

// BenchmarkPayment moves a payment of a booking that has few or many others: it costs the same.
func BenchmarkPayment(b *testing.B) {
	for _, others := range []int{10, 1000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) { benchmarkPayment(b, others) })
	}
}

func benchmarkPayment(b *testing.B, others int) {
	w := newWorld(b)
	of := w.book(b, "pending")
	for range others {
		w.pay(b, of, "pending")
	}
	for b.Loop() {
		w.pay(b, of, "pending")
	}
}
