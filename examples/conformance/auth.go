package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/dokkerr/realtime/socketio"
	"github.com/golang-jwt/jwt/v5"
)

func userRoom(id string) string { return "user:" + id }

// authenticate is a middleware that verifies auth.token and makes its claim the socket's Value, a string.
// It takes any user name, and tokens without exp in mode bench, where package token demands the product's.
func authenticate(secret, claim string) func(context.Context, *socketio.Socket) error {
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{"HS256"})}
	if claim == "id" {
		options = append(options, jwt.WithExpirationRequired())
	}
	parser := jwt.NewParser(options...)
	return func(_ context.Context, s *socketio.Socket) error {
		var auth struct {
			Token string `json:"token"`
		}
		if err := json.Unmarshal(s.Handshake().Auth, &auth); err != nil || auth.Token == "" {
			return &socketio.Error{Message: "Authentication error"}
		}
		user, err := verify(parser, []byte(secret), auth.Token, claim)
		if err != nil {
			return &socketio.Error{Message: "Invalid token"}
		}
		s.Value = user
		return nil
	}
}

// verify returns the user whom a token names.
func verify(parser *jwt.Parser, secret []byte, token, claim string) (string, error) {
	claims := jwt.MapClaims{}
	if _, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return secret, nil }); err != nil {
		return "", err
	}
	user, ok := claims[claim].(string)
	if !ok || user == "" {
		return "", errors.New("token has no claim " + claim)
	}
	return user, nil
}
