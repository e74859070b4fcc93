package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// slice is how many pages a backup copies before it rests: 256 KiB.
const slice = 64

// Backup writes to a new file all that is committed when it begins, in slices: each is brought to the disk, and then the backup rests as
// long as that took, so that who sends meanwhile waits for one slice at most. The copy is checked and on disk when it has its name; a
// file of that name, or of that name and ".partial", is refused. The log of the original grows meanwhile.
func (f *File) Backup(ctx context.Context, to string) error {
	if err := absent(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	partial := to + ".partial"
	out, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	if err := errors.Join(f.copy(ctx, out), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), remove(partial))
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
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

// copy keeps one state of the file in sight for as long as it copies: without that SQLite begins anew with every commit.
func (f *File) copy(ctx context.Context, out *os.File) error {
	c := f.lookup.conn.sql
	for _, query := range []string{"BEGIN", "SELECT count(*) FROM sqlite_schema"} {
		if _, err := c.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	err := c.Raw(func(of any) error { return f.copyPages(ctx, of, out) })
	if _, ended := c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil || ended != nil {
		return errors.Join(err, ended)
	}
	if err := withoutLog(ctx, out.Name()); err != nil {
		return err
	}
	if err := checkCopy(ctx, out.Name()); err != nil {
		return err
	}
	return out.Sync()
}

func (f *File) copyPages(ctx context.Context, of any, out *os.File) error {
	to, err := fileURI(out.Name(), "_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err != nil {
		return err
	}
	b, err := of.(interface {
		NewBackup(to string) (*sqlite.Backup, error)
	}).NewBackup(to)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		begin := time.Now()
		if more, err = b.Step(slice); err == nil {
			err = errors.Join(out.Sync(), ctx.Err())
		}
		if more && err == nil {
			f.rest(time.Since(begin))
		}
	}
	return errors.Join(err, b.Finish())
}

// withoutLog has a copy stand alone. The original's first page, and so the copy's, says that a write-ahead log is beside it.
func withoutLog(ctx context.Context, path string) error {
	db, err := openPool(path, 1, "_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode=DELETE")
	return errors.Join(err, db.Close())
}
