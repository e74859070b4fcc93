//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock makes this process the only one that opens the file, as long as the lock file is open: a second writer's positions
// would come in between those that are in memory here. The kernel gives the lock back when the process ends.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = fmt.Errorf("is it open in another process? %s: %w", f.Name(), err)
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
