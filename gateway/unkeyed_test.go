package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
)

// ackTimeout is how long the clients here wait before they send again.
const ackTimeout = 500 * time.Millisecond

// sender is the stock client's with the option "retries": it sends one message at a time, and each try under a new id. It says
// itself when it answers pings and what reaches it.
type sender struct {
	*tab
	tries int
}

// retries returns a client that is connected for the first time, and not just now.
func (h *harbour) retries(transport string) *sender {
	h.t.Helper()
	q := &sender{tab: &tab{h: h, user: asha, transport: transport}}
	q.connect()
	time.Sleep(time.Minute)
	return q
}

// try sends a message without a key and returns the id of the try.
func (q *sender) try(content string) int {
	q.h.t.Helper()
	q.tries++
	data, err := json.Marshal(newMessage(ben, content))
	if err != nil {
		q.h.t.Fatal(err)
	}
	q.Send(fmt.Sprintf(`2%d["message.new",%s]`, q.tries, data))
	return q.tries
}

// answers checks which tries were answered since the last call, and returns the seq that all of the answers have, 0 for none.
func (q *sender) answers(want ...int) (seq int64) {
	q.h.t.Helper()
	synctest.Wait()
	var got []int
	for _, p := range q.Waiting() {
		if p.Type != 3 {
			continue
		}
		got = append(got, p.ID)
		var receipt struct{ Seq int64 }
		if err := json.Unmarshal(p.Args()[0], &receipt); err != nil || receipt.Seq == 0 || seq != 0 && receipt.Seq != seq {
			q.h.t.Errorf("answered %s behind one of seq %d", p.Text, seq)
		}
		seq = receipt.Seq
	}
	if !slices.Equal(got, want) {
		q.h.t.Errorf("tries %v were answered, want %v", got, want)
	}
	return seq
}

// loses is a connection that ends with all that was on its way to the client.
func (q *sender) loses() {
	q.h.t.Helper()
	synctest.Wait()
	q.Waiting()
	q.Close()
	time.Sleep(time.Second)
}

// returns connects anew, with what was remembered, and sends what the stock client sends as soon as it is connected. It returns the
// last try's id. Pings are ignored, from the first on.
func (q *sender) returns(contents ...string) (id int) {
	q.h.t.Helper()
	q.dial()
	q.IgnorePings()
	q.greet()
	for _, content := range contents {
		id = q.try(content)
	}
	synctest.Wait()
	return id
}

// stored checks what ben was sent, all of it.
func (h *harbour) stored(want ...string) {
	h.t.Helper()
	h.opens(ben).gets(want...)
}

// TestCopyWhileTheFirstIsWorkedOn has the store take longer than the client waits.
func TestCopyWhileTheFirstIsWorkedOn(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		release := dokkerrtest.Hold(t, h.store)
		q.try("once")
		time.Sleep(ackTimeout)
		q.try("once")
		time.Sleep(ackTimeout)
		q.try("once")
		synctest.Wait()
		release()
		q.answers(1, 2, 3)
		h.stored("once")
	})
}

// TestCopyWhileTheAnswerIsOnItsWay is a line that is slower than the client is patient.
func TestCopyWhileTheAnswerIsOnItsWay(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		q.IgnorePings()
		q.try("once")
		time.Sleep(ackTimeout)
		q.try("once")
		q.SendEngine("3") // to the first answer's ping, behind the second try
		time.Sleep(ackTimeout)
		q.try("once") // before the second answer came
		q.answers(1, 2, 3)
		h.stored("once")
	})
}

// TestCopyAndPongInOneRead has the pong come right behind the copy, before that is handled.
func TestCopyAndPongInOneRead(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		q.IgnorePings()
		q.try("once")
		time.Sleep(ackTimeout)
		q.answers(1)
		data, err := json.Marshal(newMessage(ben, "once"))
		if err != nil {
			t.Fatal(err)
		}
		release := dokkerrtest.Hold(t, h.store)
		q.Send(fmt.Sprintf(`2["message.new",%s]`, `{"recipientId":"`+ben.String()+`","content":"without an answer","type":"text"}`))
		q.SendEngine(fmt.Sprintf(`42%d["message.new",%s]`, 2, data), "3")
		synctest.Wait()
		release()
		q.tries = 2
		q.answers(2)
		h.stored("once", "without an answer")
	})
}

// TestTheSameWordsOnPurpose waits for the answer in between.
func TestTheSameWordsOnPurpose(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		for n := range 3 {
			if seq := q.answers(q.try("ok")); seq != int64(n+1) {
				t.Errorf("message %d has seq %d", n+1, seq)
			}
		}
		h.stored("ok", "ok", "ok")
	})
}

// TestClientThatDoesNotWait sends the same words several times in one breath, and goes on like that.
func TestClientThatDoesNotWait(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		said := []string{}
		say := func(p *person, n int) {
			t.Helper()
			release := dokkerrtest.Hold(t, h.store)
			for id := range n {
				p.Send(fmt.Sprintf(`2%d["message.new",{"recipientId":%q,"content":"ok","type":"text"}]`, id, ben))
				said = append(said, "ok")
			}
			synctest.Wait()
			release()
			synctest.Wait()
			got := 0
			for _, packet := range p.Waiting() {
				if packet.Type == 3 {
					got++
				}
			}
			if got != n {
				t.Errorf("%d of %d were answered", got, n)
			}
		}
		auth := map[string]any{"token": tokenFor(t, asha, nil)}
		early := h.connectWith(asha, auth, transport)
		say(early, 2)
		time.Sleep(time.Minute)
		say(early, 2)
		late := h.connectWith(asha, auth, transport)
		time.Sleep(time.Minute)
		say(late, 8)
		h.stored(said...)
	})
}

// TestRetryAfterALostAnswer is hole 14: the connection died between commit and acknowledgement, once and once more.
func TestRetryAfterALostAnswer(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		q.IgnorePings()
		q.try("once")
		for range 2 {
			q.loses()
			q.returns("once")
			time.Sleep(2 * copyWait)
		}
		q.loses()
		last := q.returns("once")
		q.AnswerPings()
		if seq := q.answers(last); seq != 1 {
			t.Errorf("answered with seq %d", seq)
		}
		q.answers(q.try("once")) // the answer is there, so it is another one
		h.stored("once", "once")
	})
}

// TestRetryThatDoesNotComeWithTheFirstReturn has the client's second try lost on its way to the server.
func TestRetryThatDoesNotComeWithTheFirstReturn(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q := h.retries("websocket")
		q.IgnorePings()
		q.try("once")
		q.loses()
		q.returns()
		q.SendEngine("3") // the first pong overtakes what the reply brings about
		q.loses()
		last := q.returns("once")
		q.AnswerPings()
		q.answers(last)
		h.stored("once")
	})
}

// TestSameWordsAfterAReturn is who has all answers: what comes back then is no retry.
func TestSameWordsAfterAReturn(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		q.answers(q.try("proved"))
		q.Close()
		last := q.returns("proved")
		q.AnswerPings()
		q.answers(last)
		q.IgnorePings()
		q.try("not sent again")
		q.loses()
		q.reconnect(true) // and answers two pings
		time.Sleep(time.Second)
		q.answers(q.try("not sent again"))
		q.IgnorePings()
		q.try("sent on")
		q.loses()
		last = q.returns("next")
		q.AnswerPings()
		q.answers(last)
		q.answers(q.try("sent on"))
		h.stored("proved", "proved", "not sent again", "not sent again", "sent on", "next", "sent on")
	})
}

// TestRetryAfterARestart is R14 where only the rows remember.
func TestRetryAfterARestart(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		q := h.retries(transport)
		q.IgnorePings()
		q.try("once")
		q.loses()
		q.h = h.restart()
		for range 2 {
			last := q.returns("once")
			q.AnswerPings()
			q.answers(last) // the second one is another message, for this answer is proved
			q.Close()
		}
		q.h.stored("once", "once")
	})
}

// TestNoRetryAfterARestart is a page that says after the restart, once it is settled, what it said before.
func TestNoRetryAfterARestart(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q := h.retries("websocket")
		q.answers(q.try("ok"))
		q.Close()
		q.h = h.restart()
		q.reconnect(true)
		q.Close()
		last := q.returns("ok")
		q.AnswerPings()
		q.answers(last)
		q.h.stored("ok", "ok")
	})
}

// TestCopiesInOneBreath is hole 16: after a return a copy comes from the client's buffer and one from its queue. Two answers would
// count as the answers to two messages.
func TestCopiesInOneBreath(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		for _, stored := range []bool{false, true} {
			content := fmt.Sprint("stored before: ", stored)
			q := h.retries(transport)
			q.IgnorePings()
			if stored {
				q.try(content)
			}
			q.loses()
			last := q.returns(content, content)
			q.AnswerPings()
			q.answers(last)
			q.answers(q.try("next"))
			q.Close()
		}
		h.stored("stored before: false", "next", "stored before: true", "next")
	})
}

// TestWhatIsNoCopy has all that R14 leaves alone: no acknowledgement asked for, a key, another text, another recipient, another session.
func TestWhatIsNoCopy(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q, other := h.retries("websocket"), h.retries("websocket")
		for _, p := range []*sender{q, other} {
			p.IgnorePings()
			p.try("ok")
			time.Sleep(ackTimeout)
			p.Emit("message.new", newMessage(ben, "ok"))
			p.Ask("message.new", map[string]any{
				"recipientId": ben, "content": "ok", "type": "text", "clientMessageId": fmt.Sprintf("a key of %p", p),
			})
			p.Ask("message.new", newMessage(cleo, "ok"))
		}
		h.stored("ok", "ok", "ok", "ok", "ok", "ok")
		h.opens(cleo).gets("ok", "ok")
	})
}

// TestAnotherUserSaysTheSame is R15 and R27 on the server's side: another user on the same Socket sends what its buffer holds.
func TestAnotherUserSaysTheSame(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q := h.retries("websocket")
		q.IgnorePings()
		q.try("ok")
		q.loses()
		q.user = cleo
		q.reconnect(false)
		q.answers(q.try("ok"))
		h.stored("ok", "ok")
	})
}

// TestRefusedMessageIsTriedAgain has no memory of what was not stored.
func TestRefusedMessageIsTriedAgain(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q := h.retries("websocket")
		p := &person{Client: q.Client, h: h, user: asha}
		p.refused("message.new", string(dokkerr.ValidationError), "recipientId", newMessage(asha, "to myself"))
		q.tries = 7
		q.answers(q.try("ok"))
		h.stored("ok")
	})
}

// TestManyAnswersWithoutAPong is bounded: a client that answers no ping is not asked for ever.
func TestManyAnswersWithoutAPong(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		q := h.retries("websocket")
		q.IgnorePings()
		for n := range 3 * maxProofs {
			time.Sleep(soonest)
			q.answers(q.try(fmt.Sprint(n)))
		}
		var c *client
		for _, s := range h.lobby.To(userRoom(asha)).FetchSockets() {
			c = clientOf(s)
		}
		if got := c.unkeyed.proofs; got != maxProofs {
			t.Errorf("%d proofs are awaited", got)
		}
	})
}

func TestAwayIsBounded(t *testing.T) {
	var a away
	last := &answered{}
	a.put("first", last)
	for n := range maxAway {
		a.put(fmt.Sprint(n), nil)
	}
	if got, known := a.take("first"); got != last || !known {
		t.Errorf("forgotten too early")
	}
	if got, known := a.take("first"); got != nil || known {
		t.Errorf("still known when taken")
	}
	if got, known := a.take("0"); got != nil || !known {
		t.Errorf("a session with nothing unproved is not known")
	}
	for n := range 2 * maxAway {
		a.put(fmt.Sprint("more ", n), nil)
	}
	if _, known := a.take("5"); known || len(a.young)+len(a.old) > 2*maxAway {
		t.Errorf("%d are kept", len(a.young)+len(a.old))
	}
}
