package socketio

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dokkerr/realtime/sioproto"
)

// Raw is the arguments of an event or acknowledgement as they are on the wire.
// Sent, it is copied as it is: its JSON must be valid.
type Raw struct {
	JSON        []byte   // values and commas without the brackets; "" for none. A handler's is valid as long as the handler runs.
	Attachments [][]byte // what the placeholders stand for. A handler may keep its own.
}

// Args is several arguments in one payload or acknowledgement.
type Args []any

// None is no argument, and an acknowledgement without values.
type None struct{}

// Len returns the number of arguments.
func (r Raw) Len() int {
	n := 0
	for range sioproto.Elements(r.JSON) {
		n++
	}
	return n
}

// At returns the JSON text of argument i, nil beyond the last. It is part of
// r.JSON.
func (r Raw) At(i int) json.RawMessage {
	for element := range sioproto.Elements(r.JSON) {
		if i == 0 {
			return element
		}
		i--
	}
	return nil
}

var errNoArgument = errors.New("argument missing")

// Decode decodes argument i as On does. An argument that is not there is an
// error.
func (r Raw) Decode(i int, v any) error {
	text := r.At(i)
	if text == nil {
		return fmt.Errorf("socketio: %w", errNoArgument)
	}
	if b, ok := v.(*Binary); ok {
		if attachment, bare := r.attachment(text); bare {
			*b = attachment
			return nil
		}
	}
	return json.Unmarshal(r.placeAttachments(text), v)
}

// decode returns the value that arguments stand for.
func decode[T any](in Raw) (v T, err error) {
	switch p := any(&v).(type) {
	case *None:
		return v, nil
	case *Raw:
		*p = in
		return v, nil
	}
	return v, in.Decode(0, &v)
}
