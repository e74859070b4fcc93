package dokkerr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

const maxOnceKey = 255

// once runs a decision of the back end, and stores its answer in its commit; asked again it gives that answer.
func once[T any](ctx context.Context, s *Service, o Once, decide func(Tx) (T, error)) (T, error) {
	if o.Key == "" {
		return update(ctx, s.store, decide)
	}
	if len(o.Key) > maxOnceKey || !printable(o.Key) {
		var none T
		return none, invalid("Idempotency-Key", fmt.Sprintf("must have at most %d printable characters", maxOnceKey))
	}
	return update(ctx, s.store, func(tx Tx) (T, error) {
		first, err := tx.Answer(o.Key)
		if errors.Is(err, ErrNotFound) {
			return decideAndKeep(tx, s, o, decide)
		}
		if err == nil && first.Body != o.Body {
			err = &Error{Code: IdempotencyConflict, Message: "the idempotency key was used for another request"}
		}
		var answer T
		if err == nil {
			err = json.Unmarshal(first.Data, &answer)
		}
		return answer, err
	})
}

func decideAndKeep[T any](tx Tx, s *Service, o Once, decide func(Tx) (T, error)) (T, error) {
	answer, err := decide(tx)
	if err != nil {
		return answer, err
	}
	data, err := encode(answer)
	if err != nil {
		return answer, err
	}
	tx.PutAnswer(Answer{Key: o.Key, Body: o.Body, Data: data, Time: TimeOf(s.now())})
	return answer, nil
}
