package dokkerr

import "time"

// epoch is where the seconds of PositionFloor begin.
var epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// PositionFloor returns the lowest position a store opened at start may assign: the seconds since 2026-01-01 times 2^20
// (delivery R6). A store that came back from a backup so never gives a position twice, unless it gave more than a
// million a second to one user. A start before 2026 has floor 1.
func PositionFloor(start time.Time) Position {
	since := start.Sub(epoch)
	if since <= 0 {
		return 1
	}
	seconds, rest := since/time.Second, since%time.Second
	return Position(seconds<<20 + rest<<20/time.Second)
}
