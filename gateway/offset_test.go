package gateway

import (
	"strings"
	"testing"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestValidOffsetWins is hole 1: also of a refused pid.
func TestValidOffsetWins(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1", "2")
		p.gets("1", "2")
		p.Close()
		h.tells(ben, "3")
		for _, refused := range []string{"", "nonsense", p.pid[1:], p.pid[:len(p.pid)-2] + "AA", strings.Repeat("A", 200)} {
			p.pid = refused
			p.reconnect(false)
			p.gets("3")
			p.Close()
			p.offset = formatOffset(userTag(ben), 2)
		}
	})
}

func TestOffsetsThatAreNone(t *testing.T) {
	tag := userTag(ben)
	for _, offset := range []string{
		"", ".", tag, tag + ".", tag + ".-1", tag + ".+1", tag + ".01", tag + ". 1", tag + ".1 ", tag + ".1e3", tag + ".0x1",
		tag + ".9223372036854775808", tag + ".00000000000000000001", "1", userTag(asha) + ".1", strings.ToUpper(tag) + ".1", tag + ".1.1",
	} {
		if p, ok := readOffset(ben, offset); ok {
			t.Errorf("%q is %d", offset, p)
		}
	}
	for _, want := range []dokkerr.Position{0, 1, 1<<63 - 1} {
		if p, ok := readOffset(ben, formatOffset(tag, want)); !ok || p != want {
			t.Errorf("%d is read as %d, %v", want, p, ok)
		}
	}
}

// TestOffsetAheadOfTheHead is hole 5 from the client's side: it comes from a store that was rolled back since.
func TestOffsetAheadOfTheHead(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		p := h.opens(ben)
		h.tells(ben, "1")
		p.gets("1")
		p.Close()
		p.offset = formatOffset(userTag(ben), 1000)
		p.reconnect(false)
		p.gets("1")
		h.tells(ben, "2")
		p.gets("2")
	})
}

func TestUserTagIsStable(t *testing.T) {
	if got := userTag(ben); got != "19d5597f" || userTag(asha) == got {
		t.Errorf("userTag = %q; it must never change, offsets of old connections carry it", got)
	}
}
