package socketio_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// The cases of a Socket.IO v5 conformance suite, from the specification and wire.md §2 and §5.

// suite is the application that the conformance cases expect.
func (h *host) suite() {
	for _, name := range []string{"/", "/custom"} {
		h.io.Of(name).OnConnect(func(s *socketio.Socket) { s.Emit("auth", s.Handshake().Auth) })
	}
	socketio.On(h.main(), "message", func(_ context.Context, s *socketio.Socket, in socketio.Raw) (socketio.None, error) {
		return socketio.None{}, s.Emit("message-back", in)
	})
	socketio.On(h.main(), "message-with-ack", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
		return in, nil
	})
}

var suiteOptions = &socketio.Options{ConnectTimeout: time.Second}

func conformance(t *testing.T, test func(t *testing.T, h *host)) {
	inBubble(t, suiteOptions, func(t *testing.T, h *host) {
		h.suite()
		test(t, h)
	})
}

func TestConnectWithoutPayload(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		for packet, auth := range map[string]string{
			"0":         `2["auth",{}]`,
			"0/custom":  `2/custom,["auth",{}]`,
			"0/custom,": `2/custom,["auth",{}]`,
		} {
			c := h.dial()
			c.Send(packet)
			p := c.Next()
			id := decode[map[string]string](t, p.Data)["sid"]
			if p.Type != 0 || len(id) != 20 || id == c.Opening().SID {
				t.Errorf("%s is answered %s", packet, p.Text)
			}
			c.ExpectText(auth)
		}
	})
}

func TestConnectWithPayload(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.dial()
		c.Send(`0{"token":"123"}`)
		c.Next()
		c.ExpectText(`2["auth",{"token":"123"}]`)
		c.Send(`0/custom,{"token":"abc"}`)
		c.Next()
		c.ExpectText(`2/custom,["auth",{"token":"abc"}]`)
	})
}

func TestConnectToUnknownNamespace(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.dial()
		c.Send("0/random")
		c.ExpectText(`4/random,{"message":"Invalid namespace"}`)
		c.Send("0/" + strings.Repeat("x", 200))
		c.ExpectText("4/" + strings.Repeat("x", 63) + `,{"message":"Invalid namespace"}`)
		c.Send("0/" + strings.Repeat("é", 100)) // the 64th byte is in the middle of a letter
		c.ExpectText("4/" + strings.Repeat("é", 31) + `,{"message":"Invalid namespace"}`)
		if _, err := c.Join("/", nil); err != nil {
			t.Errorf("a refusal ended the connection: %v", err)
		}
	})
}

func TestConnectTimeout(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		start := time.Now()
		silent, refused, joined := h.dial(), h.dial(), h.connect()
		refused.Send("0/random")
		silent.ExpectEnd()
		refused.ExpectEnd()
		if took := time.Since(start); took != time.Second {
			t.Errorf("closed after %v", took)
		}
		time.Sleep(time.Minute)
		if !joined.Alive() {
			t.Error("a joined connection was closed")
		}
	})
}

func TestLeaveAndJoinAgain(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		c.Send("1")
		id, err := c.Join("/", nil)
		if err != nil || id == c.ID() {
			t.Errorf("new socket %q, %v", id, err)
		}
		c.Expect("auth")
		c.Emit("message", 1)
		c.ExpectText(`2["message-back",1]`)
	})
}

func TestLeaveCustomNamespace(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		for _, packet := range []string{"1/custom", "1/custom,"} {
			if _, err := c.Join("/custom", nil); err != nil {
				t.Fatal(err)
			}
			c.Expect("auth")
			c.Send(packet)
		}
		c.Emit("message", "still here")
		c.ExpectText(`2["message-back","still here"]`)
	})
}

func TestEchoes(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		for _, args := range []string{`,1,"2",{"3":[false]}`, ``, `,null`, `,[[[]]]`, `,"é\u0000\u2028"`, `,{"a":1,"a":2}`, `,1e400`} {
			c.Send(`2["message"` + args + `]`)
			c.ExpectText(`2["message-back"` + args + `]`)
			c.Send(`2456["message-with-ack"` + args + `]`)
			c.ExpectText(`3456[` + strings.TrimPrefix(args, ",") + `]`)
		}
	})
}

func TestEchoesOfBinary(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		one, two := []byte{1, 2, 3}, []byte{}
		c.Send(`52-["message",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]`, one, two)
		p := c.Next()
		wantText(t, p, `52-["message-back",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]`)
		wantAttachments(t, p, one, two)
		c.Send(`52-789["message-with-ack",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`, one, two)
		p = c.Next()
		wantText(t, p, `62-789[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`)
		wantAttachments(t, p, one, two)
	})
}

func wantAttachments(t *testing.T, p siotest.Packet, want ...[]byte) {
	t.Helper()
	if len(p.Attachments) != len(want) {
		t.Fatalf("%d attachments, want %d", len(p.Attachments), len(want))
	}
	for i, b := range want {
		if string(p.Attachments[i]) != string(b) {
			t.Errorf("attachment %d is %x, want %x", i, p.Attachments[i], b)
		}
	}
}

func TestNamespacesDoNotMix(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		if _, err := c.Join("/custom", nil); err != nil {
			t.Fatal(err)
		}
		c.Expect("auth")
		c.Send(`2/custom,1["message",1]`) // has no handler there
		h.io.Of("/custom").Emit("news", json.RawMessage(`1`))
		c.ExpectText(`2/custom,["news",1]`)
		c.Emit("message", 2)
		c.ExpectText(`2["message-back",2]`)
	})
}

func TestIgnoredPackets(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		for _, packet := range []string{
			"2", "21", `3["x"]`, "3", `3999["x"]`, `31[1]`, `31[1]`, `2["unknown"]`, `21["unknown"]`, `2["error"]`, `2["__proto__"]`, `2[5]`, `25[5,"x"]`,
		} {
			c.Send(packet)
		}
		c.Send(`51-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, []byte{7})
		p := c.Next()
		wantText(t, p, `51-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`)
		c.Send(`51-["message"]`, []byte{7}) // an attachment that nothing refers to
		c.Expect("message-back")
	})
}

// Every packet here ends the connection.
var malformed = map[string][]any{
	"unknown type":                     {`7["message"]`},
	"no type":                          {`x`},
	"broken JSON":                      {`2["message"`},
	"rubbish behind JSON":              {`2["message",1]x`},
	"two JSON texts":                   {`2["message"]["message"]`},
	"payload an object":                {`2{"a":1}`},
	"payload a string":                 {`2"message"`},
	"payload empty":                    {`2[]`},
	"name true":                        {`2[true]`},
	"name null":                        {`2[null]`},
	"name an object":                   {`2[{"toString":"foo"}]`},
	"name an array":                    {`2[["message"]]`},
	"reserved connect":                 {`2["connect"]`},
	"reserved connect_error":           {`2["connect_error"]`},
	"reserved disconnect":              {`2["disconnect"]`},
	"reserved disconnecting":           {`2["disconnecting"]`},
	"reserved newListener":             {`2["newListener"]`},
	"reserved removeListener":          {`2["removeListener"]`},
	"ack id not digits":                {`2abc["message"]`},
	"ack id negative":                  {`2-1["message"]`},
	"ack id of 20 digits":              {`218446744073709551615["message"]`},
	"ack id above 2^53":                {`29007199254740992["message"]`},
	"ack payload an object":            {`31{"a":1}`},
	"DISCONNECT with payload":          {`1{}`},
	"CONNECT_ERROR":                    {`4{"message":"x"}`},
	"CONNECT again":                    {`0`},
	"CONNECT payload an array":         {`0/custom,[]`},
	"CONNECT payload a string":         {`0/custom,"x"`},
	"event for a namespace not joined": {`2/custom,["message"]`},
	"event for a namespace unknown":    {`2/random,["message"]`},
	"ack for a namespace not joined":   {`3/custom,1[]`},
	"DISCONNECT of one not joined":     {`1/custom,`},
	"binary without count":             {`5["message"]`},
	"binary without dash":              {`51["message"]`},
	"count zero":                       {`50-["message"]`},
	"count with fraction":              {`51.5-["message"]`},
	"count negative":                   {`5-1-["message"]`},
	"count not a number":               {`5a-["message"]`},
	"count with exponent":              {`51e1-["message"]`},
	"count of eleven":                  {`511-["message"]`},
	"count enormous":                   {`51000000-["message"]`},
	"placeholder out of range":         {`51-["message",{"_placeholder":true,"num":1}]`, []byte{1}},
	"placeholder negative":             {`51-["message",{"_placeholder":true,"num":-1}]`, []byte{1}},
	"placeholder with fraction":        {`51-["message",{"_placeholder":true,"num":0.5}]`, []byte{1}},
	"placeholder a string":             {`51-["message",{"_placeholder":true,"num":"splice"}]`, []byte{1}},
	"placeholder an object":            {`51-["message",{"_placeholder":true,"num":{}}]`, []byte{1}},
	"text while attachments are due":   {`51-["message",{"_placeholder":true,"num":0}]`, `2["message"]`},
	"binary nobody announced":          {[]byte{1}},
	"binary more than announced":       {`51-["message",{"_placeholder":true,"num":0}]`, []byte{1}, []byte{2}},
	"empty":                            {``},
	"digits without end":               {"2" + strings.Repeat("2", 100_000)},
	"nesting of 100,000":               {`2["message",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]`},
	"nesting of 65":                    {`2["message",` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `]`},
	"namespace of 100,000":             {"0/" + strings.Repeat("a", 100_000)},
}

func TestMalformedPackets(t *testing.T) {
	for name, messages := range malformed {
		t.Run(name, func(t *testing.T) {
			overBoth(t, suiteOptions, func(t *testing.T, h *host) {
				h.suite()
				canary := h.connect()
				c := h.connect()
				for _, m := range messages {
					switch m := m.(type) {
					case string:
						c.Send(m)
					case []byte:
						c.SendBinary(m)
					}
				}
				c.ExpectEnd()
				canary.Expect("auth")
				wantText(t, canary.Ask("message-with-ack", 1), `31[1]`)
			})
		})
	}
}

func TestPacketsBeforeConnect(t *testing.T) {
	for _, packet := range []string{`2["message"]`, `1`, `31[]`} {
		overBoth(t, suiteOptions, func(t *testing.T, h *host) {
			h.suite()
			c := h.dial()
			c.Send(packet)
			c.ExpectEnd()
		})
	}
}

func TestMissingAttachment(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		start := time.Now()
		c.Send(`52-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		time.Sleep(9 * time.Second)
		c.SendBinary([]byte{1})
		c.ExpectEnd()
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestNestingOf64(t *testing.T) {
	conformance(t, func(t *testing.T, h *host) {
		c := h.connect()
		c.Expect("auth")
		deep := strings.Repeat("[", 63) + strings.Repeat("]", 63) // and the packet's own
		c.Send(`2["message",` + deep + `]`)
		c.ExpectText(`2["message-back",` + deep + `]`)
	})
}
