// Command bench compares Socket.IO servers on one machine: it starts each with
// the same behaviour, drives it with bench/load, and prints a table with ratios
// to the floor, the least that any server can do. The server has core 0 and the
// generator core 1; the peers take turns, so that what disturbs the machine
// disturbs all. Everything stays on the loopback interface and ends by itself.
//
//	go run . -scenario fanout -n 10000 -peers ours,floor,node-ws -runs 7
//	go run . -scenario fanout -n 1000,19000
//	go run . -report results/fanout-10000.jsonl
//
// A peer written name=path is another build of ours, or of dokkerrd if its name begins so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

type options struct {
	scenario string
	clients  []int // nil: each scenario's own
	peers    string
	runs     int
	pinned   bool
	out      string
	report   bool
	load     string // flags passed on
}

func main() {
	var o options
	flag.StringVar(&o.scenario, "scenario", "all", "connect, idle, fanout, echo, unicast, message, or all of them")
	flag.Func("n", "`clients`, or several numbers with commas (default: the scenario's own)", o.addClients)
	flag.StringVar(&o.peers, "peers", "all", "comma-separated `names`: "+strings.Join(peerNames(), ", "))
	flag.IntVar(&o.runs, "runs", 7, "of each peer, interleaved")
	flag.BoolVar(&o.pinned, "pinned", true, "server on core 0, generator spinning on core 1; else both on all cores")
	flag.StringVar(&o.out, "out", "results", "`folder` of the raw results and plots")
	flag.BoolVar(&o.report, "report", false, "run nothing: print the tables of the files of raw results given, and plot them")
	flag.StringVar(&o.load, "load", "", "more `flags` for the generator, as in \"-measure 1s -half 2s\"")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) addClients(list string) error {
	for number := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		o.clients = append(o.clients, n)
	}
	return nil
}

func run(ctx context.Context, o options, files []string) error {
	if o.report {
		return reportFiles(files)
	}
	if len(files) > 0 {
		return fmt.Errorf("unexpected argument %q", files[0])
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	peers, err := selectPeers(o.peers)
	if err != nil {
		return err
	}
	peers, skipped, err := prepare(ctx, peers)
	if err != nil {
		return err
	}
	defer tellSkipped(skipped) // again, where the tables end
	var failed error
	for _, s := range selectScenarios(o) {
		failed = errors.Join(failed, s.compare(ctx, o, peers))
	}
	return failed
}

// raiseFileLimit lets this process's children open as many files as it may; each client is one in both.
func raiseFileLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}
