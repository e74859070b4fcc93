package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// secret signs the tokens of every run.
const secret = "a secret that only benchmarks know"

// peer is a server to compare.
type peer struct {
	name    string
	command func(port, data string) []string
	build   [][]string // commands, run in order in dir
	dir     string     // "": this module's
	version []string   // command that prints it
	probe   []string   // command that fails where the peer cannot run: it is then skipped, loudly
	dialect string     // "": socketio
	noToken bool       // tokens are bare user names
	claim   string     // that names the user; "": sub
	only    []string   // scenarios; nil: all but message
}

func (p peer) runs(scenario string) bool {
	if p.only == nil {
		return scenario != "message"
	}
	return slices.Contains(p.only, scenario)
}

const userClaim = "id" // of dokkerrd's tokens

// dokkerrdRuns are the scenarios of the product.
var dokkerrdRuns = []string{"connect", "idle", "message"}

const buildLimit = 15 * time.Minute

var peers = []peer{
	{
		name:    "floor",
		build:   [][]string{{"go", "build", "-o", "bin/floor", "./servers/floor"}},
		command: func(port, _ string) []string { return []string{"bin/floor", "-port", port} },
		noToken: true,
	},
	{
		name:    "floor-cork",
		build:   [][]string{{"go", "build", "-o", "bin/floor", "./servers/floor"}},
		command: func(port, _ string) []string { return []string{"bin/floor", "-cork", "-port", port} },
		noToken: true,
	},
	{
		name:    "ours",
		dir:     "..",
		build:   [][]string{{"go", "build", "-o", "bench/bin/ours", "./examples/conformance"}},
		version: []string{"git", "describe", "--always", "--dirty"},
		command: func(port, _ string) []string { return ours("bin/ours", port) },
	},
	{
		name:    "node-uws",
		dir:     "servers/node",
		build:   [][]string{{"npm", "ci", "--no-audit", "--no-fund", "--silent"}},
		probe:   []string{"node", "probe.js"},
		version: nodeVersion("@btc-vision/uwebsockets.js"),
		command: func(port, _ string) []string { return []string{"node", "servers/node/server.js", port, secret, "uws"} },
	},
	{
		name:    "node-ws",
		dir:     "servers/node",
		build:   [][]string{{"npm", "ci", "--no-audit", "--no-fund", "--silent"}},
		version: nodeVersion("ws"),
		command: func(port, _ string) []string { return []string{"node", "servers/node/server.js", port, secret, "ws"} },
	},
	{
		name:    "socketioxide",
		dir:     "servers/socketioxide",
		build:   [][]string{{"cargo", "build", "--release", "--locked"}},
		version: []string{"cargo", "pkgid", "--offline", "socketioxide"},
		command: func(port, _ string) []string {
			return []string{"servers/socketioxide/target/release/bench-socketioxide", port, secret}
		},
	},
	{
		name:    "centrifuge",
		build:   [][]string{{"go", "build", "-o", "bin/centrifuge", "./servers/centrifuge"}},
		version: []string{"go", "list", "-m", "github.com/centrifugal/centrifuge"},
		command: func(port, _ string) []string {
			return []string{"bin/centrifuge", "-addr", "127.0.0.1:" + port, "-jwt-secret", secret}
		},
		dialect: "centrifuge",
		only:    []string{"connect", "idle", "fanout"},
	},
	{
		name:    "dokkerrd",
		dir:     "..",
		build:   [][]string{{"go", "build", "-o", "bench/bin/dokkerrd", "./cmd/dokkerrd"}},
		version: []string{"git", "describe", "--always", "--dirty"},
		command: func(port, data string) []string {
			return dokkerrd("bin/dokkerrd", port, data)
		},
		claim: userClaim,
		only:  dokkerrdRuns,
	},
}

// nodeVersion prints the versions of socket.io, of the engine's WebSocket package and of Node.
func nodeVersion(engine string) []string {
	return []string{"node", "-p", `["socket.io", "` + engine + `"].map((name) => name + " " + require(name + "/package.json").version).join(", ") + ", node " + process.version`}
}

func ours(binary, port string) []string {
	return []string{binary, "-mode", "bench", "-jwt-secret", secret, "-addr", "127.0.0.1:" + port}
}

func dokkerrd(binary, port, data string) []string {
	return []string{
		binary, "serve", "--host", "127.0.0.1", "--port", port, "--jwt-secret", secret,
		"--database-url", filepath.Join(data, "dokkerr.db"), "--limits", "events=off,messages=off,userEvents=off",
	}
}

func peerNames() []string {
	var names []string
	for _, p := range peers {
		names = append(names, p.name)
	}
	return names
}

// selectPeers returns the peers of a list of names; name=path is another build of ours, or of dokkerrd if the name begins so.
func selectPeers(list string) ([]peer, error) {
	if list == "all" {
		return peers, nil
	}
	var selected []peer
	for name := range strings.SplitSeq(list, ",") {
		if name, path, found := strings.Cut(name, "="); found {
			selected = append(selected, otherBuild(name, path))
			continue
		}
		i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no peer %q: there are %s", name, strings.Join(peerNames(), ", "))
		}
		selected = append(selected, peers[i])
	}
	return selected, nil
}

func otherBuild(name, path string) peer {
	if strings.HasPrefix(name, "dokkerrd") {
		command := func(port, data string) []string { return dokkerrd(path, port, data) }
		return peer{name: name, command: command, claim: userClaim, only: dokkerrdRuns}
	}
	return peer{name: name, command: func(port, _ string) []string { return ours(path, port) }}
}

// prepare builds the generator and the peers and returns those that can run here, and why the others cannot.
func prepare(ctx context.Context, selected []peer) (able []peer, skipped []error, err error) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	if _, err := execute(ctx, "", []string{"go", "build", "-o", "bin/load", "./load"}); err != nil {
		return nil, nil, err
	}
	for _, p := range selected {
		for _, command := range p.build {
			if _, err := execute(ctx, p.dir, command); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		if len(p.probe) > 0 {
			if _, err := execute(ctx, p.dir, p.probe); err != nil {
				skipped = append(skipped, fmt.Errorf("%s does not run on this machine: %w", p.name, err))
				continue
			}
		}
		able = append(able, p)
	}
	tellSkipped(skipped)
	return able, skipped, nil
}

func tellSkipped(skipped []error) {
	for _, why := range skipped {
		fmt.Println("SKIPPED:", why)
	}
}

// execute runs a command to its end and returns what it printed.
func execute(ctx context.Context, dir string, command []string) (string, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir = dir
	out, err := c.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), failed, tail(failed.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// tail returns the end of what a process printed.
func tail(b []byte) string {
	const enough = 2000
	return strings.TrimSpace(string(b[max(0, len(b)-enough):]))
}

// versionOf asks the peer, so that a result says what it measured.
func (p peer) versionOf(ctx context.Context) (string, error) {
	if len(p.version) == 0 {
		return "", nil
	}
	out, err := execute(ctx, p.dir, p.version)
	return out[strings.LastIndexByte(out, '#')+1:], err // cargo writes where from, then #name@version
}

// environment returns the server's: as many threads as it has cores.
func environment(pinned bool) []string {
	if !pinned {
		return os.Environ()
	}
	one := strconv.Itoa(1)
	return append(os.Environ(), "GOMAXPROCS="+one, "TOKIO_WORKER_THREADS="+one)
}
