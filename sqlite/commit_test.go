package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
)

// BenchmarkCommit is what is left of BenchmarkSend without rules, queue and answers: rows of messages into the same tables,
// in commits of so many, each with its fsync. Each op is one row.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 32, 64, 256} {
		b.Run(fmt.Sprintf("rows=%d", size), func(b *testing.B) { benchmarkCommit(b, size) })
	}
}

func benchmarkCommit(b *testing.B, size int) {
	const talks = 64
	k := newKeys(newFile(b), &Options{})
	data := make([]byte, 330)
	for i := range data {
		data[i] = 'x'
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		err := k.exec("BEGIN IMMEDIATE")
		for end := min(n+size, b.N); n < end && err == nil; n++ {
			id, talk, seq, key := uuid.Must(uuid.NewV7()), int64(n%talks), int64(n/talks+1), uuid.NewString()
			hash := k.hash(id, key)
			err = errors.Join(k.exec(insertEvent, int64(n+1), "message.new", time.Now().UnixMilli(), "session",
				talk, seq, talks+talk, seq, id[:], talk, seq, seq, key, string(data), hash), k.add(hash, int64(n+1)))
		}
		if err := errors.Join(err, k.merge(), k.exec("COMMIT")); err != nil {
			b.Fatal(err)
		}
		k.committed(int64(n))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// newFile returns a connection to a store's file that no store has open.
func newFile(b *testing.B) *conn {
	path := filepath.Join(b.TempDir(), "bench.db")
	s, err := Open(b.Context(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := openPool(path, 1, writing)
	if err != nil {
		b.Fatal(err)
	}
	c, err := newConn(b.Context(), db)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(c.close(), db.Close()); err != nil {
			b.Error(err)
		}
	})
	return c
}
