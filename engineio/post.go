package engineio

import (
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"time"

	"github.com/dokkerr/realtime/eioproto"
)

// post serves a POST: packets from the client.
func (s *Session) post(w http.ResponseWriter, r *http.Request) {
	refused, repeated, overlap := s.beginPost(r.URL.Query().Get("t"))
	switch {
	case refused != nil:
		refused.write(w)
	case repeated:
		confirmPost(w)
	case overlap:
		s.end(TransportError, violation)
		badRequest.write(w)
	default:
		refused = s.receiveBody(w, r)
		s.mu.Lock()
		s.polling.posting = false
		s.mu.Unlock()
		if refused != nil {
			refused.write(w)
			return
		}
		confirmPost(w)
	}
}

// beginPost has the session posting unless one of its results says otherwise: a POST whose answer was lost and that comes
// again is not handled twice (delivery R5).
func (s *Session) beginPost(t string) (refused *refusal, repeated, overlap bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused = s.refusesPolling(); refused != nil {
		return refused, false, false
	}
	if s.state != open {
		return unknownSession, false, false
	}
	if t != "" && t == s.polling.posted {
		return nil, true, false
	}
	if s.polling.posting {
		return nil, false, true
	}
	s.polling.posting = true
	return nil, false, false
}

func confirmPost(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", "2")
	io.WriteString(w, "ok") // a client that is gone shows at its next request
}

func (s *Session) receiveBody(w http.ResponseWriter, r *http.Request) *refusal {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	asBytes := err == nil && kind == "application/octet-stream"
	if asBytes && !s.v3 {
		s.end(TransportError, violation)
		return badRequest
	}
	body, err := s.readBody(w, r)
	if err != nil {
		s.end(TransportError, violation)
		if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
			return tooLarge
		}
		return badRequest
	}
	s.mu.Lock()
	s.polling.posted = r.URL.Query().Get("t")
	s.mu.Unlock()
	if !s.enter() {
		return unknownSession
	}
	defer s.leave()
	s.receivePayload(s.packets(body, asBytes))
	return nil
}

func (s *Session) packets(body []byte, asBytes bool) iter.Seq2[eioproto.Packet, error] {
	switch {
	case asBytes:
		return eioproto.PayloadV3Bytes(body)
	case s.v3:
		return eioproto.PayloadV3(body)
	}
	return eioproto.Payload(body)
}

func (s *Session) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := int64(s.maxBody())
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		s.hear(len(body))
		setReadDeadline(w, time.Time{})
	}
	return body, err
}

// setReadDeadline lets a writer without deadlines (a test's recorder) be: it has nothing slow behind it.
func setReadDeadline(w http.ResponseWriter, t time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(t)
}

// receivePayload handles the packets of one body, until one of them ends the session.
func (s *Session) receivePayload(packets iter.Seq2[eioproto.Packet, error]) {
	count := 0
	for p, err := range packets {
		count++
		if limit := s.srv.options.MaxPackets; err != nil || limit > 0 && count > limit {
			s.end(ParseError, violation)
			return
		}
		if !s.receive(p) || !s.isOpen() {
			return
		}
	}
}
