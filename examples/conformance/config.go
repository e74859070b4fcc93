package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/socketio"
)

// config is the command line.
type config struct {
	mode           string
	addr           string
	path           string // "" until parseConfig has put in the mode's own
	connectTimeout time.Duration
	secret         string
	origins        origins
	recovery       bool
	msgpack        bool
	engine         engineio.Options
}

func parseConfig(args []string) (config, error) {
	var c config
	f := flag.NewFlagSet("conformance", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main prints errors
	f.StringVar(&c.mode, "mode", "socket", "`behaviour`: engine, socket, bench or kit")
	f.StringVar(&c.addr, "addr", "localhost:3000", "`address` to listen on")
	f.StringVar(&c.path, "path", "", "`path` to serve (default /engine.io/ in mode engine, else /socket.io/)")
	f.DurationVar(&c.engine.PingInterval, "ping-interval", 25*time.Second, "between a pong and the next ping")
	f.DurationVar(&c.engine.PingTimeout, "ping-timeout", 20*time.Second, "for the pong")
	f.DurationVar(&c.connectTimeout, "connect-timeout", 45*time.Second, "from the opening to the first joined namespace")
	f.DurationVar(&c.engine.UpgradeTimeout, "upgrade-timeout", 10*time.Second, "from the second connection to the upgrade packet")
	f.IntVar(&c.engine.MaxPayload, "max-payload", 1_000_000, "`bytes` of one message or polling body")
	f.Func("allowed-origin", "comma-separated `origins` whose pages may use the server, with credentials (default: the server's own)", c.origins.add)
	f.StringVar(&c.secret, "jwt-secret", "", "HS256 `secret` of the tokens in auth.token, for the modes bench and kit")
	f.BoolVar(&c.engine.AllowEIO3, "eio3", false, "serve clients of Engine.IO 3 too")
	f.BoolVar(&c.recovery, "recovery", false, "have clients resume after a lost connection")
	f.BoolVar(&c.msgpack, "msgpack", false, "speak the msgpack parser instead of the default one")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(os.Stdout)
			f.Usage()
		}
		return config{}, err
	}
	return c, c.complete(f)
}

// complete checks what flags cannot and fills in what depends on several.
func (c *config) complete(f *flag.FlagSet) error {
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if c.secret == "" && (c.mode == "bench" || c.mode == "kit") {
		return errors.New("mode " + c.mode + " needs -jwt-secret")
	}
	if c.path == "" && c.mode == "engine" {
		c.path = "/engine.io/"
	}
	if c.path == "" {
		c.path = "/socket.io/"
	}
	if len(c.origins) > 0 {
		c.engine.CheckOrigin = c.origins.allow
	}
	return nil
}

// app is a server in one of the modes.
type app interface {
	http.Handler
	Shutdown(ctx context.Context) error
}

func newApp(c config) (app, error) {
	if c.mode == "engine" {
		return newEcho(c), nil
	}
	register := map[string]func(*socketio.Server, config){"socket": registerSuite, "bench": registerBench, "kit": registerKit}[c.mode]
	if register == nil {
		return nil, fmt.Errorf("no mode %q: it is engine, socket, bench or kit", c.mode)
	}
	if c.mode == "kit" {
		c.engine.Admit = denyOnRequest
	}
	o := socketio.Options{Engine: c.engine, Path: c.path, ConnectTimeout: c.connectTimeout}
	if c.recovery {
		o.Recovery = &socketio.RecoveryOptions{}
	}
	if c.msgpack {
		o.Parser = socketio.MsgPack
	}
	srv := socketio.NewServer(&o)
	register(srv, c)
	return srv, nil
}
