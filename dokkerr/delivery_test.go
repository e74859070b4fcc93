package dokkerr_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

func (w *world) start(t *testing.T, l dokkerr.Listener) dokkerr.Start {
	t.Helper()
	s, err := w.Start(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) record(t *testing.T, d dokkerr.Device, p dokkerr.Position) {
	t.Helper()
	if err := w.Record(t.Context(), d, p); err != nil {
		t.Fatal(err)
	}
}

// TestStart walks the order of delivery R2: a valid offset, the session's beginning, what the device has confirmed.
func TestStart(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.send(t, w.asha, w.ben, "ahoy")
	}
	var at []dokkerr.Position
	for _, e := range w.told() {
		at = append(at, e.To[0].Position)
	}
	device := dokkerr.Device{User: w.ben.User, Name: "phone"}
	w.record(t, device, at[0])
	ahead := at[3] + 1
	for name, row := range map[string]struct {
		offset, began *dokkerr.Position
		want          dokkerr.Position
		taken         bool
	}{
		"nothing":           {nil, nil, at[0], false},
		"a pid":             {nil, &at[1], at[1], false},
		"an offset":         {&at[2], nil, at[2], true},
		"both":              {&at[2], &at[1], at[2], true},
		"the head":          {&at[3], &at[1], at[3], true},
		"an offset ahead":   {&ahead, &at[1], at[1], false},
		"a lower offset":    {&at[0], &at[1], at[0], true},
		"ahead and nothing": {&ahead, nil, at[0], false},
	} {
		got := w.start(t, dokkerr.Listener{Device: device, Session: "s", Offset: row.offset, Began: row.began})
		want := dokkerr.Start{Position: row.want, Behind: row.want, Offset: row.taken, Head: at[3], Confirmed: at[0]}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestDevicesAreForgotten is delivery R7: after thirty silent days a device is as new, and begins at the user's furthest.
func TestDevicesAreForgotten(t *testing.T) {
	w := newWorld(t)
	phone, laptop := dokkerr.Device{User: w.ben.User, Name: "phone"}, dokkerr.Device{User: w.ben.User, Name: "laptop"}
	if s := w.start(t, dokkerr.Listener{Device: phone}); s.Confirmed != 0 || !s.Stale {
		t.Errorf("the first device of a user: %+v", s)
	}
	w.record(t, phone, 3)
	w.record(t, laptop, 9)
	if s := w.start(t, dokkerr.Listener{Device: phone}); s.Confirmed != 3 || s.Stale {
		t.Errorf("a known device: %+v", s)
	}
	if s := w.start(t, dokkerr.Listener{Device: dokkerr.Device{User: w.ben.User, Name: "new"}}); s.Confirmed != 9 || !s.Stale {
		t.Errorf("a new device: %+v", s)
	}
	w.clock.Advance(29 * 24 * time.Hour)
	if s := w.start(t, dokkerr.Listener{Device: phone}); s.Confirmed != 3 || !s.Stale {
		t.Errorf("after 29 days: %+v", s)
	}
	if err := w.Confirm(t.Context(), []dokkerr.Confirmation{{Device: laptop, Position: 10}}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(24 * time.Hour)
	if s := w.start(t, dokkerr.Listener{Device: phone}); s.Confirmed != 10 || !s.Stale {
		t.Errorf("after 30 days: %+v", s)
	}
	if s := w.start(t, dokkerr.Listener{Device: laptop}); s.Confirmed != 10 {
		t.Errorf("the one that confirmed: %+v", s)
	}
}

func TestRecoveryKeyStays(t *testing.T) {
	w := newWorld(t)
	first, err := w.RecoveryKey(t.Context())
	if err != nil || len(first) != 32 {
		t.Fatal(first, err)
	}
	if again, err := w.RecoveryKey(t.Context()); err != nil || !bytes.Equal(first, again) {
		t.Errorf("%x, %v, then %x", again, err, first)
	}
	if other, err := newWorld(t).RecoveryKey(t.Context()); err != nil || bytes.Equal(first, other) {
		t.Error("two stores have one key")
	}
}
