package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/knadh/koanf/v2"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/sqlite"
	"github.com/dokkerr/realtime/stripe"
)

// readFile reads the settings of a command about the file and its one further argument, "" if there is none.
func readFile(p process, name string, args []string) (path, argument string, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	if n := len(args); n > 0 && args[n-1] != "" && args[n-1][0] != '-' {
		argument, args = args[n-1], args[:n-1]
	}
	k, err := read(flags, []setting{database}, args, p.env, p.stderr)
	if err != nil {
		return "", "", err
	}
	path, err = databaseOf(k)
	return path, argument, err
}

func databaseOf(k *koanf.Koanf) (string, error) {
	c := checks{k: k}
	path := c.database()
	return path, c.err()
}

// backup copies the database into a new file, also while serve runs.
func backup(ctx context.Context, p process, args []string) (err error) {
	path, to, err := readFile(p, "backup", args)
	if err != nil {
		return err
	}
	if to == "" {
		return errors.New("say where to: dokkerrd backup FILE")
	}
	f, err := sqlite.OpenFile(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Backup(ctx, to); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "backed up to", to)
	return err
}

// restore puts a backup in the database's place, while serve does not run.
func restore(ctx context.Context, p process, args []string) error {
	path, from, err := readFile(p, "restore", args)
	if err != nil {
		return err
	}
	if from == "" {
		return errors.New("say what from: dokkerrd restore FILE")
	}
	aside, err := sqlite.Restore(ctx, from, path, time.Now())
	if err != nil {
		return err
	}
	text := "restored " + path
	if aside != "" {
		text += "; the old one is " + aside
	}
	_, err = fmt.Fprintln(p.stdout, text)
	return err
}

// reconcile prints which of the payment provider's events never came, or came and were parked. It fails if there are any.
func reconcile(ctx context.Context, p process, args []string) (err error) {
	path, from, err := readFile(p, "reconcile", args)
	if err != nil {
		return err
	}
	if from == "" {
		return errors.New("say where the provider's list is: dokkerrd reconcile FILE, which may be /dev/stdin")
	}
	list, err := readList(from)
	if err != nil {
		return fmt.Errorf("the provider's list: %w", err)
	}
	f, err := sqlite.OpenFile(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	open, err := printOpen(p.stdout, f, list)
	if err == nil && open > 0 {
		err = fmt.Errorf("%d of %d events are missing or parked: have the provider send them again", open, len(list))
	}
	return err
}

func readList(path string) (list []stripe.Listed, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return stripe.ReadList(f)
}

// printOpen prints the events of the list that should have changed a payment and did not arrive, or do not fit.
func printOpen(w io.Writer, f *sqlite.File, list []stripe.Listed) (open int, err error) {
	for _, e := range list {
		if !stripe.Counts(e.Type) {
			continue
		}
		state, reason := "missing", ""
		heard, err := f.ProviderEvent(e.ID)
		switch {
		case err == nil && heard.Outcome != dokkerr.Parked:
			continue
		case err == nil:
			state, reason = "parked", heard.Reason
		case !errors.Is(err, dokkerr.ErrNotFound):
			return open, err
		}
		open++
		if _, err := fmt.Fprintln(w, state, e.ID, e.Type, e.Created.Format(time.RFC3339), reason); err != nil {
			return open, err
		}
	}
	return open, nil
}
