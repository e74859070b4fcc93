package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

func TestLoginIsRefusedInOneForm(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		expired := tokenFor(t, asha, func(i *token.Identity) { i.ExpiresAt = time.Now().Add(-time.Hour) })
		foreign, err := token.Sign([]byte("another secret of more than 32 bytes!"), token.Identity{User: asha.String(), ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		none, bad := `4{"message":"Authentication error"}`, `4{"message":"Invalid token"}`
		for _, row := range []struct {
			auth any
			want string
		}{
			{nil, none},
			{map[string]any{}, none},
			{map[string]any{"token": ""}, none},
			{map[string]any{"token": nil}, none},
			{map[string]any{"Token": tokenFor(t, asha, nil)}, none},
			{map[string]any{"token": 7}, bad},
			{map[string]any{"token": []string{tokenFor(t, asha, nil)}}, bad},
			{map[string]any{"token": "nonsense"}, bad},
			{map[string]any{"token": expired}, bad},
			{map[string]any{"token": foreign}, bad},
			{map[string]any{"token": tokenFor(t, asha, nil) + "x"}, bad},
			{map[string]any{"token": tokenFor(t, asha, nil) + strings.Repeat("x", maxToken)}, bad},
		} {
			c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
			_, err := c.Join("/", row.auth)
			refusal, ok := err.(*siotest.Refusal)
			if !ok || `4{"message":"`+refusal.Message+`"}` != row.want || refusal.Data != nil {
				t.Errorf("auth %.60v: %v, want %s", row.auth, err, row.want)
			}
			c.Close()
		}
		if p := h.Presence(asha); p.Online {
			t.Error("a refused login is present")
		}
	})
}

func TestLoginJoinsTheRooms(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			inHarbour(t, func(t *testing.T, h *harbour) {
				h.book(cleo, "pending")
				auth := map[string]any{"token": tokenFor(t, asha, nil), "deviceId": 7, "since": "19d5597f.7", "pid": "stale"}
				h.connectWith(asha, auth, transport)
				for _, room := range []string{userRoom(asha), bookingRoom(cleo)} {
					if members := h.lobby.To(room).FetchSockets(); len(members) != 1 {
						t.Errorf("%d sockets in %s, want 1", len(members), room)
					}
				}
			})
		})
	}
}

// TestLoginWithoutStorageEndsTheConnection wants no CONNECT_ERROR: the stock client would not come back.
func TestLoginWithoutStorageEndsTheConnection(t *testing.T) {
	inHarbour(t, func(t *testing.T, h *harbour) {
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		c := siotest.Dial(t, h.server.URL, &siotest.Options{Client: h.server.Client})
		c.Send(`0{"token":"` + tokenFor(t, asha, nil) + `"}`)
		c.ExpectEnd()
		if told := c.Waiting(); len(told) > 0 {
			t.Errorf("told %v", told)
		}
	})
}
