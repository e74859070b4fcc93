package gateway

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// The stock client's option "retries" sends one event at a time, and sends it again, under a new acknowledgement id, when its
// time-out passes or its connection was lost. Without a key nothing in the packet tells such a copy from the same words said on
// purpose. What tells is whether the client has the answer: it is sent behind a ping, so that the pong comes before
// anything the client says because of it (delivery R14).

const (
	// soonest is how long a client that sends again waits for an answer at least.
	soonest = 100 * time.Millisecond
	// manyWaiting is how many equal messages wait at once only when the client does not wait for answers.
	manyWaiting = 4
	// maxProofs is how many pongs to answers are awaited. Who has more to come does not wait for answers.
	maxProofs = 16
	// copyWait bounds the wait for a copy that was sent in one breath with the first.
	copyWait = time.Second
)

// unkeyed is what tells one socket's copies of messages without a key from new messages. Its owner is the goroutine of the
// socket's handlers.
type unkeyed struct {
	last      *answered // the latest, until the client proves to have the answer; nil: none
	resumed   bool      // only the store knows what the session sent before this connection
	heard     bool      // this connection has brought a message
	pipelines bool      // the client does not wait for answers, so it sends no copies
	proofs    int       // pongs to answers, on their way
	synced    time.Time // what comes now was sent after it; zero: unknown, copies may come in one breath
}

// answered is a message and its answer.
type answered struct {
	payload [sha256.Size]byte
	receipt dokkerr.Receipt
	after   time.Time // the message was sent; zero: unknown
}

// answerUnkeyed answers a message without a key, which is stored unless it is a copy. Of copies that come in one breath, one from
// the client's buffer and one from its queue, only the last is answered: the client would take two answers for those to two
// messages, and drop the second (delivery R15).
func (g *Gateway) answerUnkeyed(ctx context.Context, c *client, call *socketio.Call, in payload) error {
	u := &c.unkeyed
	awaitBreath := u.listen(call)
	this := &answered{payload: sha256.Sum256(call.Args.JSON), after: u.synced}
	if u.isCopy(this, call) {
		this.receipt = u.last.receipt
	} else {
		var err error
		if this.receipt, err = g.beginMessage(ctx, c, in, u.resumed)(); err != nil {
			return err
		}
	}
	u.last, u.heard, u.resumed = this, true, false
	awaitBreath()
	if u.synced.IsZero() && this.waiting(call) > 0 {
		return nil
	}
	return u.answer(call)
}

// listen returns a function that waits until everything has arrived that the client sent in one breath with its first
// message after it came back. The ping goes out at once: the message is stored meanwhile.
func (u *unkeyed) listen(call *socketio.Call) (await func()) {
	if u.heard || !u.synced.IsZero() {
		return func() {}
	}
	arrived := make(chan struct{})
	call.Socket.Confirm(func() { close(arrived) })
	return func() {
		patience := time.NewTimer(copyWait)
		defer patience.Stop()
		select {
		case <-arrived:
		case <-patience.C:
		case <-call.Socket.Context().Done():
		}
	}
}

// isCopy tells whether a message repeats the last one, and whether the client is one that could: who sends again has waited for
// an answer first.
func (u *unkeyed) isCopy(this *answered, call *socketio.Call) bool {
	if u.last == nil || u.pipelines {
		return false
	}
	if time.Since(u.last.after) < soonest || this.waiting(call) >= manyWaiting {
		u.pipelines = true
		return false
	}
	return this.payload == u.last.payload
}

// waiting counts the copies that wait for their turn.
func (a *answered) waiting(call *socketio.Call) (n int) {
	for args := range call.Waiting() {
		if sha256.Sum256(args.JSON) == a.payload {
			n++
		}
	}
	return n
}

// answer answers the last message, so that the pong proves that the client has the answer.
func (u *unkeyed) answer(call *socketio.Call) error {
	this := u.last
	if u.pipelines || u.proofs == maxProofs {
		u.last = nil
		return call.Answer(this.receipt)
	}
	u.proofs++
	sent := time.Now()
	return call.AnswerConfirmed(this.receipt, func() {
		call.Socket.Post(func() { u.proved(this, sent) })
	})
}

// proved takes the pong to an answer, in its turn: what arrived before it may be a copy, what comes now is not.
func (u *unkeyed) proved(this *answered, sent time.Time) {
	u.proofs--
	u.synced = sent
	if u.last == this {
		u.last = nil
	}
}

// welcome takes up what a session that comes back has left unproved. The stock client sends again at once; by the second pong it
// has, though the first may overtake what it sends because of the CONNECT reply.
func (g *Gateway) welcome(c *client) {
	u := &c.unkeyed
	var here bool
	if u.last, here = g.away.take(c.actor.Session); u.last != nil {
		u.last.after = time.Time{}
	}
	u.resumed = !here
	c.socket.Confirm(func() {
		sent := time.Now()
		c.socket.Confirm(func() {
			c.socket.Post(func() { u.settle(sent) })
		})
	})
}

// settle takes the second pong: what was not sent again by now was answered.
func (u *unkeyed) settle(sent time.Time) {
	u.synced = sent
	if !u.heard {
		u.last, u.resumed = nil, false
	}
}

// farewell keeps what the session has left unproved.
func (g *Gateway) farewell(c *client) {
	if !c.plain && !c.unkeyed.resumed {
		g.away.put(c.actor.Session, c.unkeyed.last)
	}
}

// away remembers the sessions that lost their connection to this process, and which answer each may not have. Its zero value
// is empty. It forgets those that have been away for longest.
type away struct {
	mu    sync.Mutex
	young map[string]*answered // under mu; by session, nil: none
	old   map[string]*answered // under mu
}

// maxAway is how many sessions are remembered at least.
const maxAway = 1 << 15

func (a *away) put(session string, last *answered) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.young) >= maxAway {
		a.old, a.young = a.young, nil
	}
	if a.young == nil {
		a.young = make(map[string]*answered)
	}
	a.young[session] = last
}

// take forgets a session. known is false when it was not here, or too long ago.
func (a *away) take(session string) (last *answered, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, sessions := range []map[string]*answered{a.young, a.old} {
		if last, known = sessions[session]; known {
			delete(sessions, session)
			return last, true
		}
	}
	return nil, false
}
