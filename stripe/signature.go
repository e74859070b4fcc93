package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	tolerance    = 300 * time.Second // both ways
	maxSignature = 4 << 10           // bytes of the header
)

var (
	errSignature = errors.New("the signature is missing or is not this endpoint's")
	errTime      = errors.New("the signature is too old, or of a time to come")
)

// signature is what the header Stripe-Signature says: t=1732298400,v1=<hex>, where v1 may be there several times.
type signature struct {
	text string // of t, which is signed as it was written
	time time.Time
	v1   [][]byte
}

// parseSignature takes the one header, whose parts have one spelling: a t, and among others a v1 of 64 lower-case digits.
func parseSignature(headers []string) (s signature, err error) {
	if len(headers) != 1 || len(headers[0]) > maxSignature {
		return s, errSignature
	}
	for part := range strings.SplitSeq(headers[0], ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			if s.text != "" {
				return s, errSignature
			}
			s.text = value
			if s.time, err = parseTime(value); err != nil {
				return s, err
			}
		case "v1":
			if mac := parseMAC(value); mac != nil {
				s.v1 = append(s.v1, mac)
			}
		}
	}
	if s.text == "" || s.v1 == nil {
		return s, errSignature
	}
	return s, nil
}

// parseTime reads seconds since 1970, in digits alone.
func parseTime(text string) (time.Time, error) {
	seconds, err := strconv.ParseUint(text, 10, 40)
	if err != nil {
		return time.Time{}, errSignature
	}
	return time.Unix(int64(seconds), 0), nil
}

// parseMAC returns nil for what is no v1, which is passed over as another scheme's is.
func parseMAC(text string) []byte {
	mac, err := hex.DecodeString(text)
	if err != nil || len(mac) != sha256.Size || strings.ToLower(text) != text {
		return nil
	}
	return mac
}

// verify says whether one of the signatures is one of the secrets', and not of another time. It takes as long for any
// signature that is wrong.
func (s signature) verify(secrets [][]byte, body []byte, now time.Time) error {
	good := false
	for _, secret := range secrets {
		mac := s.sign(secret, body)
		for _, v1 := range s.v1 {
			good = hmac.Equal(mac, v1) || good
		}
	}
	if !good {
		return errSignature
	}
	if age := now.Truncate(time.Second).Sub(s.time); age.Abs() > tolerance {
		return errTime
	}
	return nil
}

// sign is HMAC-SHA256 over t, a point and the body as it came.
func (s signature) sign(secret, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(s.text))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}
