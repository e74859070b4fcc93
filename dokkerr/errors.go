package dokkerr

import "time"

// Code says what a caller can do about an Error. The codes are those of the contract, §3.
type Code string

// The codes a client or back end may see.
const (
	ValidationError     Code = "VALIDATION_ERROR"
	AuthError           Code = "AUTH_ERROR"
	TokenExpired        Code = "TOKEN_EXPIRED"
	Forbidden           Code = "FORBIDDEN"
	NotFound            Code = "NOT_FOUND"
	Conflict            Code = "CONFLICT"
	IdempotencyConflict Code = "IDEMPOTENCY_CONFLICT"
	PayloadTooLarge     Code = "PAYLOAD_TOO_LARGE"
	RateLimited         Code = "RATE_LIMITED"
	InternalError       Code = "INTERNAL_ERROR"
	StorageUnavailable  Code = "STORAGE_UNAVAILABLE"
	StorageFull         Code = "STORAGE_FULL"
)

// Error is a refusal that may be told to its caller in full.
type Error struct {
	Code       Code
	Message    string        // says what to do
	Path       string        // of the field, for ValidationError; "" otherwise
	RetryAfter time.Duration // for RateLimited and the storage codes
	illegal    bool          // a Conflict with a state machine, which is counted
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// ErrNotFound is the one answer for what is absent and for what is somebody else's (contract §1).
var ErrNotFound error = &Error{Code: NotFound, Message: "there is no such thing, or it is not yours"}

// invalid names the field that is wrong and what it must be.
func invalid(path, must string) error {
	return &Error{Code: ValidationError, Message: path + " " + must, Path: path}
}

func conflict(message string) error { return &Error{Code: Conflict, Message: message} }
