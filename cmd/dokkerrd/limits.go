package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limits are the product's numbers, reference/promises.md §6.
type limits struct {
	maxPayload     int // bytes of one message or polling body
	maxPackets     int // in one polling body
	maxOutbox      int // bytes waiting for one client
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
}

func defaultLimits() limits {
	return limits{
		maxPayload:     100_000,
		maxPackets:     1000,
		maxOutbox:      1 << 20,
		maxNamespaces:  16,
		maxContent:     16 << 10,
		connectTimeout: 10 * time.Second,
		pingInterval:   25 * time.Second,
		pingTimeout:    20 * time.Second,
		upgradeTimeout: 10 * time.Second,
		typingInterval: 2 * time.Second,
		presenceGrace:  10 * time.Second,
		commandTimeout: 15 * time.Second,
		retention:      30 * 24 * time.Hour,
		maxInbox:       100_000,
	}
}

// setters is every name that LIMITS may have.
func (l *limits) setters() map[string]func(value string) error {
	return map[string]func(string) error{
		"maxPayload":     count(&l.maxPayload, 1<<10, 16<<20),
		"maxPackets":     count(&l.maxPackets, 1, 1<<20),
		"maxOutbox":      count(&l.maxOutbox, 1<<10, 1<<30),
		"maxNamespaces":  count(&l.maxNamespaces, 1, 1<<10),
		"maxContent":     count(&l.maxContent, 1, 1<<20),
		"connectTimeout": duration(&l.connectTimeout),
		"pingInterval":   duration(&l.pingInterval),
		"pingTimeout":    duration(&l.pingTimeout),
		"upgradeTimeout": duration(&l.upgradeTimeout),
		"typingInterval": duration(&l.typingInterval),
		"presenceGrace":  duration(&l.presenceGrace),
		"commandTimeout": duration(&l.commandTimeout),
		"retention":      durationOf(&l.retention, time.Hour, 100_000*time.Hour, "from 1h to 100000h, as in 720h"),
		"maxInbox":       count(&l.maxInbox, 1, 1<<30),
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

func limitNames() string {
	var l limits
	return strings.Join(slices.Sorted(maps.Keys(l.setters())), ", ")
}

// parseLimits reads name=value,name=value over the defaults.
func parseLimits(text string) (limits, error) {
	l := defaultLimits()
	setters := l.setters()
	for _, part := range list(text) {
		name, value, _ := strings.Cut(part, "=")
		set, known := setters[name]
		if !known {
			return l, fmt.Errorf("LIMITS has %q, which is no limit: the names are %s", name, limitNames())
		}
		if err := set(value); err != nil {
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
