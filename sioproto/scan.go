package sioproto

import "unicode/utf8"

// Valid reports whether b is one JSON text (RFC 8259) in UTF-8, white space around it
// allowed, with no more than depth levels of arrays and objects.
func Valid(b []byte, depth int) bool {
	s := scanner{text: b}
	return s.scan(depth)
}

// scanner checks one JSON text in one pass. Each of its methods takes the index
// at which a thing begins and returns the index behind it, or bad. bad handed on is bad again.
type scanner struct {
	text            []byte
	maxPlaceholders int           // 0: they are plain data
	placeholders    []placeholder // the outermost ones, in order
}

const bad = -1

// plain tells the bytes that stand for themselves in a string: printable ASCII but '"' and '\'.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (s *scanner) scan(depth int) bool {
	return s.space(s.value(s.space(0), depth)) == len(s.text)
}

// at returns the byte at i; outside of the text it is 0, which no JSON token begins with.
func (s *scanner) at(i int) byte {
	if uint(i) < uint(len(s.text)) {
		return s.text[i]
	}
	return 0
}

func (s *scanner) space(i int) int {
	for c := s.at(i); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = s.at(i) {
		i++
	}
	return i
}

// value may nest depth levels more.
func (s *scanner) value(i, depth int) int {
	switch s.at(i) {
	case '"':
		return s.string(i)
	case '{':
		return s.object(i, depth)
	case '[':
		return s.array(i, depth)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	default:
		return s.number(i)
	}
}

func (s *scanner) literal(i int, word string) int {
	end := i + len(word)
	if end > len(s.text) || string(s.text[i:end]) != word {
		return bad
	}
	return end
}

func (s *scanner) array(i, depth int) int {
	if depth <= 0 {
		return bad
	}
	i = s.space(i + 1)
	if s.at(i) == ']' {
		return i + 1
	}
	for {
		i = s.space(s.value(i, depth-1))
		switch s.at(i) {
		case ',':
			i = s.space(i + 1)
		case ']':
			return i + 1
		default:
			return bad
		}
	}
}

func (s *scanner) object(start, depth int) int {
	if depth <= 0 {
		return bad
	}
	found := placeholder{start: start, num: bad}
	i := s.space(start + 1)
	if s.at(i) == '}' {
		return i + 1
	}
	for {
		key := i
		keyEnd := s.string(key)
		i = s.space(keyEnd)
		if s.at(i) != ':' {
			return bad
		}
		value := s.space(i + 1)
		end := s.value(value, depth-1)
		i = s.space(end)
		if s.maxPlaceholders > 0 && end != bad {
			found.member(s.text[key:keyEnd], s.text[value:end])
		}
		switch s.at(i) {
		case ',':
			i = s.space(i + 1)
		case '}':
			return s.closed(found, i+1)
		default:
			return bad
		}
	}
}

func (s *scanner) string(i int) int {
	if s.at(i) != '"' {
		return bad
	}
	i++
	for {
		for uint(i) < uint(len(s.text)) && plain[s.text[i]] {
			i++
		}
		switch c := s.at(i); {
		case c == '"':
			return i + 1
		case c == '\\':
			i = s.escape(i + 1)
		case c >= utf8.RuneSelf:
			i = s.rune(i)
		default:
			return bad
		}
	}
}

// escape begins behind the backslash. A lone surrogate is an escape as any other.
func (s *scanner) escape(i int) int {
	switch s.at(i) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for end := i + 4; i < end; {
			i++
			if !isHex(s.at(i)) {
				return bad
			}
		}
		return i + 1
	default:
		return bad
	}
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) rune(i int) int {
	r, size := utf8.DecodeRune(s.text[i:])
	if r == utf8.RuneError && size == 1 {
		return bad
	}
	return i + size
}

func (s *scanner) number(i int) int {
	if s.at(i) == '-' {
		i++
	}
	if s.at(i) == '0' {
		i++
	} else {
		i = s.digits(i)
	}
	if s.at(i) == '.' {
		i = s.digits(i + 1)
	}
	if c := s.at(i); c == 'e' || c == 'E' {
		i++
		if c := s.at(i); c == '+' || c == '-' {
			i++
		}
		i = s.digits(i)
	}
	return i
}

// digits takes one digit or more.
func (s *scanner) digits(i int) int {
	if !isDigit(s.at(i)) {
		return bad
	}
	for isDigit(s.at(i)) {
		i++
	}
	return i
}
