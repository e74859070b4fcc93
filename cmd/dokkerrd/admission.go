package main

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/gateway"
	"github.com/dokkerr/realtime/limit"
	"github.com/dokkerr/realtime/socketio"
)

func newAdmission(l limits, gate *limit.Gate) *limit.Admission {
	return limit.NewAdmission(limit.AdmissionOptions{
		Arrivals: l.handshakes, Visitors: l.connections, Unknown: l.unknown, Gate: gate,
	})
}

// admit is engineio.Options.Admit. Who is turned away gets a 503, on which the stock client comes back by itself.
func admit(a *limit.Admission, m *meters) func(*http.Request) (engineio.Visit, error) {
	return func(r *http.Request) (engineio.Visit, error) {
		var address netip.Addr
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			address = peer.Addr()
		}
		visit, wait, ok := a.Admit(r.Context(), address, time.Now())
		if !ok {
			m.turnedAway.Inc()
			return nil, &engineio.AdmitError{Status: http.StatusServiceUnavailable, Message: "Too many connections", RetryAfter: wait}
		}
		return visit, nil
	}
}

// known has the admission know that the client has logged in.
func known(s *socketio.Socket) {
	if visit, ok := s.Handshake().Visit.(*limit.Visit); ok {
		visit.Known()
	}
}

func (l *limits) ofGateway() gateway.Limits {
	return gateway.Limits{
		Events:      l.events,
		Messages:    l.messages,
		Typing:      l.typing,
		UserEvents:  l.userEvents,
		Refusals:    l.refusals,
		Guesses:     l.guesses,
		MaxPause:    l.maxPause,
		UserSockets: l.userConnections,
	}
}
