package wsproto

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
)

const (
	keyLength = 24 // base64 characters of 16 bytes
	acceptKey = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// HandshakeError is a request that is no WebSocket handshake; Status is the HTTP answer to it.
type HandshakeError struct {
	Status int // 400, 405 or 426 (answer with Sec-WebSocket-Version: 13)
	Reason string
}

func (e *HandshakeError) Error() string { return "wsproto: " + e.Reason }

// CheckHandshake checks an HTTP/1.1 upgrade request (RFC 6455 §4.2.1) in linear
// time; Origin is the caller's to judge, and extensions are NegotiateDeflate's. Subprotocols
// are declined by silence. A nil error means AppendSwitching may answer it; any other is a
// *HandshakeError.
func CheckHandshake(r *http.Request) error {
	switch {
	case r.Method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, "handshake is not a GET")
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return refuse(http.StatusBadRequest, "handshake is not HTTP/1.1")
	case r.ContentLength != 0:
		return refuse(http.StatusBadRequest, "handshake has a body")
	case !hasToken(r.Header["Connection"], "upgrade"):
		return refuse(http.StatusBadRequest, "Connection lacks upgrade")
	case !hasToken(r.Header["Upgrade"], "websocket"):
		return refuse(http.StatusBadRequest, "Upgrade lacks websocket")
	case only(r.Header["Sec-Websocket-Version"]) != "13":
		return refuse(http.StatusUpgradeRequired, "Sec-WebSocket-Version is not 13")
	case !validKey(only(r.Header["Sec-Websocket-Key"])):
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes, once")
	}
	return nil
}

func refuse(status int, reason string) error {
	return &HandshakeError{Status: status, Reason: reason}
}

// hasToken reports whether one of the comma-separated lists has the token, in any case.
func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for part := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.Trim(part, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// only returns the value of a header field that must appear once, else "".
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

func validKey(key string) bool {
	if len(key) != keyLength {
		return false
	}
	var buf [keyLength]byte
	n, err := base64.StdEncoding.Decode(buf[:], []byte(key))
	return err == nil && n == 16
}

// AppendSwitching appends the complete 101 response to a checked request, which declines
// all extensions.
func AppendSwitching(dst []byte, key string) []byte {
	return AppendSwitchingWith(dst, key, "")
}

// AppendSwitchingWith appends the complete 101 response to a checked request; extensions
// is the response of NegotiateDeflate.
func AppendSwitchingWith(dst []byte, key, extensions string) []byte {
	var buf [keyLength + len(acceptKey)]byte
	sum := sha1.Sum(append(append(buf[:0], key...), acceptKey...))
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = base64.StdEncoding.AppendEncode(dst, sum[:])
	if extensions != "" {
		dst = append(append(dst, "\r\nSec-WebSocket-Extensions: "...), extensions...)
	}
	return append(dst, "\r\n\r\n"...)
}
