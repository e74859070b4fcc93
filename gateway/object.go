package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// members walks over the members of a JSON object, in order, duplicates included:
//
//	for m := membersOf(object); m.next(); {
//
// The object must be valid JSON, as all that comes from a socket is. Names and values are parts of its text, but for names with
// escapes.
type members struct {
	name  string
	value string // as it is written
	rest  string // of the text: what follows the member; behind the last one what follows the object
}

// membersOf returns a walk over the object that a text begins with.
func membersOf(text string) members { return members{rest: text} }

// next goes on to the next member. Behind the last one it returns false.
func (m *members) next() bool {
	if m.rest[0] != '}' { // but the brace of the beginning, or a comma
		m.rest = trimSpace(m.rest[1:])
	}
	if m.rest[0] == '}' {
		m.rest = trimSpace(m.rest[1:])
		return false
	}
	end := stringEnd(m.rest, 0) + 1
	m.name, m.rest = unquote(m.rest[:end]), trimSpace(m.rest[end:])
	m.rest = trimSpace(m.rest[len(":"):])
	end = valueEnd(m.rest)
	m.value, m.rest = m.rest[:end], trimSpace(m.rest[end:])
	return true
}

// isString reports whether a valid JSON text is a string.
func isString(text string) bool { return text[0] == '"' }

// unquote returns what a valid JSON string means: a part of it, unless it has escapes. Lone surrogates become U+FFFD.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(quoted), &s); err != nil {
		panic(fmt.Sprintf("gateway: a string that is not JSON: %v", err))
	}
	return s
}

// trimSpace cuts white space off the beginning of what is valid JSON from there on: nothing else is that small.
func trimSpace(text string) string {
	for len(text) > 0 && text[0] <= ' ' {
		text = text[1:]
	}
	return text
}

// valueEnd returns the length of the value that a text begins with and that a comma or a bracket follows.
func valueEnd(text string) int {
	for i, depth := 0, 0; ; i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 || text[i+1] > ' ' && text[i+1] != ',' && text[i+1] != '}' {
				continue // in an array or object, or within a number or a word
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// stringEnd returns the index of the quote that ends the string that begins at i: the first with an even number of backslashes
// before it.
func stringEnd(text string, i int) int {
	for {
		i += 1 + strings.IndexByte(text[i+1:], '"')
		plain := i
		for text[plain-1] == '\\' {
			plain--
		}
		if (i-plain)%2 == 0 {
			return i
		}
	}
}
