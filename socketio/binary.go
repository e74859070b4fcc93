package socketio

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strconv"

	"github.com/dokkerr/realtime/sioproto"
)

// Binary is bytes that travel as an attachment, alone or anywhere inside a
// payload. Nil is JSON's null. It is for payloads of this package: elsewhere
// encoding/json makes an opaque string of it.
type Binary []byte

// binaryMark begins the JSON string that stands for a Binary between
// encoding/json, which knows nothing of attachments, and liftBinary. Nobody
// else can write one, as it is random in each process.
var binaryMark = []byte(`"binary:` + rand.Text() + `:`)

// MarshalJSON makes a string that only this package's encoder understands.
func (b Binary) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	text := make([]byte, 0, len(binaryMark)+base64.StdEncoding.EncodedLen(len(b))+1)
	text = append(text, binaryMark...)
	text = base64.StdEncoding.AppendEncode(text, b)
	return append(text, '"'), nil
}

// attach adds an attachment and its placeholder.
func (e *encoder) attach(b Binary) {
	if b == nil {
		e.text = append(e.text, "null"...)
		return
	}
	e.text = appendPlaceholder(e.text, len(e.attachments))
	e.attachments = append(e.attachments, b)
}

func appendPlaceholder(dst []byte, n int) []byte {
	dst = append(dst, `{"_placeholder":true,"num":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '}')
}

// liftBinary turns the strings that stand for a Binary in the text from start into placeholders and attachments.
func (e *encoder) liftBinary(start int) error {
	if !bytes.Contains(e.text[start:], binaryMark) {
		return nil
	}
	rest := bytes.Clone(e.text[start:])
	e.text = e.text[:start]
	for {
		before, after, found := bytes.Cut(rest, binaryMark)
		e.text = append(e.text, before...)
		if !found {
			return nil
		}
		encoded, following, _ := bytes.Cut(after, []byte{'"'})
		b, err := base64.StdEncoding.AppendDecode(Binary{}, encoded)
		if err != nil {
			return err
		}
		e.attach(b)
		rest = following
	}
}

// placeAttachments puts the attachments into a JSON text as base64 strings, which encoding/json decodes to bytes.
func (r Raw) placeAttachments(text []byte) []byte {
	if len(r.Attachments) == 0 {
		return text
	}
	return sioproto.ReplacePlaceholders(nil, text, func(dst []byte, n int) []byte {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, r.Attachments[n])
		return append(dst, '"')
	})
}

// attachment returns the attachment that a JSON text stands for when it is nothing but its placeholder.
func (r Raw) attachment(text []byte) (Binary, bool) {
	if len(r.Attachments) == 0 {
		return nil, false
	}
	found := -1
	rest := sioproto.ReplacePlaceholders(nil, text, func(dst []byte, n int) []byte {
		found = n
		return dst
	})
	if found < 0 || len(rest) > 0 {
		return nil, false
	}
	return append(Binary{}, r.Attachments[found]...), true
}
