package socketio

import (
	"fmt"
	"runtime/debug"
	"time"
)

// maxDynamicName is how long the name of a namespace that a client makes may be.
const maxDynamicName = 255

// dynamic is what makes a namespace for the names that it accepts.
type dynamic struct {
	accept func(name string) bool
	parent *Namespace
}

// OfFunc has clients make the namespaces whose names accept accepts, slash included. They have the middlewares, the handlers
// and all else that is registered with the namespace that OfFunc returns, before serving. That one has no sockets of its own; its
// broadcasts reach those of all the namespaces that clients have made of it. A socket's own is s.Namespace(). A namespace is made by the first CONNECT and dropped with its
// last socket or, with Options.Recovery, when nobody can resume in it any more. There are at most
// Options.MaxDynamic, beyond which CONNECTs are refused. Names that were given to Of are not asked for, and of several OfFuncs the first
// to accept counts. accept may run at once.
func (srv *Server) OfFunc(accept func(name string) bool) *Namespace {
	parent := newNamespace(srv, "", &behaviour{handlers: make(map[string]*handler)})
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.dynamics = append(srv.dynamics, dynamic{accept, parent})
	return parent
}

// made returns the namespaces that clients have made of n, which OfFunc returned.
func (n *Namespace) made() []*Namespace {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	var made []*Namespace
	for _, other := range n.server.namespaces {
		if other.dynamic && other.behaviour == n.behaviour {
			made = append(made, other)
		}
	}
	return made
}

var (
	errInvalidNamespace  = &Error{Message: "Invalid namespace"}
	errTooManyNamespaces = &Error{Message: "Too many namespaces"}
)

// enter returns the namespace that a client names, made if need be. One that clients make stays until leave.
func (srv *Server) enter(name string) (*Namespace, *Error) {
	srv.mu.Lock()
	n := srv.namespaces[name]
	if n != nil {
		n.sockets++
	}
	dynamics := srv.dynamics
	srv.mu.Unlock()
	if n != nil {
		return n, nil
	}
	for _, d := range dynamics {
		if len(name) <= maxDynamicName && srv.accepts(d, name) {
			return srv.make(d.parent, name)
		}
	}
	return nil, errInvalidNamespace
}

// accepts takes a panic for a no.
func (srv *Server) accepts(d dynamic, name string) (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			srv.options.Logger.Error("socketio: OfFunc's function panicked", "namespace", cut(name, maxLogged),
				"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	return d.accept(name)
}

func (srv *Server) make(parent *Namespace, name string) (*Namespace, *Error) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	n := srv.namespaces[name] // somebody else may have been faster
	if n == nil {
		if srv.made >= srv.options.MaxDynamic {
			return nil, errTooManyNamespaces
		}
		srv.made++
		n = newNamespace(srv, name, parent.behaviour)
		n.dynamic = true
		srv.namespaces[name] = n
	}
	n.sockets++
	return n, nil
}

// leave is called once for each socket for which enter was.
func (srv *Server) leave(n *Namespace) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	n.sockets--
	if !n.dynamic || n.sockets > 0 {
		return
	}
	n.emptied = time.Now()
	switch {
	case n.history == nil:
		srv.drop(n)
	case !n.expiring:
		n.expiring = true
		time.AfterFunc(n.history.options.MaxDisconnection, func() { srv.expire(n) })
	}
}

// expire drops a namespace in which nobody can resume any more.
func (srv *Server) expire(n *Namespace) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	n.expiring = n.sockets == 0
	if !n.expiring {
		return
	}
	if rest := n.history.options.MaxDisconnection - time.Since(n.emptied); rest > 0 {
		time.AfterFunc(rest, func() { srv.expire(n) })
		return
	}
	srv.drop(n)
}

// drop is called under mu.
func (srv *Server) drop(n *Namespace) {
	delete(srv.namespaces, n.name)
	srv.made--
}
