package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dokkerr/realtime/dokkerr"
)

// File looks at a store's file, also while a process has it open as its Store: it reads, and holds no lock that the writer
// waits for. Its methods are for one goroutine.
type File struct {
	db     *sql.DB
	lookup lookup
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
	return &File{db: db, lookup: lookup{ctx: ctx, conn: c, horizon: everything}}, nil
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

// Backup writes to a new file all that is committed when it begins. The copy is checked and on disk when it has its name;
// a file of that name is refused. The log of the original grows meanwhile.
func (f *File) Backup(ctx context.Context, to string) error {
	if err := absent(to); err != nil {
		return err
	}
	partial := to + ".partial"
	if err := f.copy(ctx, partial); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), remove(partial))
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

func (f *File) copy(ctx context.Context, to string) error {
	if err := makeFile(to); err != nil {
		return err
	}
	if _, err := f.lookup.conn.sql.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return err
	}
	if err := checkCopy(ctx, to); err != nil {
		return err
	}
	return syncFile(to)
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

func absent(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s is there already; give a new name", path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
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
