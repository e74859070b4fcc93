package dokkerr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// printable says whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// checkLine bounds a short text of the back end, in characters.
func checkLine(path, text string, low, high int) error {
	if n := utf8.RuneCountInString(text); n < low || n > high || !printable(text) {
		return invalid(path, fmt.Sprintf("must have %d to %d printable characters", low, high))
	}
	return nil
}

// checkText is checkLine for a text of several lines.
func checkText(path, text string, low, high int) error {
	return checkLine(path, strings.ReplaceAll(text, "\n", " "), low, high)
}

// normalise brings a message's text into NFC, which at most cuts it to a third: what is longer than three times the limit
// is refused unread.
func normalise(content string, limit int) (string, error) {
	if len(content) <= 3*limit && utf8.ValidString(content) && !strings.ContainsRune(content, 0) {
		content = norm.NFC.String(content)
		if content != "" && len(content) <= limit {
			return content, nil
		}
	}
	return "", invalid("content", fmt.Sprintf("must be 1 to %d bytes of UTF-8 without NUL", limit))
}

// compactObject takes one JSON object, and leaves out the space between its parts.
func compactObject(path string, data json.RawMessage) (json.RawMessage, error) {
	var b bytes.Buffer
	if len(data) > maxData || !utf8.Valid(data) || json.Compact(&b, data) != nil || b.Bytes()[0] != '{' {
		return nil, invalid(path, fmt.Sprintf("must be one JSON object of at most %d bytes", maxData))
	}
	return b.Bytes(), nil
}
