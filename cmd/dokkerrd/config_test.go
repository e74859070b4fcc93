package main

import (
	"flag"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio/siotest"
)

// configured reads settings as serve does.
func configured(t *testing.T, args []string, env ...string) config {
	t.Helper()
	k, err := read(flag.NewFlagSet("serve", flag.ContinueOnError), slices.Concat(common, tokens, own), args,
		append([]string{"JWT_SECRET=" + testSecret}, env...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := configOf(k)
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func TestDefaults(t *testing.T) {
	conf := configured(t, nil)
	if conf.port != 5174 || conf.hosts[0] != "" || conf.database != "data/dokkerr.db" || conf.metricsAddr != "" || len(conf.serviceKeys) != 0 {
		t.Errorf("defaults: %+v", conf)
	}
	if want := []string{"http://localhost:3000", "http://localhost:5173"}; !slices.Equal(conf.frontends, want) {
		t.Errorf("front ends %v", conf.frontends)
	}
	// The numbers of promises §6.
	if want := (limits{
		maxPayload: 100_000, maxPackets: 1000, maxOutbox: 1 << 20, maxNamespaces: 16, maxContent: 16 << 10,
		connectTimeout: 10 * time.Second, pingInterval: 25 * time.Second, pingTimeout: 20 * time.Second, upgradeTimeout: 10 * time.Second,
		typingInterval: 2 * time.Second, presenceGrace: 10 * time.Second, commandTimeout: 15 * time.Second,
		retention: 30 * 24 * time.Hour, maxInbox: 100_000,
	}); conf.limits != want {
		t.Errorf("limits %+v", conf.limits)
	}
}

func TestFlagBeatsEnvironmentBeatsDefault(t *testing.T) {
	env := []string{"PORT=6000", "HOST=10.0.0.1", "JWT_ISSUER=", "SERVICE_KEYS= " + testKey + " , " + testKey + "2,", "UNKNOWN=x", "FRONTEND_URL="}
	conf := configured(t, []string{"--port", "7000", "-public-url=https://Live.example.com/"}, env...)
	if conf.port != 7000 || conf.hosts[0] != "10.0.0.1" || conf.publicURL != "https://live.example.com" {
		t.Errorf("port %d, host %s, public %s", conf.port, conf.hosts[0], conf.publicURL)
	}
	if want := []string{testKey, testKey + "2"}; !slices.Equal(conf.serviceKeys, want) {
		t.Errorf("keys %q", conf.serviceKeys)
	}
	if len(conf.frontends) != 2 {
		t.Errorf("an empty variable is no setting: %v", conf.frontends)
	}
}

func TestDatabasePaths(t *testing.T) {
	for text, path := range map[string]string{
		"": "data/dokkerr.db", "x.db": "x.db", "/var/lib/x.db": "/var/lib/x.db", "./a:b.db": "./a:b.db",
		"sqlite:x.db": "x.db", "sqlite:///var/lib/x.db": "/var/lib/x.db",
	} {
		if got := configured(t, nil, "DATABASE_URL="+text).database; got != path {
			t.Errorf("%q is %q, want %q", text, got, path)
		}
	}
}

func TestWarnings(t *testing.T) {
	const clear, closed = "clear text", "API is closed"
	for _, c := range []struct {
		env  []string
		want []string
	}{
		{nil, []string{clear, closed}},
		{[]string{"HOST=0.0.0.0"}, []string{clear, closed}},
		{[]string{"HOST=192.0.2.1", "SERVICE_KEYS=" + testKey}, []string{clear}},
		{[]string{"HOST=127.0.0.1"}, []string{closed}},
		{[]string{"HOST=::1"}, []string{closed}},
		{[]string{"HOST=localhost"}, []string{closed}},
		{[]string{"TRUSTED_PROXIES=10.0.0.0/8"}, []string{closed}},
		{[]string{"TLS_CERT_FILE=c", "TLS_KEY_FILE=k", "SERVICE_KEYS=" + testKey}, nil},
	} {
		warnings := configured(t, nil, c.env...).warnings()
		if len(warnings) != len(c.want) {
			t.Errorf("%v: %q", c.env, warnings)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(warnings[i], want) {
				t.Errorf("%v: %q lacks %q", c.env, warnings[i], want)
			}
		}
	}
}

// Each name of LIMITS changes one limit, and no two the same.
func TestEveryLimitCanBeSet(t *testing.T) {
	seen := map[limits]string{}
	var l limits
	for name := range l.setters() {
		value := "2000"
		if !strings.HasPrefix(name, "max") {
			value = "7s"
		}
		switch name {
		case "maxNamespaces":
			value = "20"
		case "retention":
			value = "48h"
		}
		changed, err := parseLimits(name + "=" + value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if twin := seen[changed]; twin != "" || changed == defaultLimits() {
			t.Errorf("%s sets what %q sets", name, twin)
		}
		seen[changed] = name
	}
	if fields := reflect.TypeFor[limits]().NumField(); len(seen) != fields {
		t.Errorf("%d names for %d limits", len(seen), fields)
	}
}

func TestLimitsReachTheServer(t *testing.T) {
	p := startProgram(t, "LIMITS=maxPayload=5000, pingInterval=7s,pingTimeout=3s")
	opening := siotest.Dial(t, p.url, nil).Opening()
	if opening.MaxPayload != 5000 || opening.PingInterval != 7000 || opening.PingTimeout != 3000 {
		t.Errorf("opening %+v", opening)
	}
	opening = siotest.Dial(t, startProgram(t).url, nil).Opening()
	if opening.MaxPayload != 100_000 || opening.PingInterval != 25_000 || opening.PingTimeout != 20_000 {
		t.Errorf("by default %+v", opening)
	}
}
