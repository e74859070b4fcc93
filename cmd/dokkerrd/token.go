package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dokkerr/realtime/token"
)

var roles = []string{"boater", "dock_owner", "admin", "guest"}

const longestToken = 24 * time.Hour // what a verifier takes

// printToken signs a token by JWT_SECRET.
func printToken(_ context.Context, p process, args []string) error {
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	user := flags.String("user", "", "UUID of the user; required")
	role := flags.String("role", "", strings.Join(roles, ", ")+", or none")
	session := flags.String("session", "", "id of the login session, for ending its sockets")
	expires := flags.Duration("expires", time.Hour, "how long it is valid, at most 24h (default 1h)")
	k, err := read(flags, tokens, args, p.env, p.stderr)
	if err != nil {
		return err
	}
	c := checks{k: k}
	options := token.Options{Secret: c.secret(), Issuer: k.String("JWT_ISSUER"), Audience: k.String("JWT_AUDIENCE")}
	if *role != "" && !slices.Contains(roles, *role) {
		c.refuse("--role is %q; use one of %s", *role, strings.Join(roles, ", "))
	}
	if *expires <= 0 || *expires > longestToken {
		c.refuse("--expires is %v; tokens are accepted for at most %v", *expires, longestToken)
	}
	if err := c.err(); err != nil {
		return err
	}
	return sign(p, options, token.Identity{User: *user, Role: *role, SessionID: *session, ExpiresAt: time.Now().Add(*expires)})
}

func sign(p process, o token.Options, id token.Identity) error {
	id.IssuedAt = time.Now()
	compact, err := o.Sign(id)
	if err != nil {
		return fmt.Errorf("%w; give one with --user", err)
	}
	_, err = fmt.Fprintln(p.stdout, compact)
	return err
}
