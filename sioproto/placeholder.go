package sioproto

// placeholder is an object whose "_placeholder" is true, in the data of a binary packet.
type placeholder struct {
	start, end int // in the scanned text
	num        int // bad if it is missing or no whole number
	marked     bool
}

// longestKey is "_placeholder" with every character escaped, in quotes.
const longestKey = len(`""`) + len("_placeholder")*len(`\u005f`)

// member takes a member of the object; as in JavaScript the last of duplicate keys counts.
func (p *placeholder) member(key, value []byte) {
	if len(key) > longestKey {
		return
	}
	var buf [longestKey]byte
	switch string(appendUnquoted(buf[:0], key)) {
	case "_placeholder":
		p.marked = string(value) == "true"
	case "num":
		p.num = wholeNumber(value)
	}
}

func wholeNumber(b []byte) int {
	n, length := leadingNumber(b)
	if length != len(b) {
		return bad
	}
	return int(n)
}

// closed keeps a placeholder whose object ended, instead of those inside of it. One too many is bad.
func (s *scanner) closed(p placeholder, end int) int {
	if !p.marked {
		return end
	}
	n := len(s.placeholders)
	for n > 0 && s.placeholders[n-1].start > p.start {
		n--
	}
	if n == s.maxPlaceholders {
		return bad
	}
	p.end = end
	s.placeholders = append(s.placeholders[:n], p)
	return end
}

// placeholders finds the placeholders of data that Parse took from a binary packet.
func placeholders(data []byte) []placeholder {
	s := scanner{text: data, maxPlaceholders: len(data)}
	s.value(0, len(data))
	return s.placeholders
}

// ReplacePlaceholders appends data, taken by Parse from a binary packet, to dst with each
// {"_placeholder":true,"num":N} object replaced by what put appends for attachment N.
// A client may place one attachment many times; Assembler bounds what that adds up to.
func ReplacePlaceholders(dst, data []byte, put func(dst []byte, n int) []byte) []byte {
	from := 0
	for _, p := range placeholders(data) {
		dst = append(dst, data[from:p.start]...)
		dst = put(dst, p.num)
		from = p.end
	}
	return append(dst, data[from:]...)
}
