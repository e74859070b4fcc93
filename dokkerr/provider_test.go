package dokkerr_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// told is one thing that a provider tells of a payment, so many seconds after the first.
type told struct {
	status string
	at     int
}

// tell makes it an event with an id of its own.
func (x told) tell(id string, in dokkerr.PaymentPut) dokkerr.ProviderEvent {
	in.Status = x.status
	return dokkerr.ProviderEvent{
		ID: id, Body: [32]byte{byte(x.at)}, Type: "payment_intent." + x.status, Payment: &in,
		Created: dokkerr.TimeOf(time.Date(2026, 11, 22, 18, 0, x.at, 0, time.UTC)),
	}
}

func (w *world) hear(t testing.TB, e dokkerr.ProviderEvent) dokkerr.ProviderEvent {
	t.Helper()
	heard, err := w.Hear(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return heard
}

// status is where the only payment of a booking stands.
func (w *world) status(t testing.TB, in dokkerr.PaymentPut) string {
	t.Helper()
	b := w.booking(t, uuid.MustParse(in.BookingID))
	for _, p := range b.Payments {
		if p.PaymentID == in.PaymentID {
			return p.Status
		}
	}
	return ""
}

func (w *world) booking(t testing.TB, id dokkerr.ID) dokkerr.Booking {
	t.Helper()
	list, err := w.Bookings(t.Context(), w.asha)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(b dokkerr.Booking) bool { return b.BookingID == id })
	if at < 0 {
		t.Fatalf("no booking %v", id)
	}
	return list[at]
}

func TestHearOutcomes(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	in := paymentPut(b, "")
	w.told()
	other := in
	other.Amount++
	foreign := paymentPut(w.book(t, "pending"), "")
	foreign.PaymentID = in.PaymentID
	unborn := paymentPut(dokkerr.Booking{BookingID: uuid.New()}, "")
	noCurrency := in
	noCurrency.Currency = "EUR"
	w.told()
	for _, step := range []struct {
		name    string
		event   dokkerr.ProviderEvent
		outcome dokkerr.Outcome
		names   string
	}{
		{"first", told{"pending", 0}.tell("e0", in), dokkerr.Applied, ""},
		{"next", told{"processing", 1}.tell("e1", in), dokkerr.Applied, "payment.processing"},
		{"again", told{"processing", 1}.tell("e1", in), dokkerr.Repeated, ""},
		{"the first again", told{"pending", 2}.tell("e2", in), dokkerr.Late, ""},
		{"another amount", told{"completed", 3}.tell("e3", other), dokkerr.Parked, ""},
		{"another booking", told{"completed", 3}.tell("e4", foreign), dokkerr.Parked, ""},
		{"no booking", told{"completed", 3}.tell("e5", unborn), dokkerr.Parked, ""},
		{"a currency in capitals", told{"completed", 3}.tell("e6", noCurrency), dokkerr.Parked, ""},
		{"nothing of a payment", dokkerr.ProviderEvent{ID: "e7", Type: "invoice.paid"}, dokkerr.Ignored, ""},
		{"parked by who asks", dokkerr.ProviderEvent{ID: "e8", Reason: "no id"}, dokkerr.Parked, ""},
		{"success", told{"completed", 4}.tell("e9", in), dokkerr.Applied, "payment.completed notification.new notification.new"},
		{"late failure", told{"failed", 5}.tell("e10", in), dokkerr.Late, ""},
		{"parked, and still does not fit", told{"completed", 3}.tell("e3", other), dokkerr.Parked, ""},
	} {
		heard := w.hear(t, step.event)
		if heard.Outcome != step.outcome || (heard.Outcome == dokkerr.Parked) != (heard.Reason != "") {
			t.Errorf("%s: %s (%s), want %s", step.name, heard.Outcome, heard.Reason, step.outcome)
		}
		if names := strings.Join(w.names(), " "); names != step.names {
			t.Errorf("%s told %q, want %q", step.name, names, step.names)
		}
	}
	if status := w.status(t, in); status != "completed" {
		t.Errorf("payment is %s", status)
	}
}

// TestParkedIsTriedAgain: a booking that came after its payment.
func TestParkedIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	put := dokkerr.BookingPut{
		BookingID: uuid.NewString(), ListingID: uuid.NewString(), BoaterID: w.asha.User.String(), OwnerID: w.ben.User.String(), Status: "pending",
	}
	in := paymentPut(dokkerr.Booking{BookingID: uuid.MustParse(put.BookingID)}, "")
	e := told{"completed", 1}.tell("early", in)
	if heard := w.hear(t, e); heard.Outcome != dokkerr.Parked {
		t.Fatalf("%+v", heard)
	}
	if _, err := w.PutBooking(t.Context(), dokkerr.Once{}, put); err != nil {
		t.Fatal(err)
	}
	for _, want := range []dokkerr.Outcome{dokkerr.Applied, dokkerr.Repeated} {
		if heard := w.hear(t, e); heard.Outcome != want || heard.Reason != "" {
			t.Errorf("%+v, want %s", heard, want)
		}
	}
	if status := w.status(t, in); status != "completed" {
		t.Errorf("payment is %q", status)
	}
}

func TestHearOtherBody(t *testing.T) {
	w := newWorld(t)
	in := paymentPut(w.book(t, "pending"), "")
	for _, first := range []dokkerr.ProviderEvent{told{"failed", 1}.tell("applied", in), {ID: "ignored"}, {ID: "parked", Reason: "x"}} {
		w.hear(t, first)
		second := told{"completed", 2}.tell(first.ID, in)
		_, err := w.Hear(t.Context(), second)
		refused(t, err, dokkerr.IdempotencyConflict, "")
	}
	if status := w.status(t, in); status != "failed" {
		t.Errorf("payment is %q", status)
	}
}

// TestBackEndIsAhead: what the provider tells late does not undo what the back end has put.
func TestBackEndIsAhead(t *testing.T) {
	w := newWorld(t)
	for i, status := range []string{"disputed", "refunded", "partially_refunded"} {
		p := w.pay(t, w.book(t, "pending"), "completed")
		w.putPayment(t, movePayment(p, status))
		for _, x := range []told{{"pending", 0}, {"processing", 1}, {"failed", 2}, {"completed", 3}} {
			e := x.tell(fmt.Sprint(i, x), movePayment(p, ""))
			if heard := w.hear(t, e); heard.Outcome != dokkerr.Late {
				t.Errorf("%s after %s: %s", x.status, status, heard.Outcome)
			}
		}
		if now := w.status(t, movePayment(p, "")); now != status {
			t.Errorf("%s became %s", status, now)
		}
	}
}

// lives are what a provider may tell of one payment, and where it then stands.
var lives = []struct {
	end    string
	events []told
}{
	{"pending", []told{{"pending", 0}}},
	{"processing", []told{{"pending", 0}, {"processing", 0}}},
	{"failed", []told{{"pending", 0}, {"processing", 1}, {"failed", 1}}},
	{"failed", []told{{"pending", 0}, {"failed", 1}, {"failed", 2}, {"failed", 3}}},
	{"processing", []told{{"pending", 0}, {"failed", 1}, {"processing", 2}}},
	{"failed", []told{{"pending", 0}, {"failed", 1}, {"processing", 2}, {"failed", 9}}},
	{"completed", []told{{"pending", 0}, {"completed", 0}}},
	{"completed", []told{{"pending", 0}, {"processing", 0}, {"failed", 0}, {"completed", 0}}},
	{"completed", []told{{"pending", 0}, {"processing", 1}, {"failed", 2}, {"processing", 3}, {"completed", 4}}},
	{"completed", []told{{"pending", 0}, {"failed", 1}, {"processing", 2}, {"failed", 3}, {"processing", 4}, {"completed", 5}}},
}

// TestEveryPermutation tells each life in every order.
func TestEveryPermutation(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	for n, life := range lives {
		if len(life.events) > 5 {
			continue // TestShuffledLives has some of its orders
		}
		for i, order := range permutations(len(life.events)) {
			w.live(t, b, fmt.Sprintf("%d-%d", n, i), life.end, life.events, order)
		}
	}
}

func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{{}}
	}
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

// TestShuffledLives tells lives in random orders with random repetitions, many at once.
func TestShuffledLives(t *testing.T) {
	shuffles, seed := 10_000, rand.Uint64()
	if testing.Short() {
		shuffles = 500
	}
	t.Logf("seed %d", seed)
	w := newWorld(t)
	bookings := make([]dokkerr.Booking, 100)
	for i := range bookings {
		bookings[i] = w.book(t, "pending")
	}
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range next {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				life := lives[r.IntN(len(lives))]
				order := r.Perm(len(life.events))
				for range r.IntN(1 + len(order)) {
					order = slices.Insert(order, r.IntN(len(order)), r.IntN(len(life.events)))
				}
				w.live(t, bookings[i%len(bookings)], fmt.Sprint(i), life.end, life.events, order)
			}
		})
	}
	for i := range shuffles {
		next <- i
	}
	close(next)
	all.Wait()
	w.noStepBack(t)
}

// live tells the events of a new payment in an order, and checks where it ends. It may run at once with itself.
func (w *world) live(t *testing.T, b dokkerr.Booking, name, end string, events []told, order []int) {
	in := paymentPut(b, "")
	heard := map[int]bool{}
	for _, i := range order {
		e, err := w.Hear(t.Context(), events[i].tell(fmt.Sprint(name, "/", i), in))
		if err != nil {
			t.Error(err)
			return
		}
		if (e.Outcome == dokkerr.Repeated) != heard[i] || e.Outcome == dokkerr.Parked {
			t.Errorf("%s in order %v: %d is %s (%s)", end, order, i, e.Outcome, e.Reason)
		}
		heard[i] = true
	}
	if end == "pending" {
		end = "" // is not told
	}
	if last := w.lastTold(in.PaymentID); last != end {
		t.Errorf("%v in order %v ends %q, not %q", events, order, last, end)
	}
}

// change is what clients see of a payment's change.
type change struct {
	PaymentID dokkerr.ID
	Version   int64
	Status    string
}

func changes(events []dokkerr.Event) (all []change) {
	for _, e := range events {
		var c change
		if !strings.HasPrefix(e.Name, "payment.") || json.Unmarshal(e.Data, &c) != nil {
			continue
		}
		if c.Status == "" {
			c.Status = strings.TrimPrefix(e.Name, "payment.")
		}
		all = append(all, c)
	}
	return all
}

// lastTold is the status of a payment that was told last. It must see what was told before told takes it.
func (w *world) lastTold(payment dokkerr.ID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.last = map[dokkerr.ID]string{}
	}
	for _, c := range changes(w.events[w.looked:]) {
		w.last[c.PaymentID] = c.Status
	}
	w.looked = len(w.events)
	return w.last[payment]
}

// noStepBack checks all that was told: versions rise by one, and nothing follows success.
func (w *world) noStepBack(t *testing.T) {
	seen := map[dokkerr.ID]change{}
	for _, c := range changes(w.told()) {
		before, known := seen[c.PaymentID]
		if c.Version <= before.Version || known && c.Version != before.Version+1 {
			t.Errorf("version %d after %d", c.Version, before.Version)
		}
		if before.Status == "completed" {
			t.Errorf("%s after success", c.Status)
		}
		seen[c.PaymentID] = c
	}
	if len(seen) < 300 {
		t.Errorf("only %d payments were told", len(seen))
	}
}
