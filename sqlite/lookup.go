package sqlite

import (
	"context"
	"errors"
	"math"

	"github.com/dokkerr/realtime/dokkerr"
)

// everything is the horizon of the writer, which sees its own events.
const everything = math.MaxInt64

// lookup answers dokkerr.Lookup on one connection. Of events it sees those up to the horizon.
type lookup struct {
	ctx     context.Context
	conn    *conn
	horizon int64
	failed  error // the first error that was SQLite's
}

// row scans the only row of a query, or gives dokkerr.ErrNotFound.
func (l *lookup) row(query string, args []any, dest ...any) error {
	return l.answer(l.conn.row(l.ctx, query, args, dest...))
}

// each hands every row of a query to read, which scans it.
func (l *lookup) each(query string, args []any, read func(scan func(...any) error) error) error {
	return l.answer(l.conn.each(l.ctx, query, args, read))
}

// answer keeps an error for the operator and gives the caller's.
func (l *lookup) answer(err error) error {
	if err == nil {
		return nil
	}
	answer := answerOf(err)
	if l.failed == nil && !errors.Is(answer, dokkerr.ErrNotFound) {
		l.failed = err
	}
	return answer
}

const resolveUser = `SELECT id FROM user WHERE id BETWEEN ? AND ? AND seen = 1 LIMIT 2`
const resolveListing = `SELECT DISTINCT listing FROM booking WHERE listing BETWEEN ? AND ? LIMIT 2`
const resolveBooking = `SELECT id FROM booking WHERE id BETWEEN ? AND ? LIMIT 2`

// Resolve implements dokkerr.Lookup.
func (l *lookup) Resolve(kind dokkerr.Kind, prefix [4]byte) (dokkerr.ID, error) {
	query := map[dokkerr.Kind]string{
		dokkerr.KindUser: resolveUser, dokkerr.KindListing: resolveListing, dokkerr.KindBooking: resolveBooking,
	}[kind]
	var low, high, id dokkerr.ID
	for i := range high {
		high[i] = 0xff
	}
	copy(low[:], prefix[:])
	copy(high[:], prefix[:])
	found := 0
	err := l.each(query, []any{low[:], high[:]}, func(scan func(...any) error) error {
		found++
		return scan(&id)
	})
	if err == nil && found != 1 {
		err = dokkerr.ErrNotFound
	}
	return id, err
}
