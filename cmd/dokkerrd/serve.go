package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"slices"
)

// serve runs the service until ctx ends.
func serve(ctx context.Context, p process, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	k, err := read(flags, slices.Concat(common, tokens, own), args, p.env, p.stderr)
	if err != nil {
		return err
	}
	conf, err := configOf(k)
	if err != nil {
		return err
	}
	log := newLogger(conf, p.stderr)
	for _, warning := range conf.warnings() {
		log.Warn(warning)
	}
	return start(ctx, conf, log, func(_ *server, port int) error {
		log.Info("listening", "host", conf.hosts[0], "port", port, "version", version())
		return nil
	})
}

// start listens, builds a server, lets prepare add to it, and runs it until ctx ends.
func start(ctx context.Context, conf config, log *slog.Logger, prepare func(s *server, port int) error) error {
	on, err := openListeners(ctx, conf, log)
	if err != nil {
		return err
	}
	s, err := newServer(ctx, conf, on.port(), log)
	if err != nil {
		on.close()
		return err
	}
	if err := prepare(s, on.port()); err != nil {
		on.close()
		return errors.Join(err, s.stop())
	}
	return s.run(ctx, on)
}

func newLogger(conf config, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: conf.logLevel}
	if conf.logFormat == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}
