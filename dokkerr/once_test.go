package dokkerr_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestOnce sends each back-end write twice under its key: one effect, one answer. Between the two the thing changes, so that
// an answer made anew would differ.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	payment := paymentPut(b, "completed")
	writes := map[string]func(o dokkerr.Once) (any, error){
		"booking": func(o dokkerr.Once) (any, error) { return w.PutBooking(t.Context(), o, move(b, "confirmed")) },
		"payment": func(o dokkerr.Once) (any, error) { return w.PutPayment(t.Context(), o, payment) },
		"notification": func(o dokkerr.Once) (any, error) {
			return w.Notify(t.Context(), o, dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T"})
		},
		"event": func(o dokkerr.Once) (any, error) {
			return nil, w.Announce(t.Context(), o, dokkerr.ApplicationEvent{Event: "e", Data: []byte(`{}`), UserID: w.ben.User.String()})
		},
	}
	answers := map[string]any{}
	for name, write := range writes {
		first, err := write(dokkerr.Once{Key: name, Body: [32]byte{1}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		answers[name] = first
	}
	w.putBooking(t, move(b, "active"))
	disputed := payment
	disputed.Status = "disputed"
	w.putPayment(t, disputed)
	w.told()
	for name, write := range writes {
		if again, err := write(dokkerr.Once{Key: name, Body: [32]byte{1}}); err != nil || !reflect.DeepEqual(again, answers[name]) {
			t.Errorf("%s: again %+v, %v; first %+v", name, again, err, answers[name])
		}
		_, err := write(dokkerr.Once{Key: name, Body: [32]byte{2}})
		refused(t, err, dokkerr.IdempotencyConflict, "")
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
}

// TestOnceAfterAnErasure: a repetition by short ids is answered as the first time when they stand for nobody any more.
func TestOnceAfterAnErasure(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	ben, booking := b.BoaterID.String()[:8], b.BookingID.String()[:8]
	payment := paymentPut(b, "processing")
	payment.BookingID = booking
	writes := []func(o dokkerr.Once) (any, error){
		func(o dokkerr.Once) (any, error) { return w.PutBooking(t.Context(), o, short(move(b, "confirmed"))) },
		func(o dokkerr.Once) (any, error) { return w.PutPayment(t.Context(), o, payment) },
		func(o dokkerr.Once) (any, error) {
			return w.Notify(t.Context(), o, dokkerr.NotificationNew{UserID: ben, Type: "t", Title: "T"})
		},
		func(o dokkerr.Once) (any, error) {
			return nil, w.Announce(t.Context(), o, dokkerr.ApplicationEvent{Event: "e", Data: []byte(`{}`), UserID: ben})
		},
		func(o dokkerr.Once) (any, error) {
			return nil, w.Announce(t.Context(), o, dokkerr.ApplicationEvent{Event: "e", Data: []byte(`{}`), BookingID: booking})
		},
		func(o dokkerr.Once) (any, error) { return w.Revoke(t.Context(), o, ben, dokkerr.Revocation{}) },
		func(o dokkerr.Once) (any, error) { return w.Erase(t.Context(), o, b.OwnerID.String()[:8]) },
		func(o dokkerr.Once) (any, error) { return w.Erase(t.Context(), o, ben) },
	}
	first := make([]any, len(writes))
	for i, write := range writes {
		var err error
		if first[i], err = write(dokkerr.Once{Key: fmt.Sprint(i)}); err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	twin := w.bookingPut("pending")
	other := b.BookingID
	other[9]++
	twin.BookingID = other.String() // so that the booking's short id stands for two
	w.putBooking(t, twin)
	w.told()
	for i, write := range writes {
		if again, err := write(dokkerr.Once{Key: fmt.Sprint(i)}); err != nil || !reflect.DeepEqual(again, first[i]) {
			t.Errorf("write %d: again %+v, %v; first %+v", i, again, err, first[i])
		}
	}
	if names := w.names(); names != nil {
		t.Errorf("told %v", names)
	}
}

// TestOnceRefused keeps no answer of what was refused: the key is free for a better try.
func TestOnceRefused(t *testing.T) {
	w := newWorld(t)
	in := w.bookingPut("completed")
	o := dokkerr.Once{Key: "k", Body: [32]byte{1}}
	_, err := w.PutBooking(t.Context(), o, in)
	refused(t, err, dokkerr.Conflict, "")
	in.Status = "pending"
	o.Body = [32]byte{2}
	if _, err := w.PutBooking(t.Context(), o, in); err != nil {
		t.Error(err)
	}
	for _, key := range []string{strings.Repeat("x", 256), "a\x00", "\xff"} {
		_, err := w.PutBooking(t.Context(), dokkerr.Once{Key: key}, in)
		refused(t, err, dokkerr.ValidationError, "Idempotency-Key")
	}
}

// TestOnceCopies sends copies at the same time.
func TestOnceCopies(t *testing.T) {
	w := newWorld(t)
	var ids [50]dokkerr.ID
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			var err error
			ids[i], err = w.Notify(t.Context(), dokkerr.Once{Key: "k"},
				dokkerr.NotificationNew{UserID: w.ben.User.String(), Type: "t", Title: "T"})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || id == uuid.Nil {
			t.Fatalf("answers %v", ids)
		}
	}
	if told := w.told(); len(told) != 1 {
		t.Errorf("told %d times", len(told))
	}
}
