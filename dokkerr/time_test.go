package dokkerr_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestTime(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for want, at := range map[string]time.Time{
		`"2026-11-22T18:00:00.000Z"`: time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC),
		`"2026-11-22T18:00:00.999Z"`: time.Date(2026, 11, 22, 20, 0, 0, 999_999_999, zone),
		`"0099-01-02T03:04:05.060Z"`: time.Date(99, 1, 2, 3, 4, 5, 60_000_000, time.UTC),
	} {
		got, err := json.Marshal(dokkerr.TimeOf(at))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
		var back dokkerr.Time
		if err := json.Unmarshal(got, &back); err != nil || back != dokkerr.TimeOf(at) {
			t.Errorf("%s came back as %v, %v", got, back, err)
		}
	}
}

// TestPositionFloor: a start a microsecond later has a higher floor, far from the end of the numbers.
func TestPositionFloor(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for since, want := range map[time.Duration]dokkerr.Position{
		-time.Hour:              1,
		0:                       1,
		time.Second:             1 << 20,
		time.Second / 2:         1 << 19,
		time.Hour:               3600 << 20,
		time.Hour + time.Second: 3601 << 20,
	} {
		if got := dokkerr.PositionFloor(begin.Add(since)); got != want {
			t.Errorf("after %v: %d, want %d", since, got, want)
		}
	}
	year2200 := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	low, high := dokkerr.PositionFloor(year2200), dokkerr.PositionFloor(year2200.Add(time.Microsecond))
	if low >= high || low > 1<<53 {
		t.Errorf("in 2200: %d, then %d", low, high)
	}
}
