package wsproto

import "unicode/utf8"

// checkText checks what came of a text and returns how many bytes of it are
// settled; up to three more may begin a rune whose rest is still to come. It fails
// at the first byte that no continuation can make valid.
func checkText(p []byte) (settled int, err error) {
	settled = len(p) - unfinishedRune(p)
	if !utf8.Valid(p[:settled]) {
		return 0, errNotUTF8()
	}
	return settled, nil
}

// unfinishedRune returns the length of the rune that p ends in the middle of.
func unfinishedRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		tail := p[len(p)-n:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if utf8.FullRune(tail) {
			return 0
		}
		return n
	}
	return 0
}

func errNotUTF8() error { return violation(InvalidPayload, "text is not UTF-8") }
