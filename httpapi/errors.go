package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/dokkerr/realtime/dokkerr"
)

// statusOf is the contract's table of codes, §3.
var statusOf = map[dokkerr.Code]int{
	dokkerr.ValidationError:     http.StatusBadRequest,
	dokkerr.AuthError:           http.StatusUnauthorized,
	dokkerr.TokenExpired:        http.StatusUnauthorized,
	dokkerr.Forbidden:           http.StatusForbidden,
	dokkerr.NotFound:            http.StatusNotFound,
	dokkerr.Conflict:            http.StatusConflict,
	dokkerr.IdempotencyConflict: http.StatusConflict,
	dokkerr.PayloadTooLarge:     http.StatusRequestEntityTooLarge,
	dokkerr.RateLimited:         http.StatusTooManyRequests,
	dokkerr.InternalError:       http.StatusInternalServerError,
	dokkerr.StorageUnavailable:  http.StatusServiceUnavailable,
	dokkerr.StorageFull:         http.StatusInsufficientStorage,
}

// errorAnswer is every answer that is not 2xx: the form of an acknowledgement's error.
type errorAnswer struct {
	status int
	Detail errorDetail `json:"error"`
}

type errorDetail struct {
	Code       dokkerr.Code `json:"code" doc:"What the caller can do about it."`
	Message    string       `json:"message" doc:"What is wrong, for people."`
	Path       string       `json:"path,omitempty" doc:"The field that is wrong, for VALIDATION_ERROR."`
	RetryAfter int          `json:"retryAfter,omitempty" doc:"Seconds to wait before the next try; the header Retry-After says the same."`
}

func (e *errorAnswer) Error() string  { return string(e.Detail.Code) + ": " + e.Detail.Message }
func (e *errorAnswer) GetStatus() int { return e.status }

// GetHeaders is how huma asks for headers of an error.
func (e *errorAnswer) GetHeaders() http.Header {
	h := http.Header{}
	if e.Detail.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Detail.RetryAfter))
	}
	return h
}

// write answers a request that huma does not see.
func (e *errorAnswer) write(w http.ResponseWriter) {
	for name, values := range e.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	// Of an error here only the connection knows, and it is gone.
	_ = json.NewEncoder(w).Encode(e)
}

func refusal(code dokkerr.Code, message string) *errorAnswer {
	return &errorAnswer{status: statusOf[code], Detail: errorDetail{Code: code, Message: message}}
}

// answerTo translates the service's errors. ok is false for those that are not for callers.
func answerTo(err error) (answer *errorAnswer, ok bool) {
	var e *dokkerr.Error
	switch {
	case errors.As(err, &e):
		answer = refusal(e.Code, e.Message)
		answer.Detail.Path = e.Path
		answer.Detail.RetryAfter = seconds(e.RetryAfter)
		return answer, true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		answer = refusal(dokkerr.StorageUnavailable, "no answer in time, and the outcome is not known: send the same request with the same Idempotency-Key again")
		answer.Detail.RetryAfter = 1
		return answer, true
	}
	return nil, false
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// huma keeps these in variables of its package: there is one answer for the process. Errors have the contract's form,
// `Status` is not taken for `status`, and lists are never null.
func init() {
	huma.NewError = humaError
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// humaError gives huma's own refusals the contract's form. Only the first of several faults is told; the values that huma
// would echo are not.
func humaError(status int, message string, faults ...error) huma.StatusError {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return refusal(dokkerr.PayloadTooLarge, message)
	case status >= http.StatusInternalServerError:
		return refusal(dokkerr.InternalError, "internal error")
	}
	answer := refusal(dokkerr.ValidationError, message)
	for _, fault := range faults {
		var d *huma.ErrorDetail
		if errors.As(fault, &d) {
			answer.Detail.Path = pathOf(d)
			answer.Detail.Message = strings.TrimPrefix(answer.Detail.Path+": "+d.Message, ": ")
			break
		}
	}
	return answer
}

// pathOf names the field as the caller wrote it. huma locates a missing field at its parent, and one that does not fit its
// type at the body.
func pathOf(d *huma.ErrorDetail) string {
	path := d.Location
	for _, part := range []string{"body", "path", "header", "query"} {
		if path == part {
			path = ""
		}
		path = strings.TrimPrefix(path, part+".")
	}
	for _, format := range []string{validation.MsgExpectedRequiredProperty, msgExpectedWhole} {
		var name string
		if n, err := fmt.Sscanf(d.Message, format, &name); n == 1 && err == nil {
			return strings.TrimPrefix(path+"."+name, ".")
		}
	}
	return path
}

// msgExpectedWhole is said of a number that is valid JSON and does not fit an integer: 1.0, 1e3, 9223372036854775808.
const msgExpectedWhole = "expected property %s to be a whole number without point or exponent"

// decode is encoding/json with an error that can be told.
func decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return fmt.Errorf(msgExpectedWhole, mismatch.Field)
	}
	return err
}
