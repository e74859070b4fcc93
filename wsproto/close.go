package wsproto

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Code is a close status (RFC 6455 §7.4).
type Code uint16

// The close codes the server sends, and NoStatus for a Close frame without any.
const (
	NormalClosure  Code = 1000
	GoingAway      Code = 1001
	ProtocolError  Code = 1002
	NoStatus       Code = 1005
	InvalidPayload Code = 1007
	PolicyViolated Code = 1008
	MessageTooBig  Code = 1009
	InternalError  Code = 1011
)

const (
	codeSize  = 2
	maxReason = maxControl - codeSize
)

// sendable reports whether c may stand in a Close frame: the codes that RFC 6455
// §7.4.1 or the IANA registry define for it, and those of libraries and applications.
func (c Code) sendable() bool {
	switch {
	case c == 1004 || c == NoStatus || c == 1006:
		return false
	case c >= 1000 && c <= 1014:
		return true
	}
	return c >= 3000 && c <= 4999
}

// AppendClose appends a Close frame; reason is cut to 123 bytes at a rune
// boundary, and what in it is not UTF-8 is replaced. With NoStatus the frame has no payload,
// so that the code of ParseClose can be echoed as it is.
func AppendClose(dst []byte, code Code, reason string) []byte {
	if code == NoStatus {
		return AppendHeader(dst, Close, 0)
	}
	reason = cutReason(strings.ToValidUTF8(reason, "\uFFFD"))
	dst = AppendHeader(dst, Close, codeSize+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

func cutReason(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	n := maxReason
	for !utf8.RuneStart(reason[n]) {
		n--
	}
	return reason[:n]
}

// ParseClose reads the payload of a Close frame; no payload is NoStatus. The
// error is an *Error: ProtocolError for half a code or one that must not be sent
// (§7.4), InvalidPayload for a reason that is not UTF-8 (§5.5.1).
func ParseClose(payload []byte) (Code, string, error) {
	if len(payload) == 0 {
		return NoStatus, "", nil
	}
	if len(payload) < codeSize {
		return 0, "", violation(ProtocolError, "close code cut short")
	}
	code := Code(binary.BigEndian.Uint16(payload))
	if !code.sendable() {
		return 0, "", violation(ProtocolError, "close code not allowed")
	}
	reason := payload[codeSize:]
	if !utf8.Valid(reason) {
		return 0, "", violation(InvalidPayload, "close reason is not UTF-8")
	}
	return code, string(reason), nil
}
