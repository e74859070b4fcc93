package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio/siotest"
)

// TestWindow is R8: a client that proves nothing gets a window, then a wider one with each proof, and a ping behind each half.
func TestWindow(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		const large = 4000
		for n := range 60 {
			h.tells(ben, fmt.Sprint(n, strings.Repeat("x", large)))
		}
		p := &tab{h: h, user: ben}
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.IgnorePings()
		auth, err := json.Marshal(p.auth())
		if err != nil {
			t.Fatal(err)
		}
		c.Send("0" + string(auth))
		c.Next()
		total := 0
		for _, window := range []int{firstBytes, 0, 2 * firstBytes} {
			if window == 0 {
				c.SendEngine("3") // to the ping behind the first half
				continue
			}
			time.Sleep(time.Second)
			got := c.Waiting()
			if bytes := len(got) * large; bytes > window || bytes < window/2 {
				t.Errorf("%d bytes came in a window of %d", bytes, window)
			}
			total += len(got)
		}
		for range 30 {
			c.SendEngine("3", "3")
			time.Sleep(time.Second)
			total += len(c.Waiting())
		}
		if total != 60 {
			t.Errorf("%d events came, want 60", total)
		}
	})
}
