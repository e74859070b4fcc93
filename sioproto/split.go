package sioproto

import (
	"bytes"
	"iter"
)

// SplitEvent splits the data of a parsed EVENT into the event's name (unquoted; a number's text as it is) and the raw
// text of its arguments, for Elements: all behind the name without the closing bracket, as in `{"a":1},2`, or nothing.
// Both are lent: they point into data, but for a name written with escapes.
func SplitEvent(data []byte) (name, args []byte, err error) {
	if len(data) < 2 || data[0] != '[' || data[len(data)-1] != ']' {
		return nil, nil, malformed("EVENT payload is no array")
	}
	first, args := cutElement(data[1 : len(data)-1])
	if name, err = eventName(first); err != nil {
		return nil, nil, err
	}
	return name, args, nil
}

func eventName(b []byte) ([]byte, error) {
	switch {
	case !Valid(b, 0):
		return nil, malformed("EVENT without name")
	case b[0] == '"':
		return unquote(b), nil
	case b[0] == '-' || isDigit(b[0]):
		return b, nil
	default:
		return nil, malformed("event name is neither string nor number")
	}
}

// Elements yields the raw JSON text of each element of a valid list without its
// brackets: what SplitEvent returns as args, or the data of an ACK without first and last byte.
func Elements(args []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := bytes.TrimSpace(args); len(rest) > 0; {
			var element []byte
			element, rest = cutElement(rest)
			if !yield(element) {
				return
			}
		}
	}
}

// cutElement cuts the first element off a valid list without brackets.
func cutElement(list []byte) (element, rest []byte) {
	end := elementEnd(list)
	if end < len(list) {
		rest = bytes.TrimSpace(list[end+1:])
	}
	return bytes.TrimSpace(list[:end]), rest
}

// elementEnd returns the index of the first comma that is in no string, array or object, or the length.
func elementEnd(list []byte) int {
	depth := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '"':
			i = stringEnd(list, i)
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(list)
}

// stringEnd returns the index of the quote that ends the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}
