// Command centrifuge is the centrifuge library with the fan-out of
// examples/conformance -mode bench: an RPC bench.broadcast publishes to the
// channel bench, which every client is subscribed to by the server.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:4000", "`address` to listen on")
	secret := flag.String("jwt-secret", "", "HS256 `secret` of the tokens")
	flag.Parse()
	log.Fatal(serve(*addr, []byte(*secret)))
}

func serve(addr string, secret []byte) error {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return err
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return connecting(e, secret)
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnRPC(func(e centrifuge.RPCEvent, reply centrifuge.RPCCallback) {
			_, err := node.Publish("bench", e.Data)
			reply(centrifuge.RPCReply{Data: []byte("{}")}, err)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	return http.ListenAndServe(addr, nil)
}

// connecting checks the token and subscribes to the user's channel and to bench.
func connecting(e centrifuge.ConnectEvent, secret []byte) (centrifuge.ConnectReply, error) {
	var claims jwt.RegisteredClaims
	key := func(*jwt.Token) (any, error) { return secret, nil }
	if _, err := jwt.ParseWithClaims(e.Token, &claims, key, jwt.WithValidMethods([]string{"HS256"})); err != nil {
		return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
	}
	return centrifuge.ConnectReply{
		Credentials: &centrifuge.Credentials{UserID: claims.Subject},
		Subscriptions: map[string]centrifuge.SubscribeOptions{
			"bench":                  {},
			"user:" + claims.Subject: {},
		},
	}, nil
}
