package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/dokkerr/realtime/dokkerr"
)

// formatOffset writes a position as it travels behind a durable event (delivery R1).
func formatOffset(tag string, p dokkerr.Position) string {
	return tag + "." + strconv.FormatInt(int64(p), 10)
}

// readOffset returns the position of a user's offset. What is another user's, or not written as formatOffset does, is none.
func readOffset(user dokkerr.ID, offset string) (p dokkerr.Position, ok bool) {
	tag := userTag(user)
	digits, ok := strings.CutPrefix(offset, tag+".")
	if !ok || len(digits) > 19 {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	p = dokkerr.Position(n)
	return p, err == nil && n >= 0 && formatOffset(tag, p) == offset
}

// userTag tells one user's offsets from another's. It is stable, and says no more about the user than the events do.
func userTag(user dokkerr.ID) string {
	sum := sha256.Sum256([]byte(user.String()))
	return hex.EncodeToString(sum[:4])
}
