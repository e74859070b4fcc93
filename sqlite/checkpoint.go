package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

const (
	// idleAfter is how long after the last commit the write-ahead log goes back into the file and is cut to nothing. Under load
	// SQLite does the former by itself, every 4,000 pages: a page that was written by many commits goes into the file once.
	idleAfter = 2 * time.Second
	// maxLog is how much of the write-ahead log is cut at once. More goes in slices before, while nobody sends: a file system may take more
	// than a millisecond for each MiB. SQLite would cut in the commit that begins the log anew, for which everybody waits.
	maxLog   = 64 << 20
	cutSlice = 16 << 20
	// cutAgain is how long after somebody held the log it is tried again to cut it.
	cutAgain = time.Second
)

// tidy does a slice of what was put off, and returns how long to rest before the next.
func (w *writer) tidy() (rest time.Duration) {
	switch {
	case w.broken.Load():
		w.erasing, w.large = false, false
		return 0
	case w.erasing:
		return w.sweep()
	default:
		return w.cut()
	}
}

// cut takes a slice off the write-ahead log, unless somebody reads what is in there only.
func (w *writer) cut() (rest time.Duration) {
	begin := time.Now()
	before := w.logSize()
	err := w.conn.pragma("busy_timeout(0)")
	var held bool
	var pages, done int
	if err == nil {
		err = w.conn.sql.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(RESTART)").Scan(&held, &pages, &done)
	}
	if err == nil && !held {
		err = errors.Join(
			w.conn.pragma(fmt.Sprintf("journal_size_limit(%d)", max(before-cutSlice, maxLog))),
			w.conn.pragma("user_version(0)"), // a commit of nothing, which begins the log anew
			w.conn.pragma("journal_size_limit(-1)"),
		)
	}
	if err = errors.Join(err, w.conn.pragma("busy_timeout(5000)")); err != nil {
		w.failed(err)
	}
	after := w.logSize()
	w.large = after > maxLog
	if after == before {
		return cutAgain
	}
	return 4 * time.Since(begin)
}

// logSize is the size of the write-ahead log in bytes.
func (w *writer) logSize() int64 {
	info, err := os.Stat(w.log)
	if err != nil {
		return 0
	}
	return info.Size()
}

// checkpoint does not wait for readers: they go on with the log, and the next quiet moment is as good.
func (w *writer) checkpoint() {
	if w.broken.Load() {
		return
	}
	err := errors.Join(
		w.conn.pragma("busy_timeout(0)"),
		w.conn.pragma("wal_checkpoint(TRUNCATE)"),
		w.conn.pragma("busy_timeout(5000)"),
	)
	if err != nil {
		w.failed(err)
	}
}

// pragma runs a setting unprepared, since many take effect while they are prepared.
func (c *conn) pragma(text string) error {
	_, err := c.sql.ExecContext(context.Background(), "PRAGMA "+text)
	return err
}
