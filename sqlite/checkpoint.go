package sqlite

import (
	"context"
	"errors"
	"time"
)

// idleAfter is how long after the last commit the write-ahead log goes back into the file and is cut to nothing. Under load
// SQLite does the former by itself, every 4,000 pages: a page that was written by many commits goes into the file once.
const idleAfter = 2 * time.Second

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
