package simulation

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

// dice are random numbers that follow from a seed. For one goroutine.
type dice struct{ random *rand.Rand }

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// below returns a number from 0 to n-1.
func (d dice) below(n int) int { return d.random.IntN(n) }

// once in n times it is true.
func (d dice) once(n int) bool { return d.below(n) == 0 }

// within returns a time up to longest. It is counted in nanoseconds, so that no two things happen at one moment.
func (d dice) within(longest time.Duration) time.Duration {
	return time.Duration(d.below(int(longest)) + 1)
}

// luck is what befalls a call of many goroutines. It follows from the moment, so that the order of two calls at one moment,
// which is the scheduler's, changes nothing.
type luck struct {
	seed uint64
	calm func() bool // nothing befalls any more
}

// now returns the dice of this moment, for one of several questions.
func (l luck) now(question uint64) dice {
	return newDice(l.seed^question<<56, uint64(time.Now().UnixNano()))
}

const (
	slowest  = 40 * time.Millisecond // a transaction or an answer
	stuckFor = 3 * time.Second       // sometimes
	faults   = 30                    // one in so many calls fails
)

// delay takes the time of one transaction or answer.
func (l luck) delay(question uint64) {
	d := l.now(question)
	switch {
	case l.calm():
	case d.once(50):
		time.Sleep(d.within(stuckFor))
	case d.once(2):
		time.Sleep(d.within(slowest))
	}
}

func (l luck) fails(question uint64) bool { return !l.calm() && l.now(question).once(faults) }

// slowStore is a store whose transactions and answers take time, and sometimes fail.
type slowStore struct {
	dokkerr.Store
	luck
}

var errInjected = &dokkerr.Error{Code: dokkerr.StorageUnavailable, Message: "try again"}

func (s *slowStore) Update(ctx context.Context, decide func(dokkerr.Tx) error) error {
	return s.Begin(ctx, decide)()
}

// Begin holds the transaction open. It may undo it, and may lose the answer after the commit.
func (s *slowStore) Begin(ctx context.Context, decide func(dokkerr.Tx) error) (end func() error) {
	called := s.now(0)
	committed := s.Store.Begin(ctx, func(tx dokkerr.Tx) error {
		err := decide(tx)
		s.delay(1)
		if err == nil && s.fails(2) {
			return errInjected
		}
		return err
	})
	return func() error {
		err := committed()
		time.Sleep(called.within(time.Millisecond)) // those of one commit go on one after the other
		if err == nil && s.fails(3) {
			return errInjected
		}
		return err
	}
}

// View holds the answer back, so that the world goes on before it is used.
func (s *slowStore) View(ctx context.Context, look func(dokkerr.Reader) error) error {
	var quick bool
	err := s.Store.View(ctx, func(r dokkerr.Reader) error { return look(quickReader{r, &quick}) })
	if quick {
		return err
	}
	s.delay(4)
	if err == nil && s.fails(5) {
		return errInjected
	}
	return err
}

// quickReader notes that the secret was asked for: who asks holds a lock meanwhile.
type quickReader struct {
	dokkerr.Reader
	quick *bool
}

func (q quickReader) Secret(name string) ([]byte, error) {
	*q.quick = true
	return q.Reader.Secret(name)
}
