package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/limit"
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
	share := conf.limits.maxStuck
	if memory := memoryLimit(); share < int(memory/5) || share > int(memory/3) {
		t.Errorf("%d of %d bytes of memory for clients that take nothing", share, memory)
	}
	conf.limits.maxStuck = 0
	if want := (limits{
		maxPayload: 100_000, maxPackets: 1000, maxBeforeLogin: 16 << 10, maxOutbox: 1 << 20, maxNamespaces: 16, maxContent: 16 << 10,
		connectTimeout: 10 * time.Second, pingInterval: 25 * time.Second, pingTimeout: 20 * time.Second, upgradeTimeout: 10 * time.Second,
		typingInterval: 2 * time.Second, presenceGrace: 10 * time.Second, commandTimeout: 15 * time.Second,
		retention: 30 * 24 * time.Hour, maxInbox: 100_000,
		events: limit.Rate{PerSecond: 20, Burst: 50}, messages: limit.Rate{PerSecond: 10, Burst: 30}, typing: limit.Rate{PerSecond: 2, Burst: 4},
		maxPause: 30 * time.Second, userEvents: limit.Rate{PerSecond: 40, Burst: 100}, refusals: limit.Rate{PerSecond: 100.0 / 60, Burst: 100},
		userConnections: 20, handshakes: limit.Rate{PerSecond: 20, Burst: 100}, connections: 500, unknown: 50,
		guesses: limit.Lockout{Failures: 10, Within: time.Minute, For: time.Minute}, maxLogins: 256, loginWait: 2 * time.Second,
		keyRequests: limit.Rate{PerSecond: 2000, Burst: 4000},
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
	for _, setting := range new(limits).settings() {
		var changed limits
		err := errors.New("no value was tried")
		for _, value := range []string{"20", "2000", "2000000", "48h", "7s", "7/m:8", "7/m:8s"} {
			if changed, err = parseLimits(setting.name + "=" + value); err == nil && changed != defaultLimits() {
				break
			}
		}
		if err != nil {
			t.Errorf("%s: %v", setting.name, err)
		}
		if twin := seen[changed]; twin != "" || changed == defaultLimits() {
			t.Errorf("%s sets what %q sets", setting.name, twin)
		}
		seen[changed] = setting.name
	}
	if fields := reflect.TypeFor[limits]().NumField(); len(seen) != fields {
		t.Errorf("%d names for %d limits", len(seen), fields)
	}
}

func TestRates(t *testing.T) {
	for value, want := range map[string]limit.Rate{
		"off":      limit.Unlimited,
		"20/s:50":  {PerSecond: 20, Burst: 50},
		"120/m:10": {PerSecond: 2, Burst: 10},
	} {
		if got, err := parseLimits("events=" + value); err != nil || got.events != want {
			t.Errorf("%s: %+v, %v", value, got.events, err)
		}
	}
	for _, value := range []string{"", "20", "20/s", "20/h:5", "0/s:5", "5/s:0", "-1/s:5", "20/s:50x", "on"} {
		if got, err := parseLimits("events=" + value + ",maxPackets=5"); err == nil {
			t.Errorf("%q: %+v", value, got.events)
		}
	}
	for value, want := range map[string]limit.Lockout{
		"off":      {Failures: math.MaxInt},
		"10/m:60s": {Failures: 10, Within: time.Minute, For: time.Minute},
		"3/s:1h":   {Failures: 3, Within: time.Second, For: time.Hour},
	} {
		if got, err := parseLimits("guesses=" + value); err != nil || got.guesses != want {
			t.Errorf("%s: %+v, %v", value, got.guesses, err)
		}
	}
	for _, value := range []string{"", "10", "10/m", "10/m:10", "10/m:", "10/h:60s", "0/m:60s", "-1/m:60s", "10/m:2h", "10/m:-1s", "10:60s", "10/m:60s:1"} {
		if got, err := parseLimits("guesses=" + value); err == nil {
			t.Errorf("%q: %+v", value, got.guesses)
		}
	}
	if got, err := parseLimits("maxStuck=10%"); err != nil || got.maxStuck != int(memoryLimit()/100*10) {
		t.Errorf("a tenth of the memory: %d, %v", got.maxStuck, err)
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
