package sioproto

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends s as a JSON string; invalid UTF-8 becomes U+FFFD; U+2028 and
// U+2029, which end a line in older JavaScript, are escaped.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n := plainPrefix(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		dst = appendRune(dst, r)
		s = s[n+size:]
	}
}

func plainPrefix(s string) int {
	for i := range len(s) {
		if !plain[s[i]] {
			return i
		}
	}
	return len(s)
}

func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case r < ' ' || r == '\u2028' || r == '\u2029':
		return fmt.Appendf(dst, `\u%04x`, r)
	default:
		return utf8.AppendRune(dst, r)
	}
}

// unquote returns what a valid JSON string stands for: a part of it, unless it has escapes.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	return appendUnquoted(nil, quoted)
}

// appendUnquoted appends what a valid JSON string stands for, which is not longer than the string itself.
func appendUnquoted(dst, quoted []byte) []byte {
	s := quoted[1 : len(quoted)-1]
	for {
		n := bytes.IndexByte(s, '\\')
		if n < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:n]...)
		var r rune
		r, s = cutEscape(s[n:])
		dst = utf8.AppendRune(dst, r)
	}
}

// cutEscape cuts the escape off that s begins with, or two that are a surrogate
// pair. Half a pair is no rune, so utf8.AppendRune makes U+FFFD of it.
func cutEscape(s []byte) (r rune, rest []byte) {
	if s[1] != 'u' {
		return unescaped(s[1]), s[2:]
	}
	r, rest = hexRune(s), s[6:]
	if bytes.HasPrefix(rest, []byte(`\u`)) {
		if pair := utf16.DecodeRune(r, hexRune(rest)); pair != utf8.RuneError {
			return pair, rest[6:]
		}
	}
	return r, rest
}

// hexRune returns the number in the `\uXXXX` that s begins with.
func hexRune(s []byte) rune {
	var r rune
	for _, c := range s[2:6] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}

func hexDigit(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}

func unescaped(c byte) rune {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return rune(c)
	}
}
