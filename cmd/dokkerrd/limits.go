package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dokkerr/realtime/limit"
)

// limits are the product's numbers, reference/promises.md §6; docs/operations.md lists them.
type limits struct {
	maxPayload     int // bytes of one message or polling body
	maxPackets     int // in one polling body
	maxBeforeLogin int // bytes that one connection sends before its login
	maxOutbox      int // bytes waiting for one client
	maxStuck       int // bytes waiting for all clients that take nothing
	maxNamespaces  int // joined by one connection
	maxContent     int // bytes of a chat message's text
	connectTimeout time.Duration
	pingInterval   time.Duration
	pingTimeout    time.Duration
	upgradeTimeout time.Duration
	typingInterval time.Duration // between two typing signs of a conversation
	presenceGrace  time.Duration // before offline is told
	commandTimeout time.Duration // of one event from a client
	retention      time.Duration // of events that wait for a user
	maxInbox       int           // events that wait for a user

	events          limit.Rate    // of one connection
	messages        limit.Rate    // message.new of one connection
	typing          limit.Rate    // message.typing of one connection
	maxPause        time.Duration // for which a message is slowed
	userEvents      limit.Rate    // of all connections of a user
	refusals        limit.Rate    // events of one connection that came too early
	userConnections int
	handshakes      limit.Rate    // of one address
	connections     int           // of one address
	unknown         int           // connections of one address without a login
	guesses         limit.Lockout // by bad tokens for one user from one address
	maxLogins       int           // at once
	loginWait       time.Duration
	keyRequests     limit.Rate // with one service key
}

// limitSetting is a name of LIMITS, with what it is without being set.
type limitSetting struct {
	name, fallback string
	set            func(value string) error
}

// settings is every name that LIMITS may have.
func (l *limits) settings() []limitSetting {
	return []limitSetting{
		{"maxPayload", "100000", count(&l.maxPayload, 1<<10, 16<<20)},
		{"maxPackets", "1000", count(&l.maxPackets, 1, 1<<20)},
		{"maxBeforeLogin", "16384", count(&l.maxBeforeLogin, 1<<10, 16<<20)},
		{"maxOutbox", "1048576", count(&l.maxOutbox, 1<<10, 1<<30)},
		{"maxStuck", "25%", memoryShare(&l.maxStuck)},
		{"maxNamespaces", "16", count(&l.maxNamespaces, 1, 1<<10)},
		{"maxContent", "16384", count(&l.maxContent, 1, 1<<20)},
		{"connectTimeout", "10s", duration(&l.connectTimeout)},
		{"pingInterval", "25s", duration(&l.pingInterval)},
		{"pingTimeout", "20s", duration(&l.pingTimeout)},
		{"upgradeTimeout", "10s", duration(&l.upgradeTimeout)},
		{"typingInterval", "2s", duration(&l.typingInterval)},
		{"presenceGrace", "10s", duration(&l.presenceGrace)},
		{"commandTimeout", "15s", duration(&l.commandTimeout)},
		{"retention", "720h", durationOf(&l.retention, time.Hour, 100_000*time.Hour, "from 1h to 100000h, as in 720h")},
		{"maxInbox", "100000", count(&l.maxInbox, 1, 1<<30)},
		{"events", "20/s:50", rate(&l.events)},
		{"messages", "10/s:30", rate(&l.messages)},
		{"typing", "2/s:4", rate(&l.typing)},
		{"maxPause", "30s", duration(&l.maxPause)},
		{"userEvents", "40/s:100", rate(&l.userEvents)},
		{"refusals", "100/m:100", rate(&l.refusals)},
		{"userConnections", "20", count(&l.userConnections, 1, 1<<30)},
		{"handshakes", "20/s:100", rate(&l.handshakes)},
		{"connections", "500", count(&l.connections, 1, 1<<30)},
		{"unknown", "50", count(&l.unknown, 1, 1<<30)},
		{"guesses", "10/m:60s", lockout(&l.guesses)},
		{"maxLogins", "256", count(&l.maxLogins, 1, 1<<20)},
		{"loginWait", "2s", duration(&l.loginWait)},
		{"keyRequests", "2000/s:4000", rate(&l.keyRequests)},
	}
}

func count(to *int, low, high int) func(string) error {
	return func(value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < low || n > high {
			return fmt.Errorf("must be a whole number from %d to %d", low, high)
		}
		*to = n
		return nil
	}
}

func duration(to *time.Duration) func(string) error {
	return durationOf(to, time.Millisecond, time.Hour, "from 1ms to 1h, as in 25s")
}

// durationOf says the bounds in words that fit their size.
func durationOf(to *time.Duration, low, high time.Duration, words string) func(string) error {
	return func(value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < low || d > high {
			return fmt.Errorf("must be a duration %s", words)
		}
		*to = d
		return nil
	}
}

// rate takes "off", or so many a second or a minute and, behind a colon, at once.
func rate(to *limit.Rate) func(string) error {
	return func(value string) error {
		if value == "off" {
			*to = limit.Unlimited
			return nil
		}
		var each, burst int
		var unit rune
		if n, err := fmt.Sscanf(value+"\n", "%d/%c:%d\n", &each, &unit, &burst); n != 3 || err != nil || each < 1 || burst < 1 || unit != 's' && unit != 'm' {
			return errors.New("must be off, or a rate and a burst, as in 20/s:50 or 10/m:10")
		}
		*to = limit.Rate{PerSecond: float64(each), Burst: burst}
		if unit == 'm' {
			to.PerSecond /= 60
		}
		return nil
	}
}

// lockout takes "off", or so many failures in a second or a minute and, behind a colon, for how long they lock out.
func lockout(to *limit.Lockout) func(string) error {
	return func(value string) error {
		if value == "off" {
			*to = limit.Lockout{Failures: math.MaxInt}
			return nil
		}
		failures, within, found := strings.Cut(value, "/")
		unit, locked, _ := strings.Cut(within, ":")
		l := limit.Lockout{Within: map[string]time.Duration{"s": time.Second, "m": time.Minute}[unit]}
		bad := errors.Join(count(&l.Failures, 1, 1<<30)(failures), duration(&l.For)(locked))
		if !found || l.Within == 0 || bad != nil {
			return errors.New("must be off, or a number of failures and for how long they lock out, from 1ms to 1h, as in 10/m:60s")
		}
		*to = l
		return nil
	}
}

// memoryShare takes bytes, or how much of the memory that the process may use.
func memoryShare(to *int) func(string) error {
	return func(value string) error {
		percent, found := strings.CutSuffix(value, "%")
		if !found {
			return count(to, 1<<20, 1<<40)(value)
		}
		var share int
		if err := count(&share, 1, 75)(percent); err != nil {
			return errors.New("must be bytes, at least a MiB, or a share of the memory from 1% to 75%")
		}
		*to = int(memoryLimit() / 100 * int64(share))
		return nil
	}
}

func limitNames() string {
	var names []string
	for _, s := range new(limits).settings() {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

// defaultLimits is what LIMITS are without being set.
func defaultLimits() limits {
	var l limits
	for _, s := range l.settings() {
		if err := s.set(s.fallback); err != nil {
			panic("dokkerrd: " + s.name + " " + err.Error())
		}
	}
	return l
}

// parseLimits reads name=value,name=value over the defaults.
func parseLimits(text string) (limits, error) {
	l := defaultLimits()
	settings := l.settings()
	for _, part := range list(text) {
		name, value, _ := strings.Cut(part, "=")
		i := slices.IndexFunc(settings, func(s limitSetting) bool { return s.name == name })
		if i < 0 {
			return l, fmt.Errorf("LIMITS has %q, which is no limit: the names are %s", name, limitNames())
		}
		if err := settings[i].set(value); err != nil {
			return l, fmt.Errorf("LIMITS: %s is %q and %w", name, value, err)
		}
	}
	return l, nil
}

// list splits at commas; spaces around, and empty parts, are nothing.
func list(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
