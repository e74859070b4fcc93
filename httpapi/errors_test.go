package httpapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// broken is a store that has one answer.
type broken struct{ err error }

func (b broken) Update(context.Context, func(dokkerr.Tx) error) error { return b.err }

func (b broken) Begin(context.Context, func(dokkerr.Tx) error) (end func() error) {
	return func() error { return b.err }
}

func (b broken) View(context.Context, func(dokkerr.Reader) error) error { return b.err }
func (b broken) Subscribe(func([]dokkerr.Event))                        {}

func TestErrorsOfTheStore(t *testing.T) {
	for _, c := range []struct {
		err        error
		status     int
		code       dokkerr.Code
		retryAfter string
	}{
		{&dokkerr.Error{Code: dokkerr.StorageUnavailable, Message: "later", RetryAfter: 1500 * time.Millisecond}, 503, dokkerr.StorageUnavailable, "2"},
		{&dokkerr.Error{Code: dokkerr.StorageFull, Message: "full", RetryAfter: 5 * time.Second}, 507, dokkerr.StorageFull, "5"},
		{&dokkerr.Error{Code: dokkerr.RateLimited, Message: "slowly", RetryAfter: time.Second}, 429, dokkerr.RateLimited, "1"},
		{&dokkerr.Error{Code: dokkerr.Conflict, Message: "no"}, 409, dokkerr.Conflict, ""},
		{context.DeadlineExceeded, 503, dokkerr.StorageUnavailable, "1"},
		{errors.New("disk I/O error at /var/lib/secret"), 500, dokkerr.InternalError, ""},
	} {
		f := over(broken{c.err})
		w := f.ask("POST", "/v1/notifications", notification)
		message := refused(t, w, c.status, c.code, "")
		if got := w.Header().Get("Retry-After"); got != c.retryAfter {
			t.Errorf("%v: Retry-After %q, want %q", c.err, got, c.retryAfter)
		}
		if strings.Contains(message, "disk") {
			t.Errorf("told: %s", message)
		}
		if c.status == 500 && !strings.Contains(f.log.String(), "disk I/O error") {
			t.Errorf("not in the log: %s", f.log)
		}
	}
}
