package main

import (
	"net/http"
	"strings"

	"github.com/dokkerr/realtime/engineio"
)

// echo is mode engine: every message is sent back as it came.
type echo struct {
	*engineio.Server
	path string
}

func newEcho(c config) echo {
	return echo{engineio.NewServer(echoes{}, &c.engine), c.path}
}

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, e.path) {
		http.NotFound(w, r)
		return
	}
	e.Server.ServeHTTP(w, r)
}

type echoes struct{}

func (echoes) Open(*engineio.Session) {}

func (echoes) Message(s *engineio.Session, m engineio.Message) {
	if m.Binary {
		s.Send(engineio.BinaryFrame(m.Data))
		return
	}
	s.Send(engineio.TextFrame(len(m.Data), func(dst []byte) []byte { return append(dst, m.Data...) }))
}

func (echoes) Close(*engineio.Session, engineio.Reason) {}
