package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
)

// BenchmarkDoor is what an event passes before its handler: the limits, and the schema.
func BenchmarkDoor(b *testing.B) {
	often := limit.Rate{PerSecond: 1e9, Burst: 1 << 20}
	limits := Limits{Events: often, Messages: often, Typing: often, UserEvents: often}
	args := socketio.Raw{JSON: json.RawMessage(fmt.Sprintf(
		`{"recipientId":%q,"content":"how deep is the water at your dock","type":"text","clientMessageId":%q}`, uuid.New(), uuid.New()))}
	g := &Gateway{governor: newGovernor(limits), limited: func(string) {}}
	c := &client{actor: dokkerr.Actor{User: uuid.New()}, pace: g.governor.newPace()}
	for _, event := range []string{"message.new", "message.typing", "booking.list"} {
		b.Run("limits/"+event, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if dropped, err := g.admit(context.Background(), c, event); dropped || err != nil {
					b.Fatal(dropped, err)
				}
			}
		})
	}
	b.Run("schema/message.new", func(b *testing.B) {
		s := schemas["message.new"]
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.decode(args); err != nil {
				b.Fatal(err)
			}
		}
	})
}
