package wsproto

import "strings"

const (
	deflateName = "permessage-deflate"

	// Both sides start every message afresh: an idle connection keeps no window, and one
	// compressed frame fits every client.
	acceptDeflate = deflateName + "; server_no_context_takeover; client_no_context_takeover"
	acceptWindow  = acceptDeflate + "; server_max_window_bits=15"
)

// NegotiateDeflate answers the values of Sec-WebSocket-Extensions (RFC 7692 §7.1).
// If ok, response is to be sent in the field of that name, the connection's Reader is to have
// Deflate set, and AppendDeflated may be used. Otherwise response is "", and nothing is
// compressed.
//
// The first acceptable offer counts. One is not acceptable if it wants a window of the server
// smaller than 15 bits, or has a parameter that is unknown, repeated, or without the value it
// needs. Values that break the grammar (RFC 6455 §9.1) offer nothing at all. The time is linear.
func NegotiateDeflate(values []string) (response string, ok bool) {
	for _, value := range values {
		for s := newScanner(value); s.rest != ""; {
			if s.take(',') { // also an empty element, which a list may have (RFC 9110 §5.6.1)
				continue
			}
			answer, valid := s.offer()
			if !valid {
				return "", false
			}
			if response == "" {
				response = answer
			}
		}
	}
	return response, response != ""
}

// offer reads an extension to the end of its parameters. The answer is "" if it is not accepted.
func (s *scanner) offer() (answer string, valid bool) {
	name := s.token()
	o := deflateOffer{refused: name != deflateName}
	for valid = name != ""; valid && s.take(';'); {
		valid = s.param(&o)
	}
	if s.rest != "" && s.rest[0] != ',' {
		return "", false
	}
	return o.answer(), valid
}

// param reads one parameter into o.
func (s *scanner) param(o *deflateOffer) (valid bool) {
	name, value := s.token(), ""
	if s.take('=') {
		if value = s.value(); value == "" {
			return false
		}
	}
	o.add(name, value)
	return name != ""
}

// deflateOffer is what an offer has said so far.
type deflateOffer struct {
	refused      bool
	serverAlone  bool // server_no_context_takeover
	clientAlone  bool // client_no_context_takeover
	serverWindow bool // server_max_window_bits
	clientWindow bool // client_max_window_bits
}

// add judges a parameter (RFC 7692 §7.1.1, §7.1.2); the value "" is none.
func (o *deflateOffer) add(name, value string) {
	var said *bool
	var good bool
	switch name {
	case "server_no_context_takeover":
		said, good = &o.serverAlone, value == ""
	case "client_no_context_takeover":
		said, good = &o.clientAlone, value == ""
	case "server_max_window_bits":
		said, good = &o.serverWindow, value == "15"
	case "client_max_window_bits":
		said, good = &o.clientWindow, value == "" || isWindowBits(value)
	default:
		o.refused = true
		return
	}
	o.refused = o.refused || *said || !good
	*said = true
}

func isWindowBits(value string) bool {
	switch value {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	}
	return false
}

// answer repeats the server's window where it was asked for, as it must. The client's is left
// to the client: any fits.
func (o *deflateOffer) answer() string {
	switch {
	case o.refused:
		return ""
	case o.serverWindow:
		return acceptWindow
	}
	return acceptDeflate
}

const space = " \t"

// scanner reads a header value piece by piece, with the space behind each piece.
type scanner struct{ rest string }

func newScanner(value string) *scanner { return &scanner{strings.TrimLeft(value, space)} }

// advance leaves the next n bytes behind.
func (s *scanner) advance(n int) { s.rest = strings.TrimLeft(s.rest[n:], space) }

// take takes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.advance(1)
	return true
}

// token takes a token; "" is none.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.advance(n)
	return token
}

// value takes a token, or the token that a quoted string holds; "" is none.
func (s *scanner) value() string {
	if s.rest == "" || s.rest[0] != '"' {
		return s.token()
	}
	var value []byte
	for i := 1; i < len(s.rest); i++ {
		c := s.rest[i]
		if c == '"' {
			s.advance(i + 1)
			return string(value)
		}
		if c == '\\' && i+1 < len(s.rest) {
			i++
			c = s.rest[i]
		}
		if !isTokenByte(c) {
			return ""
		}
		value = append(value, c)
	}
	return ""
}

// isTokenByte is tchar of RFC 9110 §5.6.2.
func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
