package sqlite

import (
	"os"
	"time"
)

// logGlance is how often the size of the write-ahead log is looked at.
const logGlance = 5 * time.Second

// LogSize is the size of the write-ahead log in bytes. It may be asked at any time.
func (s *Store) LogSize() int64 { return s.writer.logSize() }

// watchLog tells when the write-ahead log grows beyond a limit, once until it is smaller again. It does only while somebody
// reads without an end: what he still sees cannot go back into the file, and to stop him is the operator's to do. It returns when
// the store is closed.
func (s *Store) watchLog(path string, limit int64) {
	tick := time.NewTicker(logGlance)
	defer tick.Stop()
	for told := false; ; {
		select {
		case <-tick.C:
		case <-s.closing:
			return
		}
		info, err := os.Stat(path + "-wal")
		large := err == nil && info.Size() > limit
		if large && !told && s.hooks.LogGrows != nil {
			s.hooks.LogGrows(info.Size())
		}
		told = large
	}
}
