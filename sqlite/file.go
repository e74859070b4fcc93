package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// File looks at a store's file, also while a process has it open as its Store: it reads, and holds no lock that the writer
// waits for. Its methods are for one goroutine.
type File struct {
	db     *sql.DB
	lookup lookup
	rest   func(time.Duration) // between two slices of a backup
}

// OpenFile opens a file that is there.
func OpenFile(ctx context.Context, path string) (*File, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := openPool(path, 1, "mode=ro&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	c, err := newConn(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, db.Close()))
	}
	return &File{db: db, lookup: lookup{ctx: ctx, conn: c, horizon: everything}, rest: time.Sleep}, nil
}

// Close closes the file.
func (f *File) Close() error { return errors.Join(f.lookup.conn.close(), f.db.Close()) }

// ProviderEvent finds what the payment provider told under an id, or gives dokkerr.ErrNotFound.
func (f *File) ProviderEvent(id string) (dokkerr.ProviderEvent, error) {
	e, err := f.lookup.ProviderEvent(id)
	if f.lookup.failed != nil {
		err = f.lookup.failed // in full: who asks is the operator
	}
	return e, err
}

// checkCopy says whether a file is whole, and a store's.
func checkCopy(ctx context.Context, path string) (err error) {
	db, err := openPool(path, 1, "mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := quickCheck(ctx, db); err != nil {
		return err
	}
	var key int64
	if err := db.QueryRowContext(ctx, "SELECT ifnull(max(key), 0) FROM event").Scan(&key); err != nil {
		return fmt.Errorf("it is no store of this service: %w", err)
	}
	return nil
}

// remove removes a file that may be missing.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile returns when a file, or the names in a directory, are on disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
