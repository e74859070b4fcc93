package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/dokkerr/realtime/dokkerr"
)

// retryAfter is how long a caller is asked to wait when the store does not answer.
const retryAfter = time.Second

// answerOf translates what SQLite says into what callers may hear.
func answerOf(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return dokkerr.ErrNotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isFull(err):
		return &dokkerr.Error{Code: dokkerr.StorageFull, Message: "the disk is full; nothing was stored", RetryAfter: retryAfter}
	default:
		return unavailable()
	}
}

func unavailable() error {
	return &dokkerr.Error{
		Code: dokkerr.StorageUnavailable, Message: "the store does not answer; try again", RetryAfter: retryAfter,
	}
}

func isFull(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return errors.Is(err, syscall.ENOSPC)
	}
	return e.Code()&0xff == lib.SQLITE_FULL || e.Code() == lib.SQLITE_IOERR_SHMSIZE
}

// isConstraint says whether a write broke a rule of the tables. It undid itself alone; every other error of SQLite may
// have undone the whole transaction.
func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.Is(err, dokkerr.ErrKeyUsed) || errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_CONSTRAINT
}
