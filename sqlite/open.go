// Package sqlite keeps dokkerr's truth in one SQLite file: one goroutine writes, in group commits; four connections read.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	driver      = "sqlite"
	readerCount = 4

	// The settings of the connection that writes.
	writing = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&" +
		"_pragma=wal_autocheckpoint(4000)"
)

// Options configures a Store; the zero value works.
type Options struct {
	// Now is the clock that gives dokkerr.PositionFloor at Open; nil: time.Now.
	Now func() time.Time
	// Hooks watch the writer.
	Hooks Hooks

	rest     func(took time.Duration) time.Duration    // between two slices of an erasure; nil: as long as one took
	keyLimit int                                       // 0: the constant; tests want less
	keyHash  func(sender dokkerr.ID, key string) int64 // nil: hashKey; tests want collisions
}

// Hooks are told what the writer does. Each may be nil; they run on the writer's goroutine and must not call the store.
type Hooks struct {
	// Committed is told of each commit that is on disk, before its events are told to anybody.
	Committed func(Commit)
	// Failed is told why a batch or a question failed; callers hear only a code. It may run at once with itself.
	Failed func(error)
	// Broken is told, once, why the store will store nothing more until it is opened again: the disk failed, or the file is
	// damaged. Questions may still be answered. It must not block.
	Broken func(error)
	// LogGrows is told the size in bytes of a write-ahead log that is over 64 MiB, once until it is smaller again: somebody has
	// read the file for long, as a backup does, and does not end. It runs on a goroutine of its own.
	LogGrows func(bytes int64)
}

// Commit is one transaction.
type Commit struct {
	Commands int           // decisions run, those that failed included
	Events   int           // durable events written
	Took     time.Duration // from the first decision until it was on disk
}

// Store is a dokkerr.Store in one file. One process owns the file: the writer keeps the heads of users and conversations
// in memory. A lock file beside it keeps others away.
type Store struct {
	writer  *writer
	readers chan *conn     // the idle ones
	lock    *os.File       // fixed at birth
	conns   []*conn        // all of them; fixed at birth
	pools   []*sql.DB      // fixed at birth
	horizon *atomic.Int64  // the last event that was told; the writer's
	hooks   Hooks          // fixed at birth
	closing chan struct{}  // closed by Close
	mu      sync.RWMutex   // guards closed, and that no sender joins once it is set
	closed  bool           // under mu
	senders sync.WaitGroup // callers on their way into the queue

	check     sync.WaitGroup     // of a file that was not closed, and of the log's size
	stopCheck context.CancelFunc // ends it
}

var _ dokkerr.Store = (*Store)(nil)

// Open opens the file at path, and makes it, its directory (0700) and its tables if they are missing. It refuses a
// file that is open in another store, one that is damaged, and an SQLite older than 3.51.3. A file that was not closed is
// checked; if that takes longer than a second, the rest of it beside the work. o may be nil.
func Open(ctx context.Context, path string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{
		readers: make(chan *conn, readerCount),
		horizon: new(atomic.Int64),
		hooks:   o.Hooks,
		closing: make(chan struct{}),

		stopCheck: func() {},
	}
	if err := s.open(ctx, path, o); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, s.closeFile()))
	}
	go s.writer.run()
	s.check.Go(func() { s.watchLog(path, maxLog) })
	return s, nil
}

func (s *Store) open(ctx context.Context, path string, o *Options) error {
	err := makeFile(path)
	if err != nil {
		return err
	}
	if s.lock, err = lock(path); err != nil {
		return err
	}
	if err := checkNotCut(path); err != nil {
		return err
	}
	closed, err := wasClosed(path)
	if err != nil {
		return err
	}
	if err := s.openWriter(ctx, path, o); err != nil {
		return cmp.Or(brokenBy(err), err)
	}
	if err := s.openReaders(ctx, path); err != nil || closed {
		return err
	}
	return s.checkAfterCrash(ctx, path)
}

func (s *Store) openWriter(ctx context.Context, path string, o *Options) error {
	db, err := s.pool(path, 1, writing)
	if err != nil {
		return err
	}
	version, err := version(ctx, db)
	if err != nil {
		return err
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	if err := migrate(ctx, db); err != nil {
		return err
	}
	c, err := s.connect(ctx, db)
	if err != nil {
		return err
	}
	s.writer, err = newWriter(c, path+"-wal", s.horizon, o)
	return err
}

func (s *Store) openReaders(ctx context.Context, path string) error {
	db, err := s.pool(path, readerCount, "mode=ro&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	for range readerCount {
		c, err := s.connect(ctx, db)
		if err != nil {
			return err
		}
		s.readers <- c
	}
	return nil
}

// pool opens a pool that is closed with the store.
func (s *Store) pool(path string, size int, query string) (*sql.DB, error) {
	db, err := openPool(path, size, query)
	if err == nil {
		s.pools = append(s.pools, db)
	}
	return db, err
}

// openPool opens a pool that keeps its connections.
func openPool(path string, size int, query string) (*sql.DB, error) {
	name, err := fileURI(path, query+"&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// fileURI names a file for SQLite, with settings.
func fileURI(path, query string) (string, error) {
	path, err := filepath.Abs(path)
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	return name.String(), err
}

// makeFile makes the file before SQLite would, so that only its owner can read it; SQLite gives the files beside it the
// same mode.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func version(ctx context.Context, db *sql.DB) (version string, err error) {
	err = db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	return version, err
}

// checkVersion refuses the versions that may corrupt a file which several connections write-ahead log
// (3.7.0 to 3.51.2).
func checkVersion(version string) error {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("version %q: %w", version, err)
	}
	if major<<20|minor<<10|patch < 3<<20|51<<10|3 {
		return fmt.Errorf("SQLite %s can corrupt its file; build with 3.51.3 or later", version)
	}
	return nil
}

// Close refuses new commands, runs those that wait, and returns when every command and question is answered, the
// write-ahead log is back in the file and the file is closed.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	close(s.closing)
	s.senders.Wait()
	close(s.writer.queue)
	<-s.writer.done
	for range readerCount {
		<-s.readers // each comes back when its question is answered
	}
	var err error
	if !s.writer.broken.Load() {
		err = s.writer.conn.pragma("wal_checkpoint(TRUNCATE)")
	}
	return errors.Join(err, s.closeFile())
}

func (s *Store) connect(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := newConn(ctx, db)
	if err == nil {
		s.conns = append(s.conns, c)
	}
	return c, err
}

// closeFile closes the writer first: SQLite would write once more when the last one closes that may.
func (s *Store) closeFile() error {
	s.stopCheck()
	s.check.Wait()
	var all error
	for _, c := range s.conns {
		all = errors.Join(all, c.close())
	}
	for _, db := range s.pools {
		all = errors.Join(all, db.Close())
	}
	if s.lock != nil {
		all = errors.Join(all, s.lock.Close())
	}
	return all
}
