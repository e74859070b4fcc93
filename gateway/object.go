package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// members yields the keys and the raw values of a JSON object, in order, duplicates included. The object must be
// valid JSON, as all that comes from a socket is. Values point into it.
func members(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for rest := trimSpace(object)[1:]; len(rest) > 0; {
			colon := valueEnd(rest)
			key := trimSpace(rest[:colon])
			if len(key) == 0 {
				return
			}
			rest = rest[colon+1:]
			end := valueEnd(rest)
			if !yield(unquote(key), trimSpace(rest[:end])) {
				return
			}
			rest = rest[end+1:]
		}
	}
}

// isObject and isString report what a valid JSON text is.
func isObject(b []byte) bool { return len(b) > 0 && b[0] == '{' }
func isString(b []byte) bool { return len(b) > 0 && b[0] == '"' }

// unquote returns what a valid JSON string means. Lone surrogates become U+FFFD.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		panic(fmt.Sprintf("gateway: a string that is not JSON: %v", err))
	}
	return s
}

func trimSpace(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }

// valueEnd returns the index of the first comma, colon or closing bracket that is in no string, array or object.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// stringEnd returns the index of the quote that ends the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}
