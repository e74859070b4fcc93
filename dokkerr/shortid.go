package dokkerr

import (
	"encoding/hex"
	"strings"

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

// finder resolves several ids of what must be given, up to the first error.
type finder struct {
	lookup Lookup
	err    error
}

func (f *finder) find(kind Kind, path, text string) (found ID) {
	if f.err == nil {
		found, f.err = resolve(f.lookup, kind, path, text)
	}
	if f.err == nil {
		f.err = checkGiven(path, found)
	}
	return found
}

// names says whether a full or short id, as it is written, may stand for an id.
func names(text string, id ID) bool {
	if len(text) == shortIDLen {
		return strings.EqualFold(text, id.String()[:shortIDLen])
	}
	full, err := parseID("", text)
	return err == nil && full == id
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
