package gateway

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestBlock stops messages, typing, read marks and presence between two users, both ways, and lets them go on when it is taken back.
func TestBlock(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		a, b, c := h.connect(asha), h.connect(ben), h.connect(cleo)
		sent := a.writes(ben, "ahoy")
		b.hears("message.new", messageKeys...)
		a.sees("ben true")
		b.sees("asha true")
		conversation := map[string]any{"conversationId": sent["conversationId"]}
		b.asks("user.block", map[string]any{"userId": asha})
		a.sees("ben false")
		b.sees("asha false")
		for _, p := range []*person{a, b} {
			other := map[*person]any{a: ben, b: asha}[p]
			p.refused("message.new", "FORBIDDEN", "", map[string]any{"recipientId": other, "content": "x", "type": "text"})
			p.asks("message.typing", conversation)
		}
		b.asks("message.read", map[string]any{"messageId": sent["messageId"]}, "messageId", "readAt")
		c.writes(ben, "not blocked")
		b.hears("message.new", messageKeys...)
		b.sees("cleo true")
		c.sees("ben true")
		a.Close()
		time.Sleep(11 * time.Second)
		a = h.connect(asha)
		a.hears("message.new", messageKeys...) // its own: a new page gets what no page has confirmed
		for _, p := range []*person{a, b} {
			p.quiet()
			p.sees()
		}
		time.Sleep(5 * time.Second)
		b.asks("user.unblock", map[string]any{"userId": asha})
		a.sees("ben true")
		b.sees("asha true", "cleo true")
		a.asks("message.typing", conversation)
		b.hears("message.typing", "userId", "conversationId")
		a.writes(ben, "again")
		b.hears("message.new", messageKeys...)
	})
}

// TestABlockTellsStrangersNothing: who never had to do with the other learns nothing by it.
func TestABlockTellsStrangersNothing(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		a, b := h.connect(asha), h.connect(ben)
		a.asks("user.block", map[string]any{"userId": ben})
		a.asks("user.block", map[string]any{"userId": uuid.New()})
		b.sees()
		b.quiet()
		a.refused("user.block", "VALIDATION_ERROR", "userId", map[string]any{"userId": asha})
		a.refused("user.block", "NOT_FOUND", "", map[string]any{"userId": "12345678"})
		a.refused("user.unblock", "VALIDATION_ERROR", "userId", map[string]any{})
		h = h.restart()
		h.connect(ben).refused("message.new", "FORBIDDEN", "", map[string]any{"recipientId": asha, "content": "x", "type": "text"})
	})
}
