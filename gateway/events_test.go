package gateway

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

var messageKeys = []string{"messageId", "senderId", "content", "timestamp", "type", "conversationId", "recipientId", "seq"}

func TestMessage(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		phone, laptop, other, stranger := h.connect(asha), h.connect(asha), h.connect(ben), h.connect(cleo)
		receipt := phone.writes(ben, "ahoy")
		for _, p := range []*person{laptop, other} {
			m := p.hears("message.new", messageKeys...)
			if m["messageId"] != receipt["messageId"] || m["content"] != "ahoy" || m["senderId"] != asha.String() || m["seq"] != 1.0 {
				t.Errorf("%s was told %v", nameOf(p.user), m)
			}
		}
		short := map[string]any{"recipientId": asha.String()[:8], "content": "ahoy yourself", "type": "text"}
		other.asks("message.new", short, "messageId", "conversationId", "seq", "timestamp")
		phone.hears("message.new", messageKeys...)
		laptop.hears("message.new", messageKeys...)
		for _, p := range []*person{phone, laptop, other, stranger} {
			p.quiet()
		}
	})
}

func TestRead(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		sender, phone, laptop := h.connect(asha), h.connect(ben), h.connect(ben)
		sender.writes(ben, "ahoy")
		id := phone.hears("message.new", messageKeys...)["messageId"]
		laptop.hears("message.new", messageKeys...)
		phone.asks("message.read", map[string]any{"messageId": id}, "messageId", "readAt")
		for _, p := range []*person{sender, laptop} {
			if r := p.hears("message.read", "messageId", "readAt", "conversationId", "userId", "seq"); r["userId"] != ben.String() {
				t.Errorf("%v", r)
			}
		}
		phone.quiet()
		phone.refused("message.read", "NOT_FOUND", "", map[string]any{"messageId": uuid.New()})
	})
}

func TestTyping(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		typist, phone, laptop := h.connect(asha), h.connect(ben), h.connect(ben)
		typist.refused("message.typing", "NOT_FOUND", "", map[string]any{"recipientId": ben})
		conversation := typist.writes(ben, "ahoy")["conversationId"]
		phone.hears("message.new", messageKeys...)
		laptop.hears("message.new", messageKeys...)
		for _, payload := range []map[string]any{{"conversationId": conversation}, {"recipientId": ben}} {
			for range 3 {
				typist.asks("message.typing", payload)
			}
			for _, p := range []*person{phone, laptop} {
				if sign := p.hears("message.typing", "userId", "conversationId"); sign["userId"] != asha.String() || sign["conversationId"] != conversation {
					t.Errorf("%v", sign)
				}
				p.quiet()
			}
			phone.asks("message.typing", map[string]any{"conversationId": conversation}) // each side has its own interval
			typist.hears("message.typing", "userId", "conversationId")
			time.Sleep(2 * time.Second)
		}
		typist.quiet()
	})
}

func TestLists(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		booking := uuid.New()
		h.book(booking, "pending")
		notification, err := h.service.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{
			UserID: asha.String(), Type: "review_received", Title: "A review", Body: "Five stars",
		})
		if err != nil {
			t.Fatal(err)
		}
		p := h.connect(asha)
		conversation := p.writes(ben, "one")["conversationId"]
		p.writes(ben, "two")
		p.writes(ben, "three")

		page := p.asks("message.history", map[string]any{"conversationId": conversation, "after": 1, "limit": 1}, "messages", "hasMore")
		messages := page["messages"].([]any)
		if len(messages) != 1 || messages[0].(map[string]any)["content"] != "two" || page["hasMore"] != true {
			t.Errorf("history %v", page)
		}
		page = p.asks("conversation.list", map[string]any{}, "conversations")
		if c := page["conversations"].([]any); len(c) != 1 || c[0].(map[string]any)["otherUserId"] != ben.String() {
			t.Errorf("conversations %v", page)
		}
		page = object(t, p.Ask("booking.list").Args()[0], "bookings")
		if b := page["bookings"].([]any); len(b) != 1 || b[0].(map[string]any)["bookingId"] != booking.String() {
			t.Errorf("bookings %v", page)
		}
		page = p.asks("notification.list", map[string]any{"limit": 100}, "notifications", "unreadCount")
		if n := page["notifications"].([]any); len(n) != 1 || page["unreadCount"] != 1.0 {
			t.Errorf("notifications %v", page)
		}
		p.asks("notification.read", map[string]any{"notificationId": notification}, "notificationId", "readAt")
		if page = p.asks("notification.list", map[string]any{}, "notifications", "unreadCount"); page["unreadCount"] != 0.0 {
			t.Errorf("notifications %v", page)
		}
		stranger := h.connect(cleo)
		stranger.refused("message.history", "NOT_FOUND", "", map[string]any{"conversationId": conversation})
		stranger.refused("notification.read", "NOT_FOUND", "", map[string]any{"notificationId": notification})
		for event, key := range map[string]string{"booking.list": "bookings", "conversation.list": "conversations"} {
			if list := stranger.asks(event, map[string]any{}, key); len(list[key].([]any)) != 0 {
				t.Errorf("%s of a stranger: %v", event, list)
			}
		}
	})
}

// TestBookingMovesLive walks a booking and its payment through their lives before both parties' open sockets.
func TestBookingMovesLive(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		boater, owner, stranger := h.connect(asha), h.connect(ben), h.connect(cleo)
		both := []*person{boater, owner}
		booking, listing, payment := uuid.New(), uuid.New(), uuid.New()
		room := h.lobby.To(bookingRoom(booking))
		hear := func(event string, keys ...string) {
			t.Helper()
			for _, p := range both {
				p.hears(event, keys...)
			}
		}
		put := func(status string) {
			t.Helper()
			if _, err := h.service.PutBooking(t.Context(), dokkerr.Once{}, dokkerr.BookingPut{
				BookingID: booking.String(), ListingID: listing.String(), BoaterID: asha.String(), OwnerID: ben.String(), Status: status,
			}); err != nil {
				t.Fatal(err)
			}
		}
		pay := func(status, failure string) {
			t.Helper()
			if _, err := h.service.PutPayment(t.Context(), dokkerr.Once{}, dokkerr.PaymentPut{
				PaymentID: payment, BookingID: booking.String(), Amount: 12500, Currency: "eur", Status: status, Error: failure,
			}); err != nil {
				t.Fatal(err)
			}
		}
		notification := []string{"notificationId", "type", "title", "body", "data", "timestamp"}
		updated := []string{"bookingId", "status", "timestamp", "version"}
		paid := []string{"paymentId", "status", "amount", "currency", "bookingId", "version", "timestamp"}

		put("pending")
		if n := len(room.FetchSockets()); n != 2 {
			t.Errorf("%d sockets in the new booking's room, want 2", n)
		}
		hear("booking.created", "bookingId", "listingId", "status", "version", "timestamp")
		put("confirmed")
		hear("booking.updated", updated...)
		hear("notification.new", notification...)
		pay("processing", "")
		hear("payment.processing", "paymentId", "amount", "currency", "bookingId", "version", "timestamp")
		pay("failed", "card_declined")
		hear("payment.failed", "paymentId", "error", "bookingId", "version", "timestamp")
		hear("notification.new", notification...)
		pay("completed", "")
		hear("payment.completed", paid...)
		hear("notification.new", notification...)
		put("active")
		hear("booking.updated", updated...)
		if n := len(room.FetchSockets()); n != 2 {
			t.Errorf("%d sockets in the active booking's room, want 2", n)
		}
		put("completed")
		hear("booking.updated", updated...)
		if n := len(room.FetchSockets()); n != 0 {
			t.Errorf("%d sockets in the finished booking's room, want 0", n)
		}
		pay("refunded", "")
		hear("payment.completed", paid...)
		booking, listing = uuid.New(), uuid.New()
		put("pending")
		hear("booking.created", "bookingId", "listingId", "status", "version", "timestamp")
		put("cancelled")
		hear("booking.cancelled", "bookingId", "reason", "version", "timestamp")
		hear("notification.new", notification...)
		for _, p := range append(both, stranger) {
			p.quiet()
		}
	})
}

func TestApplicationEvents(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		booking := uuid.New()
		h.book(booking, "pending")
		boater, owner := h.connect(asha), h.connect(ben)
		boater.hears("booking.created", "bookingId", "listingId", "status", "version", "timestamp")
		owner.hears("booking.created", "bookingId", "listingId", "status", "version", "timestamp")
		announce := func(e dokkerr.ApplicationEvent) {
			t.Helper()
			if err := h.service.Announce(t.Context(), dokkerr.Once{}, e); err != nil {
				t.Fatal(err)
			}
		}
		announce(dokkerr.ApplicationEvent{Event: "dock.flooded", Data: []byte(`{"depth":3}`), BookingID: booking.String(), Durable: true})
		boater.hears("dock.flooded", "depth")
		owner.hears("dock.flooded", "depth")
		announce(dokkerr.ApplicationEvent{Event: "weather", Data: []byte(`{"wind":7}`), UserID: ben.String()})
		owner.hears("weather", "wind")
		boater.quiet()
		owner.quiet()
	})
}

func TestEventsThatAreNotForClients(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		for event, code := range map[string]string{
			"booking.updated": "FORBIDDEN", "booking.created": "FORBIDDEN", "booking.": "FORBIDDEN", "payment.completed": "FORBIDDEN",
			"payment.list": "FORBIDDEN", "nonsense": "NOT_FOUND", "notification.new": "NOT_FOUND", "presence.update": "NOT_FOUND",
			"Message.new": "NOT_FOUND", "": "NOT_FOUND",
		} {
			p.refused(event, code, "", map[string]any{"bookingId": uuid.New()})
			p.Emit(event, map[string]any{})
			if told := p.hears("error", "code", "message"); told["code"] != code {
				t.Errorf("%s without ack: %v, want %s", event, told, code)
			}
		}
		p.quiet()
	})
}

func TestBadPayloadsAreAnsweredWithTheirPath(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		p.refused("message.new", "VALIDATION_ERROR", "recipientId")
		p.refused("message.new", "VALIDATION_ERROR", "", "ahoy")
		p.refused("message.new", "VALIDATION_ERROR", "", []byte("ahoy"))
		p.refused("message.new", "VALIDATION_ERROR", "senderId",
			map[string]any{"recipientId": ben, "content": "ahoy", "type": "text", "senderId": cleo})
		p.refused("message.new", "VALIDATION_ERROR", "recipientId", map[string]any{"recipientId": asha, "content": "ahoy", "type": "text"})
		p.refused("message.new", "VALIDATION_ERROR", "content",
			map[string]any{"recipientId": ben, "content": strings.Repeat("x", 16<<10+1), "type": "text"})
		p.Emit("message.read", map[string]any{"messageId": 7})
		p.hears("error", "code", "message", "path")
		p.quiet()
	})
}

// TestNothingBrokenIsToldOrLogged wants an internal error to reach the client as a code, and the log without the payload.
func TestNothingBrokenIsToldOrLogged(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		p.refused("message.new", "STORAGE_UNAVAILABLE", "", map[string]any{"recipientId": ben, "content": "canary", "type": "text"})
		refusal := h.refusal(clientOf(h.lobby.Sockets()[0]), "message.new", fmt.Errorf("row 7 is broken"))
		if told, ok := refusal.(*socketio.Error); !ok || told.Code != "INTERNAL_ERROR" || strings.Contains(told.Message, "row") {
			t.Errorf("told %+v", refusal)
		}
		if log := h.log.String(); !strings.Contains(log, "row 7 is broken") || strings.Contains(log, "canary") {
			t.Errorf("logged %s", log)
		}
	})
}

// TestWhatWasSentBeforeLeavingCounts emits without an ack and leaves at once.
func TestWhatWasSentBeforeLeavingCounts(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		reader := h.connect(ben)
		for i := range 20 {
			p := h.connect(asha)
			p.Emit("message.new", map[string]any{"recipientId": ben, "content": fmt.Sprint(i), "type": "text"})
			p.Close()
			reader.hears("message.new", messageKeys...)
		}
	})
}

func TestDisconnect(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		with := func(session, id string) *person {
			return h.connectWith(asha, map[string]any{"token": tokenFor(t, asha, func(i *token.Identity) {
				i.SessionID, i.TokenID = session, id
			})}, "websocket")
		}
		first, second, third, other := with("s1", "t1"), with("s1", "t2"), with("s2", "t3"), h.connect(ben)
		for _, row := range []struct {
			session, id string
			want        int
		}{{"s3", "", 0}, {"s1", "t2", 1}, {"s1", "", 1}, {"", "", 1}, {"", "", 0}} {
			r := dokkerr.Revocation{User: asha, SessionID: row.session, TokenID: row.id, At: dokkerr.TimeOf(time.Now())}
			if n := h.Disconnect(r); n != row.want {
				t.Errorf("Disconnect(%q, %q) ended %d sockets, want %d", row.session, row.id, n, row.want)
			}
			synctest.Wait()
		}
		for _, p := range []*person{first, second, third} {
			p.ExpectText("1")
			p.ExpectEnd()
		}
		if !other.Alive() {
			t.Error("another user's socket ended")
		}
	})
}

func TestPresenceOfContacts(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		boater, owner, stranger := h.connect(asha), h.connect(ben), h.connect(cleo)
		boater.sees()
		owner.sees()
		h.book(uuid.New(), "pending")
		boater.Expect("booking.created")
		owner.Expect("booking.created")
		boater.sees("ben true")
		owner.sees("asha true")
		stranger.writes(ben, "ahoy")
		owner.hears("message.new", messageKeys...)
		owner.sees("cleo true")
		stranger.sees("ben true")
		time.Sleep(2 * lazy) // until it is confirmed, so that it does not come again
		tablet := h.connect(ben)
		tablet.sees("asha true", "cleo true")
		boater.sees()
		boater.Close()
		time.Sleep(9 * time.Second)
		owner.sees()
		if p := h.Presence(asha); !p.Online {
			t.Error("offline within the grace")
		}
		time.Sleep(2 * time.Second)
		owner.sees("asha false")
		tablet.sees("asha false")
		stranger.sees()
		if p := h.Presence(asha); p.Online || p.LastSeen.IsZero() {
			t.Errorf("%+v", p)
		}
		back := h.connect(asha)
		back.sees("ben true")
		owner.sees("asha true")
		for _, p := range []*person{owner, tablet, stranger, back} {
			p.quiet()
		}
	})
}

func TestTypingIsNotToldToWhoIsBehind(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		reader, writer := h.connect(ben), h.connect(asha)
		reads := make(chan struct{})
		reader.On("message.new", func(siotest.Packet) []any {
			<-reads
			return nil
		})
		for range 3 {
			writer.writes(ben, strings.Repeat("x", 8<<10))
		}
		writer.asks("message.typing", map[string]any{"recipientId": ben})
		close(reads)
		reader.quiet()
	})
}

// TestReaderThatStopsGetsItAllLater sends to a client that does not read twice what may wait for it (delivery R11).
func TestReaderThatStopsGetsItAllLater(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			inHarbour(t, func(t *testing.T, h *harbour) {
				reader, writer := h.connectWith(ben, map[string]any{"token": tokenFor(t, ben, nil)}, transport), h.connect(asha)
				reads := make(chan struct{}) // closed when the client goes on
				goOn := sync.OnceFunc(func() { close(reads) })
				t.Cleanup(goOn)
				var seqs []float64
				reader.On("message.new", func(packet siotest.Packet) []any {
					<-reads
					reader.checkForm(packet)
					seqs = append(seqs, object(t, packet.Args()[0], messageKeys...)["seq"].(float64))
					return nil
				})
				const messages = 300
				for range messages {
					writer.writes(ben, strings.Repeat("x", 8<<10))
				}
				if waiting := clientOf(h.lobby.To(userRoom(ben)).FetchSockets()[0]).socket.Buffered(); waiting > 2*lowWater {
					t.Errorf("%d bytes wait for a client that does not read", waiting)
				}
				goOn()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				for i := range messages {
					if len(seqs) != messages || seqs[i] != float64(i+1) {
						t.Fatalf("%d messages arrived, not 1 to %d in order", len(seqs), messages)
					}
				}
				reader.quiet()
			})
		})
	}
}

// TestEverySchemaHasAHandler holds the table and the registered events against each other.
func TestEverySchemaHasAHandler(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.connect(asha)
		for event := range schemas {
			p.refused(event, "VALIDATION_ERROR", "", 7)
		}
	})
}
