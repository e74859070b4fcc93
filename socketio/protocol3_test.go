package socketio_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/socketio/siotest"
)

// serveOlder serves clients of protocol 3 too. Every socket is sent what it was connected with.
func serveOlder(t *testing.T) *host {
	h := serve(t, &socketio.Options{Engine: engineio.Options{AllowEIO3: true}})
	for _, name := range []string{"/", "/custom"} {
		n := h.io.Of(name)
		n.Use(func(_ context.Context, s *socketio.Socket) error {
			if strings.Contains(string(s.Handshake().Auth), "deny") {
				return &socketio.Error{Message: "den\"ied", Data: 1}
			}
			return nil
		})
		n.OnConnect(func(s *socketio.Socket) { s.Emit("auth", socketio.Args{s.ID(), s.Handshake().Auth}) })
		socketio.On(n, "echo", func(_ context.Context, _ *socketio.Socket, in socketio.Raw) (socketio.Raw, error) {
			return in, nil
		})
	}
	return h
}

// dialOlder opens a connection as a client of protocol 3 does.
func (h *host) dialOlder(query url.Values) *siotest.Client {
	o := h.options("", nil)
	o.Query = url.Values{"EIO": {"3"}}
	for key, values := range query {
		o.Query[key] = values
	}
	return siotest.Dial(h.t, h.web.URL, o)
}

func TestProtocol3ConnectsToMainByItself(t *testing.T) {
	h := serveOlder(t)
	c := h.dialOlder(url.Values{"token": {"a b,\"é", "second"}})
	c.ExpectText("0")
	c.ExpectText(`2["auth","` + c.Opening().SID + `",{"EIO":"3","token":"a b,\"é","transport":"websocket"}]`)
	c.Send(`27["echo",1]`)
	c.ExpectText(`37[1]`)
	c.Send("1")
	c.Send("0")
	c.ExpectText("0")
	c.ExpectText(`2["auth","` + c.Opening().SID + `",{}]`)
}

func TestProtocol3JoinsOtherNamespacesWithAQuery(t *testing.T) {
	h := serveOlder(t)
	c := h.dialOlder(nil)
	c.ExpectText("0")
	c.Expect("auth")
	token := strings.Repeat("t", 2000)
	c.Send("0/custom?token=" + token + "&x=%2C1,")
	c.ExpectText("0/custom,")
	c.ExpectText(`2/custom,["auth","/custom#` + c.Opening().SID + `",{"token":"` + token + `","x":",1"}]`)
	c.Send(`2/custom,7["echo",1]`)
	c.ExpectText(`3/custom,7[1]`)
	c.Send("1/custom,")
	c.Send("0/custom")
	c.ExpectText("0/custom,")
}

func TestProtocol3IsRefusedByAString(t *testing.T) {
	h := serveOlder(t)
	c := h.dialOlder(url.Values{"deny": {"1"}})
	c.ExpectText(`4"den\"ied"`)
	c.Send("0/custom?deny=1,")
	c.ExpectText(`4/custom,"den\"ied"`)
	c.Send("0/nope?token=x,")
	c.ExpectText(`4/nope,"Invalid namespace"`)
	c.Send("0/custom,")
	c.ExpectText("0/custom,")
}

func TestProtocol3SecondConnectEndsTheConnection(t *testing.T) {
	h := serveOlder(t)
	c := h.dialOlder(nil)
	c.ExpectText("0")
	c.Send("0")
	c.ExpectEnd()
}

func TestProtocol3IsNoRecovery(t *testing.T) {
	h := serveOlder(t)
	h.main().SetRecovery(recoveryFunc(func(_ *socketio.Socket, c socketio.Claim) (socketio.Grant, error) {
		if c != (socketio.Claim{}) {
			t.Errorf("claims %+v", c)
		}
		return socketio.Grant{PID: "pid"}, nil
	}))
	c := h.dialOlder(url.Values{"pid": {"pid"}, "offset": {"1"}})
	c.ExpectText("0")
}

type recoveryFunc func(s *socketio.Socket, c socketio.Claim) (socketio.Grant, error)

func (f recoveryFunc) Resume(_ context.Context, s *socketio.Socket, c socketio.Claim) (socketio.Grant, error) {
	return f(s, c)
}
