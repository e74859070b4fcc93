package socketio

import (
	"encoding/json"
	"errors"
)

// The codes of the errors that this package tells clients by itself.
const (
	CodeValidation = "VALIDATION_ERROR"
	CodeInternal   = "INTERNAL_ERROR"
)

// Error is an error told to the client; other errors stay on the server.
type Error struct {
	Code       string `json:"code,omitempty"`
	Message    string `json:"message"`
	Path       string `json:"path,omitempty"`       // of the field at fault
	RetryAfter int    `json:"retryAfter,omitempty"` // seconds
	Data       any    `json:"-"`                    // of a CONNECT_ERROR
}

func (e *Error) Error() string { return e.Message }

// ReasonError is the cause of a socket's ended Context.
type ReasonError struct {
	Reason Reason
}

// ByClient reports whether the client brought the end about: what it sent before is still handled.
func (e *ReasonError) ByClient() bool { return byClient(e.Reason) }

func (e *ReasonError) Error() string { return "socketio: socket ended: " + string(e.Reason) }

var (
	// ErrDisconnected is returned by Ask when the socket is not connected, or ends before it answers.
	ErrDisconnected = errors.New("socketio: socket disconnected")
	// ErrTooManyAcks is returned by Ask when MaxPendingAcks answers are awaited already.
	ErrTooManyAcks = errors.New("socketio: too many acknowledgements awaited")
)

// errPanicked stands for a panic, which is logged where it is recovered.
var errPanicked = errors.New("socketio: a handler panicked")

// internalError is all that a client learns of an error that is no *Error.
var internalError = &Error{Code: CodeInternal, Message: "internal error"}

// public returns what a client may know of err.
func public(err error) *Error {
	if told, ok := errors.AsType[*Error](err); ok {
		return told
	}
	return internalError
}

// invalid tells a client why its payload does not decode, in words without Go's types.
func invalid(err error) *Error {
	if errors.Is(err, errNoArgument) {
		return &Error{Code: CodeValidation, Message: "payload missing"}
	}
	told := &Error{Code: CodeValidation, Message: "invalid payload"}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		told.Path = mismatch.Field
		told.Message = cut(mismatch.Value, maxLogged) + " is not allowed here"
	}
	return told
}
