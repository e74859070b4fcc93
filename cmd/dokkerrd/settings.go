package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// setting is a name of contract §6: an environment variable, and a flag of the same name in kebab case that beats it.
type setting struct {
	name     string
	fallback string
	help     string
	later    string // what to do meanwhile about a setting that this build does not have yet; "" for one that works
}

func (s setting) flag() string { return strings.ReplaceAll(strings.ToLower(s.name), "_", "-") }

// The settings of every server.
var common = []setting{
	{name: "PORT", fallback: "5174", help: "port to listen on"},
	{name: "FRONTEND_URL", fallback: "http://localhost:3000,http://localhost:5173", help: "origins of web front ends that may connect, separated by commas"},
	{name: "LIMITS", help: "limits to change, as in name=value,name=value: " + limitNames()},
	{name: "METRICS_ADDR", help: "address for Prometheus, as in 127.0.0.1:9100; none: off"},
	{name: "LOG_LEVEL", fallback: "info", help: "debug, info, warn or error"},
}

// How tokens are verified.
var tokens = []setting{
	{name: "JWT_SECRET", help: "secret of HS256 tokens, at least 32 bytes; better given by the environment, where other users of the machine do not see it"},
	{name: "JWT_ISSUER", help: "issuer that tokens must name; none: any"},
	{name: "JWT_AUDIENCE", help: "audience that tokens must name; none: any"},
}

// database is the setting of every command that touches the data.
var database = setting{name: "DATABASE_URL", fallback: "data/dokkerr.db", help: "path of the SQLite file that holds the data"}

// What only serve has.
var own = []setting{
	{name: "HOST", help: "address to listen on; none: all"},
	{name: "PUBLIC_URL", help: "where browsers find this service, as in https://live.example.com"},
	{name: "SERVICE_KEYS", help: "keys of the back end, at least 32 bytes each, separated by commas; none: its API is closed"},
	database,
	{name: "TLS_CERT_FILE", help: "certificate chain, PEM; with it TLS 1.2 or later is spoken"},
	{name: "TLS_KEY_FILE", help: "its key, PEM"},
	{name: "TRUSTED_PROXIES", help: "CIDRs of the proxies in front, separated by commas"},
	{name: "LOG_FORMAT", fallback: "json", help: "json or text"},
	{name: "JWKS_URL", help: "where the issuer publishes the public keys of RS256, ES256 and EdDSA tokens, as in https://id.example.com/.well-known/jwks.json; instead of JWT_SECRET"},
	{name: "REDIS_URL", later: "run one node"},
	{name: "STRIPE_WEBHOOK_SECRET", help: "secret of the payment provider's webhook, whsec_...; two, separated by a comma, while they are exchanged; none: there is no webhook"},
	{name: "ADMIN_USERNAME", later: "watch METRICS_ADDR"},
	{name: "ADMIN_PASSWORD_HASH", later: "watch METRICS_ADDR"},
}

// read layers the settings: fallback, environment, flags. An empty value is none. The flags may be added to before;
// --help and what is wrong about flags are answered on w.
func read(flags *flag.FlagSet, settings []setting, args, environ []string, w io.Writer) (*koanf.Koanf, error) {
	given := map[string]any{}
	fallbacks := map[string]any{}
	for _, s := range settings {
		fallbacks[s.name] = s.fallback
		flags.Func(s.flag(), usage(s), func(value string) error {
			given[s.name] = value
			return nil
		})
	}
	if err := parse(flags, args, w); err != nil {
		return nil, err
	}
	known := func(name, value string) (string, any) {
		if value == "" || !slices.ContainsFunc(settings, func(s setting) bool { return s.name == name }) {
			return "", nil
		}
		return name, value
	}
	environment := env.Provider("", env.Opt{TransformFunc: known, EnvironFunc: func() []string { return environ }})
	k := koanf.New(".")
	return k, errors.Join(
		k.Load(confmap.Provider(fallbacks, ""), nil),
		k.Load(environment, nil),
		k.Load(confmap.Provider(given, ""), nil),
	)
}

// parse explains what is wrong about flags on w.
func parse(flags *flag.FlagSet, args []string, w io.Writer) error {
	flags.SetOutput(w)
	flags.Usage = func() { printFlags(flags, w) }
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(w, "unexpected argument %q\n", flags.Arg(0))
		flags.Usage()
		return errUsage
	}
	return nil
}

func printFlags(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprintf(w, "Flags of dokkerrd %s, and the environment variables that they beat:\n", flags.Name())
	flags.VisitAll(func(f *flag.Flag) { fmt.Fprintf(w, "  --%s\n        %s\n", f.Name, f.Usage) })
}

func usage(s setting) string {
	switch {
	case s.later != "":
		return s.name + ": not in this build yet"
	case s.fallback != "":
		return fmt.Sprintf("%s: %s (default %s)", s.name, s.help, s.fallback)
	}
	return s.name + ": " + s.help
}

// refusedSettings is every reason not to start, each a sentence that says which setting, why and what to do.
type refusedSettings []error

func (r refusedSettings) Error() string { return errors.Join(r...).Error() }
