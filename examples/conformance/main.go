// Command conformance is a small server that tests and load generators of
// others can be pointed at. -mode picks what it does:
//
//	engine  a bare Engine.IO server that sends every message back
//	socket  what the official Socket.IO test suite expects
//	bench   fan-out, echo and unicast for load generators; JWT with the claim sub
//	kit     one event for everything a client library can do; JWT with the claim id
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40) // docs/decisions/garbage-collection.md
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c, err := parseConfig(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	app, err := newApp(c)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, c, app)
}

// serve listens until ctx ends, then closes the sessions and returns.
func serve(ctx context.Context, c config, app app) error {
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: c.origins.handler(app), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	slog.Info("serving", "mode", c.mode, "addr", listener.Addr().String(), "path", c.path)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(app.Shutdown(grace), web.Shutdown(grace))
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
