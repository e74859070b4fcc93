package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/console"
	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/token"
)

const demoTokens = 12 * time.Hour // how long the demo's tokens are valid

// demo runs a server that nobody needs to set up and that leaves nothing behind.
func demo(ctx context.Context, p process, args []string) (err error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	k, err := read(flags, common, args, p.env, p.stderr)
	if err != nil {
		return err
	}
	c := checks{k: k}
	conf := c.common()
	if err := c.err(); err != nil {
		return err
	}
	sc, err := openScene(p.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(sc.directory)) }()
	sc.configure(&conf)
	return start(ctx, conf, newLogger(conf, p.stderr), func(s *server, port int) error {
		if !sc.resumed {
			if err := sc.begin(ctx, s, conf, port); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(p.stdout, welcome, port); err != nil {
				return err
			}
		}
		s.showDemo(sc, p.env)
		return nil
	})
}

const welcome = `
  Dokkerr Realtime is running.

  The demo, a boater and a dock owner side by side:  http://localhost:%[1]d/demo
  For a Socket.IO client:                            http://localhost:%[1]d
  The back end's API, described:                     http://localhost:%[1]d/openapi.json

  Everything is thrown away at the end. Stop it with Ctrl+C.

`

// showDemo puts the demo's page on the server.
func (s *server) showDemo(sc *scene, env []string) {
	page := console.Demo(sc.Session, func() { s.log.Error("the demo cannot restart", "error", sc.restart(env)) })
	s.mux.Handle("/demo", page)
	s.mux.Handle("/demo/", page)
	s.mux.Handle("GET /{$}", http.RedirectHandler("/demo", http.StatusFound))
}

// session is what the demo's page needs to be both people and their back end.
type session struct {
	Boater     person  `json:"boater"`
	Owner      person  `json:"owner"`
	Listing    listing `json:"listing"`
	Booking    named   `json:"booking"`
	ServiceKey string  `json:"serviceKey"`
}

type named struct {
	ID dokkerr.ID `json:"id"`
}

type listing struct {
	named
	Name string `json:"name"`
}

type person struct {
	named
	Name  string `json:"name"`
	Token string `json:"token"`
}

// furnish makes two people, a dock, a booking of it and a first word about it.
func (s *server) furnish(ctx context.Context, conf config) (session, error) {
	asha, err := newPerson(conf, "Asha", "boater")
	if err != nil {
		return session{}, err
	}
	ben, err := newPerson(conf, "Ben", "dock_owner")
	if err != nil {
		return session{}, err
	}
	furnished := session{
		Boater:     asha,
		Owner:      ben,
		Listing:    listing{named{uuid.New()}, "Dock 12, Harbour North"},
		Booking:    named{uuid.New()},
		ServiceKey: conf.serviceKeys[0],
	}
	_, err = s.service.PutBooking(ctx, dokkerr.Once{}, dokkerr.BookingPut{
		BookingID: furnished.Booking.ID.String(),
		ListingID: furnished.Listing.ID.String(),
		BoaterID:  asha.ID.String(),
		OwnerID:   ben.ID.String(),
		Status:    "pending",
	})
	if err != nil {
		return session{}, err
	}
	return furnished, s.converse(ctx, asha, ben)
}

func newPerson(conf config, name, role string) (person, error) {
	id := uuid.New()
	compact, err := token.Sign(conf.secret, token.Identity{
		User: id.String(), Role: role, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(demoTokens),
	})
	return person{named{id}, name, compact}, err
}

func (s *server) converse(ctx context.Context, asha, ben person) error {
	for _, m := range []struct {
		from, to person
		text     string
	}{
		{asha, ben, "Hi Ben, I have just asked for your dock for the weekend. Would a boat of 9 metres fit?"},
		{ben, asha, "Hello Asha! It fits, up to 11 metres. I will look at the booking right away."},
	} {
		_, err := s.service.Send(ctx, dokkerr.Actor{User: m.from.ID}, dokkerr.NewMessage{
			RecipientID: m.to.ID.String(), Content: m.text, Type: "text",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
