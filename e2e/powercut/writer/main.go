// Command writer sends messages through a store until it is killed, and prints the key of each that was acknowledged; or,
// with -list, prints the keys that are in the store.
//
//	writer FILE LIFE
//	writer -list FILE
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sqlite"
)

const senders = 16

var recipient = uuid.MustParse("0b9c3a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d")

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: writer FILE LIFE, or writer -list FILE")
	}
	run := write
	if os.Args[1] == "-list" {
		run = list
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(path, life string) error {
	store, err := sqlite.Open(context.Background(), path, nil)
	if err != nil {
		return err
	}
	service := dokkerr.NewService(store, nil)
	errs := make([]error, senders)
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() { errs[i] = send(service, fmt.Sprintf("life-%s-sender-%02d", life, i)) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// send sends until it fails. A line of print is one write, so lines of many senders do not mix.
func send(service *dokkerr.Service, name string) error {
	user := uuid.NewSHA1(uuid.Nil, []byte(name))
	for n := 0; ; n++ {
		key := fmt.Sprintf("%s-%09d", name, n)
		_, err := service.Send(context.Background(), dokkerr.Actor{User: user}, dokkerr.NewMessage{
			RecipientID: recipient.String(), Type: "text", Content: "key " + key + strings.Repeat(" and some text", 20), ClientMessageID: key,
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(key); err != nil {
			return err
		}
	}
}

func list(_, path string) (err error) {
	store, err := sqlite.Open(context.Background(), path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.View(context.Background(), func(r dokkerr.Reader) error {
		inbox, err := r.Inbox(recipient, 0, 1<<30)
		for _, d := range inbox {
			_, rest, _ := strings.Cut(string(d.Data), `"content":"key `)
			key, _, _ := strings.Cut(rest, " ")
			fmt.Println(key)
		}
		return err
	})
}
