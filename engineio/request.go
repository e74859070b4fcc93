package engineio

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is what remains of the handshake request, kept small: it lives as
// long as its session. It does not change.
type Request struct {
	RemoteAddr string // as in http.Request
	Host       string
	Secure     bool      // came over TLS
	Time       time.Time // when it came
	Visit      Visit     // of Options.Admit

	target string // path and query
	header string // lines of "Name: value", each with a newline
}

// URL returns the request's path and query, parsed anew at each call.
func (r *Request) URL() *url.URL {
	u, err := url.ParseRequestURI(r.target)
	if err != nil { // net/http has parsed it before
		return &url.URL{}
	}
	return u
}

// Header returns the request's header, made anew at each call. Fields that
// concern the connection alone (Connection, Upgrade, Sec-WebSocket-*) are not
// kept.
func (r *Request) Header() http.Header {
	h := make(http.Header)
	for line := range strings.Lines(r.header) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		h.Add(name, value)
	}
	return h
}

// remember copies what is kept of r into one string.
func remember(r *http.Request) Request {
	var b strings.Builder
	b.WriteString(r.RemoteAddr)
	b.WriteString(r.Host)
	b.WriteString(r.URL.RequestURI())
	for name, values := range r.Header {
		if ofConnection(name) {
			continue
		}
		for _, value := range values {
			b.WriteString(name)
			b.WriteString(": ")
			b.WriteString(value)
			b.WriteByte('\n')
		}
	}
	all := strings.Clone(b.String())
	cut := func(n int) string {
		part := all[:n]
		all = all[n:]
		return part
	}
	return Request{
		RemoteAddr: cut(len(r.RemoteAddr)),
		Host:       cut(len(r.Host)),
		target:     cut(len(r.URL.RequestURI())),
		header:     all,
		Secure:     r.TLS != nil,
		Time:       time.Now(),
	}
}

func ofConnection(name string) bool {
	return name == "Connection" || name == "Upgrade" || strings.HasPrefix(name, "Sec-Websocket-")
}
