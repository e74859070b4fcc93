package engineio_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing/synctest"
)

// poller is a session of a client on long-polling.
type poller struct {
	*host
	sid string
}

func (h *host) openPolling() *poller {
	h.t.Helper()
	a := h.do("GET", "EIO=4&transport=polling", "")
	if a.status != http.StatusOK {
		h.t.Fatalf("handshake answered %d %q", a.status, a.body)
	}
	p := &poller{h, h.parseOpening(a.body).SID}
	h.t.Cleanup(p.goodbye)
	return p
}

// goodbye closes the session, if it is still there, so that a shutdown need not wait for its next poll.
func (p *poller) goodbye() {
	if a, err := p.fetch(context.Background(), "POST", p.query(), strings.NewReader("1")); err != nil || a.status != 200 && a.status != 400 {
		p.t.Errorf("goodbye answered %d %q, %v", a.status, a.body, err)
	}
}

func (p *poller) query() string { return "EIO=4&transport=polling&sid=" + p.sid }

func (p *poller) get() answer {
	p.t.Helper()
	return p.do("GET", p.query(), "")
}

func (p *poller) post(body string) answer {
	p.t.Helper()
	return p.do("POST", p.query(), body, "Content-Type", "text/plain;charset=UTF-8")
}

// pending sends a GET that finds nothing to take, in memory only, and returns when the server holds it.
func (p *poller) pending() <-chan answer {
	p.t.Helper()
	ch := p.getLater(p.t.Context())
	synctest.Wait()
	if len(ch) > 0 {
		p.t.Fatalf("GET was answered at once: %+v", <-ch)
	}
	return ch
}

func (p *poller) getLater(ctx context.Context) <-chan answer {
	ch := make(chan answer, 1)
	go func() {
		a, err := p.fetch(ctx, "GET", p.query(), nil)
		if err != nil && ctx.Err() == nil {
			p.t.Errorf("pending GET: %v", err)
		}
		ch <- a
	}()
	return ch
}

// unread sends a GET whose answer nobody reads, in memory only, and returns when the server writes it.
func (p *poller) unread() net.Conn {
	p.t.Helper()
	c, err := p.dial()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, "GET /engine.io/?"+p.query()+" HTTP/1.1\r\nHost: "+hostName+"\r\n\r\n"); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
	return c
}

// unfinishedPost sends a POST but for the last byte of its body, in memory only, and returns when the server reads it.
func (p *poller) unfinishedPost(body string) net.Conn {
	p.t.Helper()
	c, err := p.dial()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	r, err := http.NewRequest("POST", "http://"+hostName+"/engine.io/?"+p.query(), strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	var whole strings.Builder
	if err := r.Write(&whole); err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.WriteString(c, whole.String()[:whole.Len()-1]); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
	return c
}

// answerOn reads a response off a connection.
func (h *host) answerOn(c net.Conn) answer {
	h.t.Helper()
	a, err := (&socket{h, c, bufio.NewReader(c)}).readAnswer()
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// wantAlive checks that the session still serves, on polling.
func (p *poller) wantAlive() {
	p.t.Helper()
	p.want(p.post("4alive"), 200, "ok")
	p.want(p.get(), 200, "4alive")
}

func (p *poller) wantUnknown() {
	p.t.Helper()
	p.want(p.get(), 400, unknownSession)
	p.want(p.post("4x"), 400, unknownSession)
}
