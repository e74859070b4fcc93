package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dokkerr/realtime/socketio"
	"github.com/dokkerr/realtime/sqlite"
)

const namespace = "dokkerr"

// meters turns the hooks of the other packages into Prometheus metrics.
type meters struct {
	registry    *prometheus.Registry
	events      eventCounts
	connected   prometheus.Counter
	ended       *prometheus.CounterVec // by reason
	panics      prometheus.Counter
	commits     prometheus.Histogram // seconds
	commands    prometheus.Counter
	written     prometheus.Counter
	storeErrors prometheus.Counter
	turnedAway  prometheus.Counter
	early       *prometheus.CounterVec // by outcome
	refused     *prometheus.CounterVec // logins, by reason
}

func newMeters() *meters {
	m := &meters{
		registry:    prometheus.NewRegistry(),
		connected:   counter("sockets_connected_total", "Sockets that were let in."),
		ended:       prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "sockets_ended_total", Help: "Sockets that ended, by reason."}, []string{"reason"}),
		panics:      counter("handler_panics_total", "Panics in handlers of events and requests."),
		commands:    counter("store_commands_total", "Commands that the store was asked to commit."),
		written:     counter("store_events_total", "Durable events that were committed."),
		storeErrors: counter("store_failures_total", "Batches and questions that failed in the store."),
		turnedAway:  counter("handshakes_refused_total", "Handshakes that were answered with 503, as there were too many."),
		early:       prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "events_limited_total", Help: "Events of clients that came too early, by what was done: slowed, dropped or refused."}, []string{"outcome"}),
		refused:     prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "logins_refused_total", Help: "Logins that did not come about, by reason."}, []string{"reason"}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "store_commit_seconds", Help: "Time of a group commit until it is on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
		}),
	}
	m.registry.MustRegister(m.connected, m.ended, m.panics, m.commits, m.commands, m.written, m.storeErrors, m.turnedAway, m.early, m.refused,
		eventCollector{&m.events},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

// watch adds what is asked for when Prometheus asks.
func (m *meters) watch(s *server) {
	gauge := func(name, help string, now func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, now)
	}
	m.registry.MustRegister(
		gauge("connections", "Open connections.", func() float64 { return float64(s.io.Connections()) }),
		gauge("store_degraded", "1 while writes are refused.", func() float64 {
			if s.refuses.Load() {
				return 1
			}
			return 0
		}),
		gauge("store_log_bytes", "Size of the store's write-ahead log.", func() float64 { return float64(s.store.LogSize()) }),
		gauge("stuck_bytes", "Bytes waiting for clients that take nothing.", func() float64 { return float64(s.io.Stuck()) }),
		gauge("rooms", "Rooms with a member.", func() float64 { return float64(s.io.Of("/").Rooms()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "illegal_changes_total", Help: "Changes of bookings and payments that their state did not allow.",
		}, func() float64 { return float64(s.service.IllegalChanges()) }),
	)
}

func (m *meters) socketHooks() socketio.Hooks {
	return socketio.Hooks{
		Connected: func(s *socketio.Socket) {
			m.connected.Inc()
			known(s)
		},
		Disconnected: func(_ *socketio.Socket, r socketio.Reason) { m.ended.WithLabelValues(string(r)).Inc() },
		Received:     m.events.received,
		Sent:         m.events.sent,
		Panicked:     func(*socketio.Socket, string) { m.panics.Inc() },
	}
}

// limited is gateway.Options.Limited.
func (m *meters) limited(outcome string) { m.early.WithLabelValues(outcome).Inc() }

// loginRefused is gateway.Options.Refused.
func (m *meters) loginRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// storeHooks tells the server too.
func (m *meters) storeHooks(s *server) sqlite.Hooks {
	return sqlite.Hooks{
		Committed: func(c sqlite.Commit) {
			m.commits.Observe(c.Took.Seconds())
			m.commands.Add(float64(c.Commands))
			m.written.Add(float64(c.Events))
			s.storeCommitted(c)
		},
		Failed: func(err error) {
			m.storeErrors.Inc()
			s.storeFailed(err)
		},
		Broken:   s.storeBroken,
		LogGrows: s.storeLogGrows,
	}
}

func (m *meters) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// eventCollector shows eventCounts to Prometheus.
type eventCollector struct{ counts *eventCounts }

var eventsDesc = prometheus.NewDesc(namespace+"_events_total", "Events by name: in from clients, out to them, once per socket.",
	[]string{"event", "direction"}, nil)

// Describe implements prometheus.Collector.
func (eventCollector) Describe(to chan<- *prometheus.Desc) { to <- eventsDesc }

// Collect implements prometheus.Collector.
func (c eventCollector) Collect(to chan<- prometheus.Metric) {
	c.counts.each(func(event string, in, out int64) {
		to <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(in), event, "in")
		to <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(out), event, "out")
	})
}
