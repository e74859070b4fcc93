// Command dokkerrd is the Dokkerr Realtime service: `dokkerrd help` says what it does. This package knows all others and
// decides nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// hardStop ends a process that could not stop by itself.
const hardStop = 30 * time.Second

// ballast is memory that nobody touches, so that it is none: the garbage collector takes it for live, and comes when 8 MB of garbage
// are there, not 2, as it does while little else lives (docs/decisions/garbage-collection.md).
var ballast = make([]byte, 16<<20)

func main() {
	defer runtime.KeepAlive(ballast)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40) // docs/decisions/garbage-collection.md
	}
	heedContainer()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		time.AfterFunc(hardStop, func() { os.Exit(1) })
	})
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// A process as its commands see it.
type process struct {
	env            []string // NAME=value
	stdout, stderr io.Writer
}

type command struct {
	name, arguments, summary string
	run                      func(ctx context.Context, p process, args []string) error
}

func commands() []command {
	return []command{
		{"serve", "[flags]", "run the service", serve},
		{"demo", "[flags]", "run it with a throw-away secret, two people and a page to try it, on this machine only", demo},
		{"token", "--user UUID [flags]", "print a token that lets a user in", printToken},
		{"backup", "[flags] FILE", "copy the data into a new file, also while the service runs", backup},
		{"restore", "[flags] FILE", "put a backup in the place of the data, which is set aside", restore},
		{"reconcile", "[flags] FILE", "print which events of the payment provider's list, a file of JSON, never came", reconcile},
		{"version", "", "print the version", printVersion},
		{"help", "", "print this", printHelp},
	}
}

// errUsage is returned for arguments that are wrong, after they were explained.
var errUsage = errors.New("wrong usage")

// run runs one command until it is done or ctx ends, and returns the exit code: 0 when all went well, 1 when it failed, 2
// when it was asked wrongly.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	p := process{env: env, stdout: stdout, stderr: stderr}
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name == name || c.name == "help" && (name == "-h" || name == "--help") {
			return p.exitCode(c, c.run(ctx, p, args))
		}
	}
	fmt.Fprintf(stderr, "dokkerrd: there is no command %q\n\n%s", name, help())
	return 2
}

func (p process) exitCode(c command, err error) int {
	var refused refusedSettings
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.As(err, &refused):
		fmt.Fprintf(p.stderr, "dokkerrd %s refuses these settings:\n", c.name)
		for _, reason := range refused {
			fmt.Fprintf(p.stderr, "  - %v\n", reason)
		}
		return 2
	}
	fmt.Fprintf(p.stderr, "dokkerrd %s: %v\n", c.name, err)
	return 1
}

func help() string {
	text := "dokkerrd is the live side of Dokkerr: chat, notifications, bookings and payments over Socket.IO.\n\nCommands:\n"
	for _, c := range commands() {
		text += fmt.Sprintf("  %-9s %s\n", c.name, c.summary)
	}
	return text + "\nTo see it at work: dokkerrd demo\nFlags of a command, and the settings behind them: dokkerrd serve --help\n"
}

func printHelp(_ context.Context, p process, _ []string) error {
	_, err := io.WriteString(p.stdout, help())
	return err
}
