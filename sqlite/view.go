package sqlite

import (
	"context"

	"github.com/dokkerr/realtime/dokkerr"
)

// reader is a lookup with lists.
type reader struct{ lookup }

// View implements dokkerr.Store. It waits for one of the readers' connections as long as its caller does. Each answer of the
// reader is consistent in itself; two may be from before and after a commit.
func (s *Store) View(ctx context.Context, look func(dokkerr.Reader) error) error {
	select {
	case <-s.closing:
		return unavailable()
	default:
	}
	select {
	case c := <-s.readers:
		defer func() { s.readers <- c }()
		return s.look(ctx, c, look)
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return unavailable()
	}
}

func (s *Store) look(ctx context.Context, c *conn, look func(dokkerr.Reader) error) error {
	r := &reader{lookup{ctx: ctx, conn: c, horizon: s.horizon.Load()}}
	err := look(r)
	if r.failed != nil && ctx.Err() == nil && s.hooks.Failed != nil {
		s.hooks.Failed(r.failed)
	}
	return err
}
