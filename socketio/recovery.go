package socketio

import (
	"context"
	"encoding/json"

	"github.com/dokkerr/realtime/sioproto"
)

// Recovery decides which sockets resume where an earlier one of the same
// client ended, and has them catch up (wire.md §3). The stock client keeps the
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
// is no string, is "".
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

// SetRecovery sets who decides on resuming. Without one no socket resumes and the reply holds no pid.
func (n *Namespace) SetRecovery(r Recovery) { n.recovery = r }

// Recovered reports whether the socket resumes an earlier one. It is known from OnConnect on.
func (s *Socket) Recovered() bool { return s.recovered }

// resume asks the namespace's Recovery.
func (s *Socket) resume(ctx context.Context) (err error) {
	if s.namespace.recovery == nil {
		return nil
	}
	defer s.catch("connect", &err)
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

// claim reads the keys that the stock client adds to the application's. A client of protocol 3 knows of no recovery.
func (s *Socket) claim() Claim {
	var fields map[string]json.RawMessage
	if s.conn.speaksProtocol3() || json.Unmarshal(s.arrival.Load().Auth, &fields) != nil {
		return Claim{}
	}
	return Claim{PID: stringOf(fields["pid"]), Offset: stringOf(fields["offset"])}
}

func stringOf(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// connectReply is the payload of the answer to a CONNECT; with protocol 3 there is none.
func (s *Socket) connectReply() []byte {
	if s.conn.speaksProtocol3() {
		return nil
	}
	reply := sioproto.AppendString([]byte(`{"sid":`), s.id)
	if pid := s.arrival.Load().pid; pid != "" {
		reply = sioproto.AppendString(append(reply, `,"pid":`...), pid)
	}
	return append(reply, '}')
}
