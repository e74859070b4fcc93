package dokkerr

import "time"

// Time is an instant as the contract writes it: UTC, milliseconds.
type Time struct{ time.Time }

const timeLayout = `"2006-01-02T15:04:05.000Z"`

// TimeOf returns t in UTC, cut to the millisecond, so that what is stored is what was told.
func TimeOf(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// MarshalJSON writes 2006-01-02T15:04:05.000Z in quotes.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(make([]byte, 0, len(timeLayout)), timeLayout), nil
}
