package siotest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// engine is an Engine.IO packet: a type character and its data, or binary data without one.
type engine struct {
	text   string
	binary []byte // not nil: a binary message
}

// transport carries Engine.IO packets. read and write may run at once.
type transport interface {
	read(ctx context.Context) ([]engine, error)
	write(ctx context.Context, packets ...engine) error
	close()
}

// address adds the query of the protocol to the server's URL.
func address(server string, o *Options, transport string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	u.Path = o.Path
	query := url.Values{"EIO": {"4"}, "transport": {transport}}
	for key, values := range o.Query {
		query[key] = values
	}
	u.RawQuery = query.Encode()
	return u, nil
}

// socket is a WebSocket.
type socket struct{ conn *websocket.Conn }

func dialWebSocket(ctx context.Context, server string, o *Options) (transport, error) {
	u, err := address(server, o, "websocket")
	if err != nil {
		return nil, err
	}
	conn, _, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: o.Client, HTTPHeader: o.Header})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1)
	return socket{conn}, nil
}

func (s socket) read(ctx context.Context) ([]engine, error) {
	kind, data, err := s.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind == websocket.MessageBinary {
		return []engine{{binary: append([]byte{}, data...)}}, nil
	}
	return []engine{{text: string(data)}}, nil
}

func (s socket) write(ctx context.Context, packets ...engine) error {
	for _, p := range packets {
		kind, data := websocket.MessageText, []byte(p.text)
		if p.binary != nil {
			kind, data = websocket.MessageBinary, p.binary
		}
		if err := s.conn.Write(ctx, kind, data); err != nil {
			return err
		}
	}
	return nil
}

func (s socket) close() { s.conn.CloseNow() }

// poller is long-polling.
type poller struct {
	client *http.Client
	header http.Header
	url    *url.URL

	posting sync.Mutex // a session has one POST at a time
}

func dialPolling(_ context.Context, server string, o *Options) (transport, error) {
	u, err := address(server, o, "polling")
	if err != nil {
		return nil, err
	}
	return &poller{client: o.Client, header: o.Header, url: u}, nil
}

// opened has the requests that follow name the session.
func (p *poller) opened(sid string) {
	query := p.url.Query()
	query.Set("sid", sid)
	u := *p.url
	u.RawQuery = query.Encode()
	p.url = &u
}

func (p *poller) read(ctx context.Context) ([]engine, error) {
	body, err := p.do(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, err
	}
	var packets []engine
	for text := range strings.SplitSeq(body, "\x1e") {
		packet := engine{text: text}
		if encoded, ok := strings.CutPrefix(text, "b"); ok {
			if packet.binary, err = base64.StdEncoding.AppendDecode([]byte{}, []byte(encoded)); err != nil {
				return nil, err
			}
		}
		packets = append(packets, packet)
	}
	return packets, nil
}

func (p *poller) write(ctx context.Context, packets ...engine) error {
	var body bytes.Buffer
	for i, packet := range packets {
		if i > 0 {
			body.WriteByte('\x1e')
		}
		body.WriteString(packet.text)
		if packet.binary != nil {
			body.WriteString("b" + base64.StdEncoding.EncodeToString(packet.binary))
		}
	}
	p.posting.Lock()
	defer p.posting.Unlock()
	_, err := p.do(ctx, http.MethodPost, &body)
	return err
}

func (p *poller) do(ctx context.Context, method string, body io.Reader) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url.String(), body)
	if err != nil {
		return "", err
	}
	for key, values := range p.header {
		req.Header[key] = values
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("siotest: %s: %s", resp.Status, text)
	}
	return string(text), err
}

// close tells the server, as the stock client does. One that has ended the session already does not listen.
func (p *poller) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.write(ctx, engine{text: "1"})
}
