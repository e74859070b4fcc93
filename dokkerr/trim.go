package dokkerr

import (
	"context"
	"time"
)

const (
	trimGrace = 24 * time.Hour // for who is catching up while it grows too old
	trimBatch = 64             // events per decision: some milliseconds
)

// Trim deletes the events that nobody will be told of again, until there are none, ctx ends or the store fails. Each batch
// is a command like others, so that what is sent meanwhile waits for one batch at most.
func (s *Service) Trim(ctx context.Context) error {
	before := TimeOf(s.now().Add(-s.retention.Age - trimGrace))
	for {
		expired, err := view(ctx, s.store, func(r Reader) (bool, error) { return r.Expired(before) })
		if err != nil || !expired {
			return err
		}
		err = s.store.Update(ctx, func(tx Tx) error {
			tx.Trim(before, trimBatch)
			return nil
		})
		if err != nil {
			return err
		}
	}
}
