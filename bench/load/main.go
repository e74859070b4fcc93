// Command load drives one scenario against one running server with up to
// 19,500 WebSocket clients on one thread, and prints what it measured as a
// line of JSON (package result). It connects to 127.0.0.1 only, is bounded in
// time and number, and fails when a client does.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sys/unix"

	"github.com/dokkerr/realtime/bench/result"
)

type options struct {
	scenario string
	clients  int
	port     int
	server   int
	dialect  string
	secret   string
	claim    string
	spin     bool
	core     int
	warm     time.Duration
	measure  time.Duration
	half     time.Duration
	idle     time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.scenario, "scenario", "fanout", "connect, idle, fanout, echo, unicast or message")
	flag.IntVar(&o.clients, "n", 1000, "`clients`, up to 19,500")
	flag.IntVar(&o.port, "port", 0, "of the server, on 127.0.0.1")
	flag.IntVar(&o.server, "pid", 0, "process `id` of the server, whose CPU and memory are measured")
	flag.StringVar(&o.dialect, "dialect", "socketio", "socketio, or centrifuge")
	flag.StringVar(&o.secret, "jwt-secret", "", "HS256 `secret` of the tokens; without one a token is the bare user name")
	flag.StringVar(&o.claim, "claim", "sub", "of the token that names the user: sub, or id, then a UUID")
	flag.BoolVar(&o.spin, "spin", false, "poll without sleeping, for a CPU of its own")
	flag.IntVar(&o.core, "server-core", -1, "the one core that the server runs on: how far it is from the generator's is measured too")
	flag.DurationVar(&o.warm, "warm", time.Second, "before each measured window")
	flag.DurationVar(&o.measure, "measure", 3*time.Second, "length of a window at saturation")
	flag.DurationVar(&o.half, "half", 5*time.Second, "length of the window at half load")
	flag.DurationVar(&o.idle, "idle", 25*time.Second, "length of the idle window")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	// One thread and no collections: the clients are few objects, and nothing may interrupt the loop.
	runtime.LockOSThread()
	runtime.GOMAXPROCS(2) // the other is for measuring the distance of the cores
	debug.SetGCPercent(-1)

	b, err := newBench(o)
	if err != nil {
		return err
	}
	if err := b.drive(); err != nil {
		return fmt.Errorf("%s: %w", o.scenario, err)
	}
	return json.NewEncoder(os.Stdout).Encode(b.result)
}

// bench is one scenario on its way.
type bench struct {
	*loop
	options options
	tokens  []string
	empty   memory // of the server before the first client
	result  result.Run
}

func newBench(o options) (*bench, error) {
	l := &loop{spin: o.spin, server: o.server, address: unix.SockaddrInet4{Port: o.port, Addr: [4]byte{127, 0, 0, 1}}}
	switch o.dialect {
	case "socketio":
		l.dialect = socketIO{}
	case "centrifuge":
		l.dialect = centrifugeJSON{}
	default:
		return nil, fmt.Errorf("no dialect %q", o.dialect)
	}
	if o.clients < 1 || o.clients > 19_500 {
		return nil, fmt.Errorf("%d clients: it can be 1 to 19,500", o.clients)
	}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if err := growFileTable(l.epoll, o.clients); err != nil {
		return nil, err
	}
	b := &bench{options: o, loop: l, result: result.Run{
		Time: time.Now().UTC().Format(time.RFC3339), Scenario: o.scenario, Clients: o.clients, Pinned: o.spin, Metrics: map[string]float64{},
	}}
	b.tokens, err = tokens(o)
	return b, err
}

// growFileTable has the kernel make room for n descriptors now: it waits for other CPUs each time that a
// table grows, tens of milliseconds that would count as the server's.
func growFileTable(fd, n int) error {
	high := n + 50 // beyond those that are open already
	if err := unix.Dup3(fd, high, unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("open files: %w", err)
	}
	return unix.Close(high)
}

// drive runs the scenario; all begin with the connecting.
func (b *bench) drive() error {
	scenarios := map[string]func() error{
		"connect": func() error { return nil }, "idle": b.idleWindow, "fanout": b.fanout, "echo": b.echo, "unicast": b.unicast, "message": b.messages,
	}
	scenario := scenarios[b.options.scenario]
	if scenario == nil {
		return fmt.Errorf("there is no such scenario")
	}
	var err error
	if b.empty, err = readMemory(b.server); err != nil {
		return err
	}
	b.set("empty.rss_mib", b.empty.rss/1024)
	if err := b.connect(); err != nil {
		return err
	}
	if err := b.distance(); err != nil {
		return err
	}
	if err := scenario(); err != nil {
		return err
	}
	return b.distance()
}

// distance records how far the two cores are apart. It wants a quiet server.
func (b *bench) distance() error {
	if b.options.core < 0 {
		return nil
	}
	there, err := bounce(b.options.core)
	if err != nil {
		return err
	}
	b.result.Distances = append(b.result.Distances, there)
	return nil
}

func (b *bench) set(metric string, value float64) { b.result.Metrics[metric] = value }

// window records what a window used: CPU of the server per operation, and shares.
func (b *bench) window(name string, s spent, operations int64) {
	b.set(name+".per_s", float64(operations)/s.seconds)
	if operations > 0 {
		b.set(name+".cpu_us", s.server/float64(operations)*1e6)
	}
	b.set(name+".server_share", s.server/s.seconds)
	b.set(name+".generator_share", s.generator/s.seconds)
	b.set(name+".foreign_share", s.foreign/s.seconds)
	b.result.Foreign = max(b.result.Foreign, s.foreign/s.seconds)
}

// latency records quantiles in milliseconds.
func (b *bench) latency(name string, h *histogram) {
	b.set(name+".p50_ms", h.quantile(0.50)/1e6)
	b.set(name+".p99_ms", h.quantile(0.99)/1e6)
	b.set(name+".p999_ms", h.quantile(0.999)/1e6)
}

// tokens makes one per client.
func tokens(o options) ([]string, error) {
	all := make([]string, o.clients)
	expires := time.Now().Add(time.Hour).Unix()
	for i := range all {
		user := userName(i)
		if o.claim == "id" {
			user = userID(i)
		}
		if o.secret == "" {
			all[i] = user
			continue
		}
		var err error
		claims := jwt.MapClaims{o.claim: user, "exp": expires}
		if all[i], err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(o.secret)); err != nil {
			return nil, err
		}
	}
	return all, nil
}
