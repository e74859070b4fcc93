package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
)

// TestMessagesTogether has a client send many messages while the store is busy with the first. What waits goes into one commit, up to what
// has to wait for it: a message that is refused, one without a key, another event. All are answered in their order, and arrive in it.
func TestMessagesTogether(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		a.writes(ben, "hello")
		b.hears("message.new", messageKeys...)
		release := dokkerrtest.Hold(t, h.store)
		h.told = nil
		sent := 0
		send := func(content, key string) {
			sent++
			data, err := json.Marshal(map[string]any{"recipientId": ben, "content": content, "type": "text", "clientMessageId": key})
			if err != nil {
				t.Fatal(err)
			}
			a.Send(fmt.Sprintf(`2%d["message.new",%s]`, 1000+sent, data))
		}
		keyed := func(n int) {
			for range n {
				send(fmt.Sprint("nr ", sent+1), fmt.Sprint("the key of number ", sent+1))
			}
		}
		keyed(1)
		synctest.Wait()
		keyed(4)
		send("", "the key of nothing")
		keyed(2)
		send("nr 2", "the key of number 2") // again
		send("nr 3 changed", "the key of number 3")
		a.Send(fmt.Sprintf(`2%d["message.new",{"recipientId":%q,"content":"without a key","type":"text"}]`, 1000+sent+1, ben))
		sent++
		keyed(3)
		a.Send(`22000["conversation.list"]`)
		keyed(2)
		synctest.Wait()
		release()
		answers := answersOf(t, a)
		if want := []string{
			"1001 2", "1002 3", "1003 4", "1004 5", "1005 6", "1006 VALIDATION_ERROR", "1007 7", "1008 8", "1009 3", "1010 IDEMPOTENCY_CONFLICT",
			"1011 9", "1012 10", "1013 11", "1014 12", "2000 0", "1015 13", "1016 14",
		}; !slices.Equal(answers, want) {
			t.Errorf("answered\n%q, want\n%q", answers, want)
		}
		// A commit takes what is there, so those that may share one need not, on a busy machine.
		if want := []int{1, 4, 2, 1, 3, 2}; !refines(h.told, want) || len(h.told) > 9 {
			t.Errorf("commits of %v messages, want %v", h.told, want)
		}
		for seq := 2; seq <= 14; seq++ {
			if got := b.hears("message.new", messageKeys...); got["seq"] != float64(seq) {
				t.Errorf("heard %v, want seq %d", got, seq)
			}
		}
	})
}

// refines reports whether parts are groups, some of them divided further.
func refines(parts, groups []int) bool {
	sum, next := 0, 0
	for _, n := range parts {
		if next == len(groups) {
			return false
		}
		sum += n
		if sum == groups[next] {
			sum, next = 0, next+1
		}
	}
	return sum == 0 && next == len(groups)
}

// answersOf returns each answer that has come, with its message's seq or its code.
func answersOf(t *testing.T, p *person) (answers []string) {
	t.Helper()
	synctest.Wait()
	for _, packet := range p.Waiting() {
		if packet.Type != 3 {
			continue
		}
		var a struct {
			Seq   int64
			Error struct{ Code dokkerr.Code }
		}
		if err := json.Unmarshal(packet.Args()[0], &a); err != nil {
			t.Fatal(err)
		}
		if a.Error.Code != "" {
			answers = append(answers, fmt.Sprint(packet.ID, " ", a.Error.Code))
		} else {
			answers = append(answers, fmt.Sprint(packet.ID, " ", a.Seq))
		}
	}
	return answers
}

// TestManyMessagesTogether has more messages wait than are begun at once.
func TestManyMessagesTogether(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		const n = 2 * maxTogether // as many as the inbox takes
		release := dokkerrtest.Hold(t, h.store)
		for i := range n {
			data, err := json.Marshal(newMessage(ben, fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			a.Send(fmt.Sprintf(`2["message.new",%s]`, data))
		}
		synctest.Wait()
		release()
		for i := range n {
			if got := b.hears("message.new", messageKeys...); got["content"] != fmt.Sprint(i) {
				t.Fatalf("message %d says %v", i, got["content"])
			}
		}
		b.quiet()
	})
}

// TestBatchEndsBehindAPanic: a decision that panics leaves no other message of its batch waited for by nobody.
func TestBatchEndsBehindAPanic(t *testing.T) {
	ended := 0
	breaks := func() (dokkerr.Receipt, error) {
		ended++
		panic("broken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	b := batch{ctx: ctx, cancel: cancel, begun: []begunMessage{{end: breaks}, {end: breaks}}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is swallowed")
			}
		}()
		b.end()
	}()
	if ended != 2 || ctx.Err() == nil {
		t.Errorf("%d of 2 messages ended, the context with %v", ended, ctx.Err())
	}
}
