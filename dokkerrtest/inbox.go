package dokkerrtest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func testPassingEvent(t *testing.T, b *bench) {
	user := uuid.New()
	b.do(t, func(tx dokkerr.Tx) {
		e := event(1, user)
		e.Durable = false
		tx.Append(e)
	})
	told := b.events()
	if len(told) != 1 || told[0].Durable || told[0].To[0] != (dokkerr.Recipient{User: user}) {
		t.Errorf("told %+v", told)
	}
	if list := inbox(t, b, user); len(list) != 0 {
		t.Errorf("kept %+v", list)
	}
}

func testPositions(t *testing.T, b *bench) {
	asha, ben := uuid.New(), uuid.New()
	b.do(t, func(tx dokkerr.Tx) {
		tx.Append(event(1, asha, ben))
		tx.Append(event(2, ben))
	})
	b.do(t, func(tx dokkerr.Tx) { tx.Append(event(3, ben, asha)) })
	told := b.events()
	for user, numbers := range map[dokkerr.ID][]int{asha: {1, 3}, ben: {1, 2, 3}} {
		list := inbox(t, b, user)
		if len(list) != len(numbers) {
			t.Fatalf("%d events, want %v", len(list), numbers)
		}
		last := dokkerr.Position(0)
		for i, number := range numbers {
			want := told[number-1]
			if string(list[i].Data) != string(want.Data) || list[i].Name != want.Name || list[i].Origin != want.Origin {
				t.Errorf("event %d is %+v, want %+v", i, list[i], want)
			}
			if list[i].Position <= last || list[i].Position != positionOf(want, user) {
				t.Errorf("position %d after %d, told %d", list[i].Position, last, positionOf(want, user))
			}
			last = list[i].Position
		}
		if head := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Head(user) }); head != last {
			t.Errorf("head %d, want %d", head, last)
		}
	}
}

func positionOf(e dokkerr.Event, user dokkerr.ID) dokkerr.Position {
	for _, to := range e.To {
		if to.User == user {
			return to.Position
		}
	}
	return 0
}

func testInboxPages(t *testing.T, b *bench) {
	user, other := uuid.New(), uuid.New()
	const n = 25
	b.do(t, func(tx dokkerr.Tx) {
		for i := range n {
			if i%3 == 0 {
				tx.Append(event(i, other, user)) // both sides of a row make one inbox
			} else {
				tx.Append(event(i, user, other))
			}
		}
	})
	var after dokkerr.Position
	read := 0
	for {
		page := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Delivery, error) { return r.Inbox(user, after, 4) })
		for _, d := range page {
			if d.Position <= after || string(d.Data) != string(event(read).Data) {
				t.Fatalf("%s at %d after %d, want number %d", d.Data, d.Position, after, read)
			}
			after = d.Position
			read++
		}
		if len(page) < 4 {
			break
		}
	}
	if read != n {
		t.Errorf("read %d of %d", read, n)
	}
}

func testUnknown(t *testing.T, b *bench) {
	nobody := uuid.New()
	if head := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Head(nobody) }); head != 0 {
		t.Errorf("head %d", head)
	}
	if list := inbox(t, b, nobody); len(list) != 0 {
		t.Errorf("inbox %v", list)
	}
	if list := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.ID, error) { return r.Contacts(nobody) }); len(list) != 0 {
		t.Errorf("contacts %v", list)
	}
	if list := ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Booking, error) { return r.Bookings(nobody) }); len(list) != 0 {
		t.Errorf("bookings %v", list)
	}
}
