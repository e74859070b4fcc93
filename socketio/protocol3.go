package socketio

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/dokkerr/realtime/sioproto"
)

// Clients of Engine.IO protocol 3 (socket.io-client 1.x and 2.x; wire.md §4) are connected to "/" without asking. They
// have no auth payload, so their query stands for it, and they know the ids of their sockets beforehand.

// maxQuery is how long the query behind a namespace may be: as long as in a request line that servers take.
const maxQuery = 8 << 10

func (c *conn) speaksProtocol3() bool { return c.session.Protocol() == 3 }

// limits is what a packet of the client may be.
func (c *conn) limits() sioproto.Limits {
	limits := c.server.limits
	if c.speaksProtocol3() {
		limits.MaxNamespace = maxQuery
	}
	return limits
}

// connectMain connects a client to "/".
func (c *conn) connectMain() {
	c.connect("/", authOfQuery(c.session.Request().URL().RawQuery))
}

// addressee returns the namespace that a packet names, and the auth of a CONNECT.
func (c *conn) addressee(p sioproto.Packet) (namespace string, auth json.RawMessage) {
	if c.speaksProtocol3() {
		name, query, _ := strings.Cut(p.Namespace, "?")
		return name, authOfQuery(query)
	}
	return p.Namespace, p.Data
}

// authOfQuery makes an object of strings; of a key that comes again the first counts, and what is malformed is left out.
func authOfQuery(query string) json.RawMessage {
	values, _ := url.ParseQuery(query) // returns what it could read
	auth := []byte{'{'}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if len(auth) > 1 {
			auth = append(auth, ',')
		}
		auth = append(sioproto.AppendString(auth, key), ':')
		auth = sioproto.AppendString(auth, values.Get(key))
	}
	return append(auth, '}')
}

// newSocketID returns a random id or, with protocol 3, the one that the client computes.
func (c *conn) newSocketID(namespace string) string {
	switch {
	case !c.speaksProtocol3():
		return newID()
	case namespace == "/":
		return c.session.ID()
	default:
		return namespace + "#" + c.session.ID()
	}
}
