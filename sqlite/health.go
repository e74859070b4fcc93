package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// checkWait is how long Open waits for the check of a file that was not closed. A large file's goes on beside the work.
const checkWait = time.Second

var (
	errDamaged = errors.New("the file is damaged: restore the last backup (dokkerrd restore FILE), and keep a copy of this one")
	errDisk    = errors.New("the disk failed to keep what was written: nothing more is acknowledged. What was acknowledged before is safe; see to the disk, then start again")
	errCut     = errors.New("a restore was cut short: do it again (dokkerrd restore FILE)")
)

// brokenBy says whether an error leaves the file in doubt, and in which words. After a failed fsync the kernel calls the
// pages clean that it could not write, so a second one that succeeds means nothing.
func brokenBy(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || isFull(err) {
		return nil
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%w (%w)", errDisk, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return nil
}

// wasClosed says whether the last process that had the file closed it: then it left nothing in the write-ahead log.
func wasClosed(path string) (bool, error) {
	log, err := os.Stat(path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return err == nil && log.Size() == 0, err
}

// quickCheck asks SQLite to read the whole file.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var said string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&said)
	switch {
	case err != nil && brokenBy(err) != nil:
		return brokenBy(err)
	case err != nil:
		return err
	case said != "ok":
		return fmt.Errorf("%w (%s)", errDamaged, strings.ReplaceAll(said, "\n", "; "))
	}
	return nil
}

// checkAfterCrash checks a file that was not closed. What it finds within checkWait is returned; later it breaks the store.
func (s *Store) checkAfterCrash(ctx context.Context, path string) error {
	db, err := s.pool(path, 1, "mode=ro&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	checking, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopCheck = stop
	found, late := make(chan error), make(chan struct{})
	s.check.Go(func() {
		err := quickCheck(checking, db)
		select {
		case found <- err:
		case <-late:
			if err != nil && checking.Err() == nil {
				s.writer.tellBroken(err)
			}
		}
	})
	select {
	case err := <-found:
		return err
	case <-time.After(checkWait):
		close(late)
		return nil
	case <-ctx.Done():
		close(late)
		return ctx.Err()
	}
}

// tellBroken tells once that the store cannot go on. It may run at once with itself.
func (w *writer) tellBroken(err error) {
	if w.broken.CompareAndSwap(false, true) && w.hooks.Broken != nil {
		w.hooks.Broken(err)
	}
}
