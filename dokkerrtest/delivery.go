package dokkerrtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func confirmed(t *testing.T, b *bench, user dokkerr.ID) map[string]dokkerr.Confirmation {
	t.Helper()
	devices := make(map[string]dokkerr.Confirmation)
	for _, c := range ask(t, b, func(r dokkerr.Reader) ([]dokkerr.Confirmation, error) { return r.Confirmed(user) }) {
		if c.User != user {
			t.Errorf("a device of %v among those of %v", c.User, user)
		}
		devices[c.Name] = c
	}
	return devices
}

func testConfirmed(t *testing.T, b *bench) {
	user, other := uuid.New(), uuid.New()
	at := func(user dokkerr.ID, name string, p dokkerr.Position, minute int) dokkerr.Confirmation {
		when := dokkerr.TimeOf(noon.Add(time.Duration(minute) * time.Minute))
		return dokkerr.Confirmation{Device: dokkerr.Device{User: user, Name: name}, Position: p, At: when}
	}
	b.do(t, func(tx dokkerr.Tx) {
		tx.AddDevice(at(user, "", 0, 0), 20)
		tx.AddDevice(at(user, "phone", 7, 1), 20)
		tx.AddDevice(at(other, "phone", 3, 2), 20)
		tx.Confirm(at(user, "phone", 9, 3))
		tx.Confirm(at(user, "unknown", 9, 3))
	})
	want := map[string]dokkerr.Confirmation{"": at(user, "", 0, 0), "phone": at(user, "phone", 9, 3)}
	if got := confirmed(t, b, user); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("confirmed %v, want %v", got, want)
	}
	b.do(t, func(tx dokkerr.Tx) {
		tx.Confirm(at(user, "phone", 8, 4)) // forward only
		tx.AddDevice(at(user, "", 0, 5), 20)
		for n := range 3 {
			tx.AddDevice(at(user, fmt.Sprint("device ", n), 1, 6+n), 3)
		}
	})
	if got := confirmed(t, b, user); len(got) != 3 || got["device 0"].Position != 1 {
		t.Errorf("kept %v, want the three last added", got)
	}
	if got := confirmed(t, b, other); len(got) != 1 || got["phone"].Position != 3 {
		t.Errorf("the other user has %v", got)
	}
}

func testMissed(t *testing.T, b *bench) {
	user, other := uuid.New(), uuid.New()
	b.do(t, func(tx dokkerr.Tx) {
		for n := range 10 {
			e := event(n, user, other)
			if n%2 == 0 {
				e = event(n, other, user)
			}
			e.Time = dokkerr.TimeOf(noon.Add(time.Duration(n) * time.Hour))
			e.Origin = []string{"mine", "yours", ""}[n%3]
			tx.Append(e)
		}
	})
	all := inbox(t, b, user)
	missed := func(after dokkerr.Position, session string, limit int) dokkerr.Missed {
		t.Helper()
		return ask(t, b, func(r dokkerr.Reader) (dokkerr.Missed, error) { return r.Missed(user, after, session, limit) })
	}
	for _, row := range []struct {
		after   dokkerr.Position
		session string
		limit   int
		want    dokkerr.Missed
	}{
		{0, "", 100, dokkerr.Missed{Count: 10, First: noon}},
		{0, "", 4, dokkerr.Missed{Count: 4, First: noon}},
		{all[3].Position, "", 100, dokkerr.Missed{Count: 6, First: dokkerr.TimeOf(noon.Add(4 * time.Hour))}},
		{0, "mine", 100, dokkerr.Missed{Count: 6, First: dokkerr.TimeOf(noon.Add(time.Hour))}},
		{all[9].Position, "mine", 100, dokkerr.Missed{}},
	} {
		if got := missed(row.after, row.session, row.limit); got != row.want {
			t.Errorf("after %d without %q missed %+v, want %+v", row.after, row.session, got, row.want)
		}
	}
	for _, row := range []struct {
		hours, behind int
		want          dokkerr.Position
	}{
		{0, 10, 0}, {0, 9, all[0].Position}, {0, 3, all[6].Position}, {5, 10, all[4].Position}, {5, 3, all[6].Position}, {100, 10, all[9].Position},
	} {
		before := dokkerr.TimeOf(noon.Add(time.Duration(row.hours) * time.Hour))
		got := ask(t, b, func(r dokkerr.Reader) (dokkerr.Position, error) { return r.Oldest(user, before, row.behind) })
		if got != row.want {
			t.Errorf("oldest before hour %d or with %d behind: %d, want %d", row.hours, row.behind, got, row.want)
		}
	}
}

func testSecret(t *testing.T, b *bench) {
	secret := func() (value []byte, err error) {
		err = b.store.View(t.Context(), func(r dokkerr.Reader) (err error) {
			value, err = r.Secret("name")
			return err
		})
		return value, err
	}
	if _, err := secret(); !errors.Is(err, dokkerr.ErrNotFound) {
		t.Errorf("a secret that was not put: %v", err)
	}
	b.do(t, func(tx dokkerr.Tx) { tx.PutSecret("name", []byte{0, 1, 255}) })
	if value, err := secret(); err != nil || string(value) != "\x00\x01\xff" {
		t.Errorf("%q, %v", value, err)
	}
}
