package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/token"
)

// TestOffline is R7, R11 and holes 17 and 26: a new page gets everything since the confirmed position, and only that.
func TestOffline(t *testing.T) {
	overTransports(t, func(t *testing.T, h *harbour, transport string) {
		opens := func() *tab {
			p := &tab{h: h, user: ben, transport: transport, device: "phone"}
			p.connect()
			return p
		}
		h.tells(ben, numbers(1, 1000)...)
		p := opens()
		p.gets(numbers(1, 1000)...) // who never connected
		h.tells(ben, "confirmed")
		p.gets("confirmed")
		time.Sleep(2 * lazy)
		h.tells(ben, "tail")
		p.gets("tail")
		p.Close()
		h.tells(ben, "overnight")
		p = opens()
		p.gets("tail", "overnight")
		time.Sleep(2 * lazy)
		p.Close()
		p = opens()
		p.gets()
		p.Close()
		h = h.restart()
		opens().gets()
	})
}

// TestOwnEventsAreConfirmed is hole 17: what a page wrote does not come to the next one.
func TestOwnEventsAreConfirmed(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(asha)
		for n := range 50 {
			p.Ask("message.new", newMessage(ben, fmt.Sprint(n)))
		}
		time.Sleep(2 * lazy)
		p.Close()
		p = h.opens(asha)
		p.gets()
		p.Close()
		h.restart().opens(asha).gets()
	})
}

// TestDevices is holes 6 and 7: each device has a confirmed position of its own, and a new one begins at the furthest.
func TestDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		on := func(device string) *tab {
			p := &tab{h: h, user: ben, device: device}
			p.connect()
			return p
		}
		phone, laptop := on("phone"), on("laptop")
		phone.Close()
		h.tells(ben, "1", "2")
		laptop.gets("1", "2")
		time.Sleep(2 * lazy)
		on("phone").gets("1", "2")
		on("tablet").gets()
		h.restart().tells(ben, "3")
	})
}

// TestTokenSessionsAreDevices is R7 where the client names no device.
func TestTokenSessionsAreDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		in := func(session string) *person {
			signed := tokenFor(t, ben, func(i *token.Identity) { i.SessionID = session })
			return h.connectWith(ben, map[string]any{"token": signed}, "websocket")
		}
		in("one").Close()
		two := in("two")
		h.tells(ben, "1")
		two.hears("dock.flooded", "number")
		time.Sleep(2 * lazy)
		in("one").hears("dock.flooded", "number")
		in("three").quiet()
	})
}

// TestSharedPosition is hole 7: of two pages of one device one is half open, and the other confirms.
func TestSharedPosition(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		h.tells(ben, "1")
		above := &tab{h: h, user: ben, offset: formatOffset(userTag(ben), 1)}
		above.connect() // began above what is confirmed, 0
		h.tells(ben, "2")
		above.gets("2")
		time.Sleep(2 * lazy)
		above.Close()
		p := h.opens(ben)
		p.gets("1", "2")
		p.IgnorePings()
		other := h.opens(ben)
		h.tells(ben, "3")
		other.gets("3")
		time.Sleep(2 * lazy)
		p.Waiting() // "3" never came to the half-open one, which has a pid
		p.offset = formatOffset(userTag(ben), 2)
		p.Close()
		p.reconnect(true)
		p.gets("3")
	})
}

// TestOffsetConfirms is R7: a valid offset in CONNECT confirms like a pong.
func TestOffsetConfirms(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1", "2")
		p.gets("1", "2")
		p.Close()
		p.reconnect(true)
		p.Close()
		h.opens(ben).gets()
	})
}

// TestPongsProveWhatIsBeforeThem is hole 25: a pong behind the end of the socket, and pongs that nobody asked for.
func TestPongsProveWhatIsBeforeThem(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		p.IgnorePings()
		h.tells(ben, "1")
		p.SendEngine("3", "3")
		time.Sleep(2 * lazy) // the ping stands behind "1"
		p.gets("1")
		p.Send("1")
		p.SendEngine("3")
		time.Sleep(lazy)
		p.Close()
		h.opens(ben).gets("1")
	})
}

// TestManyDevices is R7: the store keeps twenty of a user.
func TestManyDevices(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		for n := range 30 {
			p := &tab{h: h, user: ben, device: fmt.Sprint("device ", n)}
			p.connect()
			p.Close()
			time.Sleep(time.Second)
		}
		var kept []dokkerr.Confirmation
		err := h.store.View(t.Context(), func(r dokkerr.Reader) (err error) {
			kept, err = r.Confirmed(ben)
			return err
		})
		if err != nil || len(kept) != 20 {
			t.Errorf("%d devices are kept: %v", len(kept), err)
		}
	})
}
