package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// restoring is the end of the name of a backup on its way into place. While it is there, nobody opens the store.
const restoring = ".restoring"

// Restore puts a backup in the place of the file at path, which no process may have open, and returns under which name it
// set the old file aside, "" if there was none. Positions go on above all that were ever given (delivery R6): the next
// Open sees to that, as long as the clock is not behind. A restore that was cut short is to be done again.
func Restore(ctx context.Context, backup, path string, now time.Time) (aside string, err error) {
	if err := checkCopy(ctx, backup); err != nil {
		return "", fmt.Errorf("the backup %s: %w", backup, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	held, err := lock(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	if err := copyFile(backup, path+restoring); err != nil {
		return "", errors.Join(err, remove(path+restoring))
	}
	return replace(path, now)
}

// replace sets what is at path aside, its write-ahead log first, and gives its name to the copy.
func replace(path string, now time.Time) (aside string, err error) {
	aside = path + ".replaced-" + now.UTC().Format("20060102T150405.000")
	if err := rename(path+"-wal", aside+"-wal"); err != nil {
		return "", err
	}
	if err := remove(path + "-shm"); err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		aside = ""
	} else if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	if err := os.Rename(path+restoring, path); err != nil {
		return "", err
	}
	return aside, syncFile(filepath.Dir(path))
}

// rename renames a file that may be missing.
func rename(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// copyFile returns when the copy and its name are on disk.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close(), in.Close()); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

// checkNotCut refuses a file whose restore did not come to its end.
func checkNotCut(path string) error {
	_, err := os.Lstat(path + restoring)
	if err == nil {
		return errCut
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
