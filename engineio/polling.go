package engineio

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dokkerr/realtime/eioproto"
)

// releaseAfter is how long a GET waits for news while an upgrade is under way.
const releaseAfter = 100 * time.Millisecond

// polling is what long-polling needs to know between requests; its owner is Session.mu.
type polling struct {
	get      chan struct{}            // wakes the pending GET; nil: there is none
	posting  bool                     // a POST is being read or handled
	farewell eioproto.Type            // the packet that tells of the end
	answered answered                 // the latest GET
	writing  *http.ResponseController // of the answer to the latest GET, while it is being written and not the session's last
	posted   string                   // the "t" of the latest POST that was read whole
}

// answered is a GET's "t" and payload, kept because a hop or browser that lost the answer asks again (delivery R5).
type answered struct {
	t       string
	payload payload
}

// payload is the body of an answer to a GET.
type payload struct {
	body  []byte // nil: none
	bytes bool   // in the byte form of protocol 3
}

// pending reports whether a GET waits; it may be called on nil.
func (p *polling) pending() bool { return p != nil && p.get != nil }

// kept returns the bytes of the answer that its client may have missed, written or not; it may be called on nil.
func (p *polling) kept() int {
	if p == nil {
		return 0
	}
	return len(p.answered.payload.body)
}

// cut ends the writing of an answer, after so long.
func (p *polling) cut(after time.Duration) {
	if p.writing == nil {
		return
	}
	_ = p.writing.SetWriteDeadline(time.Now().Add(after)) // a writer without deadlines is not slow
	p.writing = nil
}

// forget lets go of the latest answer, for good. One that is on its way has a moment to arrive. It may be called on nil.
func (p *polling) forget() {
	if p != nil {
		p.cut(slowWait)
		p.answered = answered{}
	}
}

// repeats returns the payload that a GET with this "t" was answered with, none if it asks for the next.
func (p *polling) repeats(t string) payload {
	if t == "" || t != p.answered.t {
		return payload{}
	}
	return p.answered.payload
}

// serve answers a polling request that names the session.
func (s *Session) serve(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		s.poll(w, r)
	case http.MethodPost:
		s.post(w, r)
	default:
		methodNotAllowed.write(w)
	}
}

// poll serves a GET: it waits until there is something for the client.
func (s *Session) poll(w http.ResponseWriter, r *http.Request) {
	t := r.URL.Query().Get("t")
	s.mu.Lock()
	if refused := s.refusesPolling(); refused != nil {
		s.mu.Unlock()
		refused.write(w)
		return
	}
	if s.polling.pending() {
		s.mu.Unlock()
		s.end(TransportError, violation)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.polling.cut(0) // who asks again has got the answer before, or gave it up
	timed := http.NewResponseController(w)
	if repeated := s.polling.repeats(t); repeated.body != nil {
		s.beginWriting(timed)
		s.mu.Unlock()
		s.respond(w, r, timed, repeated)
		return
	}
	wake := make(chan struct{}, 1)
	s.polling.get = wake
	s.polling.answered = answered{}
	s.account()
	answer, last := s.await(r, wake, timed)
	if answer.body == nil {
		s.lost(TransportError)
		return
	}
	if last { // the session is over before the client hears of it, and may ask again
		if s.hold() {
			defer s.srv.running.Done()
		}
		s.lost(TransportError)
		s.limitWriting(timed)
	}
	s.respond(w, r, timed, answer)
}

// beginWriting lets the answer to a GET be cut from here on. It is called with mu held.
func (s *Session) beginWriting(timed *http.ResponseController) {
	s.limitWriting(timed)
	s.polling.writing = timed
}

// limitWriting gives an answer its WriteTimeout.
func (s *Session) limitWriting(timed *http.ResponseController) {
	_ = timed.SetWriteDeadline(time.Now().Add(s.srv.options.WriteTimeout)) // a writer without deadlines (a test's recorder) is not slow
}

// hold has a shutdown wait for what its caller still does, unless the session is closed. Who gets true takes it back.
func (s *Session) hold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return false
	}
	s.srv.running.Add(1)
	return true
}

// refusesPolling is called with mu held.
func (s *Session) refusesPolling() *refusal {
	if s.ws != nil || s.polling == nil {
		return badRequest
	}
	if s.state == closed {
		return unknownSession
	}
	return nil
}

// await is called with mu held and returns without it, and with the GET no longer pending. No payload means that the
// request was cut; last that the session is over with this payload.
func (s *Session) await(r *http.Request, wake chan struct{}, timed *http.ResponseController) (answer payload, last bool) {
	for {
		if answer, last = s.news(r); answer.body != nil {
			break
		}
		release := s.candidate != nil && s.candidate.probed
		s.mu.Unlock()
		release = s.sleep(r, wake, release)
		s.mu.Lock()
		if r.Context().Err() != nil {
			break
		}
		if release && s.outbox.empty() && s.state == open {
			answer = s.payload(frames{first: noopPacket}, true)
			break
		}
	}
	s.polling.get = nil
	if s.ws == nil {
		s.polling.answered = answered{r.URL.Query().Get("t"), answer}
	}
	if !last {
		s.beginWriting(timed)
	}
	s.account()
	s.mu.Unlock()
	return answer, last
}

// sleep waits for news. It returns true when the GET is to be released for the upgrade's sake.
func (s *Session) sleep(r *http.Request, wake chan struct{}, release bool) bool {
	var after <-chan time.Time
	if release {
		timer := time.NewTimer(releaseAfter)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-wake:
	case <-r.Context().Done():
	case <-after:
		return true
	}
	return false
}

// news returns what a GET is answered with now, none if it is to wait. A packet that tells of the end comes alone
// (delivery R13). It is called with mu held.
func (s *Session) news(r *http.Request) (answer payload, last bool) {
	if s.ws != nil { // what waits goes there
		return s.payload(frames{first: noopPacket}, true), false
	}
	if waiting := s.outbox.take(); !waiting.empty() {
		s.outbox.bytes -= waiting.size()
		s.account()
		answer = s.payload(waiting, wantsText(r))
		waiting.release()
		return answer, false
	}
	switch {
	case s.state != open && s.polling.farewell == eioproto.Noop:
		return s.payload(frames{first: noopPacket}, true), true
	case s.state != open:
		return s.payload(frames{first: closePacket}, true), true
	}
	return payload{}, false
}

// payload encodes frames for this client. Clients of protocol 3 take binary as bytes unless they want text only.
func (s *Session) payload(of frames, textOnly bool) payload {
	size := of.size()
	body := make([]byte, 0, size+size/3)
	if s.v3 {
		asBytes := !textOnly && of.anyBinary()
		for f := range of.all {
			if asBytes {
				body = eioproto.AppendV3Bytes(body, f.asPacket())
			} else {
				body = eioproto.AppendV3(body, f.asPacket())
			}
		}
		return payload{body, asBytes}
	}
	for f := range of.all {
		if len(body) > 0 {
			body = append(body, eioproto.Separator)
		}
		body = f.appendPacket(body)
	}
	return payload{body, false}
}

// wantsText reports whether a client of protocol 3 cannot take bytes.
func wantsText(r *http.Request) bool { return r.URL.Query().Get("b64") != "" }

// endPolling is called with mu held and returns without it.
func (s *Session) endPolling(how ending) {
	s.polling.farewell = how.packet
	told := s.polling.pending()
	s.wakeGet()
	if told || how.flush {
		s.wakeIn(max(how.linger, closeWait))
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.lost(s.reason)
}

// wakeGet is called with mu held.
func (s *Session) wakeGet() {
	if !s.polling.pending() {
		return
	}
	select {
	case s.polling.get <- struct{}{}:
	default:
	}
}

func (s *Session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == open
}

// respond answers a GET whose writing is limited already. Whether the answer arrives shows in what the client asks for next.
func (s *Session) respond(w http.ResponseWriter, r *http.Request, timed *http.ResponseController, answer payload) {
	defer s.endResponse(timed)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	if answer.bytes {
		h.Set("Content-Type", "application/octet-stream")
	}
	h.Set("Cache-Control", "no-store")
	threshold := s.srv.options.Compress
	if threshold >= 0 && len(answer.body) > threshold && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		respondGzip(w, answer.body)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.Write(answer.body)
}

func (s *Session) endResponse(timed *http.ResponseController) {
	_ = timed.Flush() // what does not leave now has no deadline
	s.mu.Lock()
	if s.polling.writing == timed {
		s.polling.writing = nil
	}
	s.mu.Unlock()
	_ = timed.SetWriteDeadline(time.Time{})
}

var gzipPool = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

func respondGzip(w io.Writer, payload []byte) {
	z := gzipPool.Get().(*gzip.Writer)
	defer gzipPool.Put(z)
	z.Reset(w)
	z.Write(payload)
	z.Close()
}

func acceptsGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
