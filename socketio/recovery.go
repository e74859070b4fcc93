package socketio

import (
	"context"
	"encoding/json"

	"github.com/dokkerr/realtime/sioproto"
)

// Recovery decides which sockets resume where an earlier one of the same
// client ended, and has them catch up. The stock client keeps the
// pid of the CONNECT reply, and from then on the last string argument of any
// event as its offset; it sends both when it connects again.
type Recovery interface {
	// Resume is called for every CONNECT, behind the middlewares and before the
	// reply, with a ctx like theirs. An error refuses the CONNECT as an error of
	// a middleware does. What was missed is to be sent from OnConnect, so that
	// nothing precedes the reply.
	Resume(ctx context.Context, s *Socket, c Claim) (Grant, error)
}

// Claim is what a client says of its earlier socket. What it left out, and what
// is no string, is ""; with an offset that is no string both are.
type Claim struct {
	PID    string
	Offset string
}

// Grant is the answer to a Claim.
type Grant struct {
	PID       string // of the reply; the client's socket.recovered says whether it is the one it sent
	ID        string // the socket's; "" leaves the new one
	Recovered bool   // for Socket.Recovered
}

// SetRecovery sets who decides on resuming, instead of Options.Recovery. Without either no socket resumes and the reply
// holds no pid. Call it before serving.
func (n *Namespace) SetRecovery(r Recovery) { n.recovery, n.history = r, nil }

// Recovered reports whether the socket resumes an earlier one. It is known from OnConnect on.
func (s *Socket) Recovered() bool { return s.recovered }

// resume asks the namespace's Recovery, or prepares what remember does.
func (s *Socket) resume(ctx context.Context) (err error) {
	defer s.catch("connect", &err)
	if h := s.namespace.history; h != nil {
		h.prepare(s)
	}
	if s.namespace.recovery == nil {
		return nil
	}
	grant, err := s.namespace.recovery.Resume(ctx, s, s.claim())
	if err != nil {
		return err
	}
	s.arrival.Load().pid, s.recovered = grant.PID, grant.Recovered
	if grant.ID != "" {
		s.id = grant.ID
	}
	return nil
}

// prepare asks who a socket is, and frees the session that it claims. A client of protocol 3 has none.
func (h *history) prepare(s *Socket) {
	if s.conn.speaksProtocol3() {
		return
	}
	a := s.arrival.Load()
	a.claim = s.claim()
	if h.options.Identity != nil {
		a.identity = h.options.Identity(s)
	}
	h.release(a.claim, a.identity)
}

// remember puts a socket into its namespace's history and returns what it missed. It is called under the locks of both.
func (s *Socket) remember() []past {
	if s.namespace.history == nil || s.conn.speaksProtocol3() {
		return nil
	}
	a := s.arrival.Load()
	return s.namespace.history.admit(s, a.claim, a.identity)
}

// claim reads the keys that the stock client adds to the application's. A client of protocol 3 knows of no recovery.
func (s *Socket) claim() Claim {
	var fields map[string]json.RawMessage
	if s.conn.speaksProtocol3() || json.Unmarshal(s.arrival.Load().Auth, &fields) != nil {
		return Claim{}
	}
	pid, _ := stringOf(fields["pid"])
	offset, ok := stringOf(fields["offset"])
	if !ok {
		return Claim{} // it got events, and nobody knows which
	}
	return Claim{PID: pid, Offset: offset}
}

// stringOf returns "" for what is not there, and ok unless it is something else than a string.
func stringOf(value json.RawMessage) (s string, ok bool) {
	if value == nil {
		return "", true
	}
	if json.Unmarshal(value, &s) != nil {
		return "", false
	}
	return s, true
}

// connectReply is the payload of the answer to a CONNECT; with protocol 3 there is none.
func (s *Socket) connectReply() []byte {
	if s.conn.speaksProtocol3() {
		return nil
	}
	pid := s.arrival.Load().pid
	if s.conn.server.options.Parser == MsgPack {
		return packedReply(s.id, pid)
	}
	reply := sioproto.AppendString([]byte(`{"sid":`), s.id)
	if pid != "" {
		reply = sioproto.AppendString(append(reply, `,"pid":`...), pid)
	}
	return append(reply, '}')
}
