package dokkerr

import (
	"encoding/hex"

	"github.com/google/uuid"
)

const (
	fullIDLen  = 36
	shortIDLen = 8
)

// parseID reads an id in its one full form, 8-4-4-4-12 hex digits.
func parseID(path, text string) (ID, error) {
	if len(text) == fullIDLen {
		if id, err := uuid.Parse(text); err == nil {
			return id, nil
		}
	}
	return ID{}, invalid(path, "must be a UUID")
}

// checkGiven refuses the id of nothing, 00000000-0000-0000-0000-000000000000.
func checkGiven(path string, id ID) error {
	if id == uuid.Nil {
		return invalid(path, "must be given")
	}
	return nil
}

// resolve reads a full id, or finds the only user, listing or booking that a short one stands for (contract §1).
func resolve(l Lookup, kind Kind, path, text string) (ID, error) {
	if len(text) != shortIDLen {
		return parseID(path, text)
	}
	var prefix [shortIDLen / 2]byte
	if _, err := hex.Decode(prefix[:], []byte(text)); err != nil {
		return ID{}, invalid(path, "must be a UUID or its first 8 digits")
	}
	return l.Resolve(kind, prefix)
}
