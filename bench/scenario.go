package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dokkerr/realtime/bench/result"
)

// scenario is one table: what is driven, and the columns that say how it went.
type scenario struct {
	name    string
	clients int
	columns []column
}

var fanoutColumns = []column{
	{title: "W=1 deliveries/s", metric: "w1.per_s"},
	{title: "W=1 CPU µs each", metric: "w1.cpu_us", ratio: "floor", plotted: true},
	{title: "W=8 deliveries/s", metric: "w8.per_s"},
	{title: "W=8 CPU µs each", metric: "w8.cpu_us", ratio: "floor-cork", plotted: true},
	{title: "half load: CPU µs each", metric: "half.cpu_us"},
	{title: "half load: p50 ms", metric: "half.p50_ms"},
	{title: "half load: p99 ms", metric: "half.p99_ms", ratio: "floor", plotted: true},
	{title: "half load: p99.9 ms", metric: "half.p999_ms"},
	{title: "server CPU share (W=1)", metric: "w1.server_share"},
	{title: "generator's", metric: "w1.generator_share"},
}

func requestColumns(name string) []column {
	return []column{
		{title: "acks/s", metric: name + ".per_s"},
		{title: "CPU µs each", metric: name + ".cpu_us", ratio: "floor", plotted: true},
		{title: "ack p50 ms", metric: name + ".p50_ms"},
		{title: "p99 ms", metric: name + ".p99_ms"},
		{title: "server CPU share", metric: name + ".server_share"},
		{title: "generator's", metric: name + ".generator_share"},
	}
}

var scenarios = []scenario{
	{"fanout", 1_000, fanoutColumns},
	{"fanout", 10_000, fanoutColumns},
	{"echo", 1_000, requestColumns("echo")},
	{"unicast", 1_000, requestColumns("unicast")},
	{"message", 128, []column{
		{title: "W=1 messages/s", metric: "m1.per_s"},
		{title: "W=1 CPU µs each", metric: "m1.cpu_us", plotted: true},
		{title: "W=1 ack p50 ms", metric: "m1.p50_ms"},
		{title: "W=1 ack p99 ms", metric: "m1.p99_ms", plotted: true},
		{title: "W=8 messages/s", metric: "m8.per_s"},
		{title: "W=8 CPU µs each", metric: "m8.cpu_us", plotted: true},
		{title: "W=8 ack p50 ms", metric: "m8.p50_ms"},
		{title: "W=8 ack p99 ms", metric: "m8.p99_ms", plotted: true},
		{title: "server CPU share (W=8)", metric: "m8.server_share"},
		{title: "half load: CPU µs each", metric: "half.cpu_us"},
		{title: "half load: ack p50 ms", metric: "half.p50_ms"},
		{title: "half load: ack p99 ms", metric: "half.p99_ms", plotted: true},
	}},
	{"connect", 10_000, []column{
		{title: "connections/s", metric: "connect.per_s"},
		{title: "CPU µs each", metric: "connect.cpu_us", ratio: "floor", plotted: true},
		{title: "p50 ms", metric: "connect.p50_ms"},
		{title: "p99 ms", metric: "connect.p99_ms"},
		{title: "server CPU share", metric: "connect.server_share"},
		{title: "generator's", metric: "connect.generator_share"},
	}},
	{"idle", 19_500, []column{
		{title: "empty RSS MiB", metric: "empty.rss_mib"},
		{title: "RSS KiB/conn", metric: "idle.rss_kib", ratio: "floor", plotted: true},
		{title: "PSS", metric: "idle.pss_kib"},
		{title: "anonymous", metric: "idle.anon_kib"},
		{title: "RSS after the window", metric: "idle.rss_after_kib"},
		{title: "CPU s/min", metric: "idle.cpu_s_per_min", ratio: "floor", plotted: true},
		{title: "CPU µs per ping", metric: "idle.cpu_us"},
	}},
}

// selectScenarios returns all, or those of one name, maybe with other numbers of clients.
func selectScenarios(o options) []scenario {
	var selected []scenario
	for _, s := range scenarios {
		if o.scenario != "all" && o.scenario != s.name {
			continue
		}
		numbers := o.clients
		if numbers == nil {
			numbers = []int{s.clients}
		}
		for _, s.clients = range numbers {
			if !slices.ContainsFunc(selected, func(other scenario) bool { return other.name == s.name && other.clients == s.clients }) {
				selected = append(selected, s)
			}
		}
	}
	return selected
}

// compare runs the scenario against the peers in turns, and reports.
func (s scenario) compare(ctx context.Context, o options, peers []peer) error {
	name := fmt.Sprintf("%s-%d", s.name, s.clients)
	if !o.pinned {
		name += "-unpinned"
	}
	raw, err := os.Create(filepath.Join(o.out, name+".jsonl"))
	if err != nil {
		return err
	}
	runs, failed := s.rounds(ctx, o, peers, json.NewEncoder(raw))
	if err := raw.Close(); err != nil {
		return err
	}
	fmt.Printf("\n%s", s.table(runs))
	return errors.Join(failed, s.plot(runs, filepath.Join(o.out, name+".svg")))
}

// rounds returns what was measured; a run that failed is told and left out.
func (s scenario) rounds(ctx context.Context, o options, peers []peer, raw *json.Encoder) ([]result.Run, error) {
	var runs []result.Run
	var failed error
	for round := range o.runs {
		for _, p := range peers {
			if !p.runs(s.name) {
				continue
			}
			r, err := s.once(ctx, o, p, round)
			if ctx.Err() != nil {
				return runs, ctx.Err()
			}
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s, %d clients, %s: %w", s.name, s.clients, p.name, err))
				fmt.Println("FAILED:", s.name, p.name, err)
				continue
			}
			fmt.Println(s.line(r))
			runs = append(runs, r)
			if err := raw.Encode(r); err != nil {
				return runs, err
			}
		}
	}
	return runs, failed
}

const (
	runLimit   = 4 * time.Minute
	serverCore = "0"
	loadCore   = "1"
)

// once starts the peer, drives it and stops it.
func (s scenario) once(ctx context.Context, o options, p peer, round int) (r result.Run, err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	port, err := freePort()
	if err != nil {
		return r, err
	}
	onServer, onLoad := "", ""
	if o.pinned {
		onServer, onLoad = serverCore, loadCore
	}
	version, err := p.versionOf(ctx)
	if err != nil {
		return r, err
	}
	data, err := os.MkdirTemp(o.out, "data-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	server, err := start(ctx, onServer, environment(o.pinned), p.command(port, data))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	if err := server.listening(ctx, port); err != nil {
		return r, err
	}
	load, err := start(ctx, onLoad, os.Environ(), s.loadCommand(o, p, port, server.pid()))
	if err != nil {
		return r, err
	}
	if err := <-load.ended; err != nil {
		return r, fmt.Errorf("%w: %s; the server said: %s", err, tail(load.stderr.Bytes()), tail(server.stderr.Bytes()))
	}
	if err := json.Unmarshal(load.stdout.Bytes(), &r); err != nil {
		return r, err
	}
	r.Peer, r.Version, r.Round = p.name, version, round
	return r, nil
}

func (s scenario) loadCommand(o options, p peer, port, pid string) []string {
	command := []string{"bin/load", "-scenario", s.name, "-n", strconv.Itoa(s.clients), "-port", port, "-pid", pid}
	if o.pinned {
		command = append(command, "-spin", "-server-core", serverCore)
	}
	if p.dialect != "" {
		command = append(command, "-dialect", p.dialect)
	}
	if !p.noToken {
		command = append(command, "-jwt-secret", secret)
	}
	if p.claim != "" {
		command = append(command, "-claim", p.claim)
	}
	return append(command, strings.Fields(o.load)...)
}

// line is one run in short.
func (s scenario) line(r result.Run) string {
	words := []string{fmt.Sprintf("%2d %-12s foreign %3.0f %%  cores %-5s", r.Round+1, r.Peer, 100*r.Foreign, r.Phase())}
	for _, c := range s.columns {
		if value, ok := r.Metrics[c.metric]; ok && c.plotted {
			words = append(words, c.title+" "+short(value))
		}
	}
	return strings.Join(words, "  ")
}
