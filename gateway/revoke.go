package gateway

import (
	"context"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/token"
)

// credential is what of an identity can be revoked.
func credential(user dokkerr.ID, id token.Identity) dokkerr.Credential {
	return dokkerr.Credential{User: user, SessionID: id.SessionID, TokenID: id.TokenID, IssuedAt: id.IssuedAt}
}

// Disconnect ends the sockets whose tokens a revocation hits that was committed (DISCONNECT packet, then the connection), and returns
// how many. A login that was under way, and does not know of it, ends with recheck.
func (g *Gateway) Disconnect(r dokkerr.Revocation) int {
	g.revoked.Add(1)
	ended := 0
	for _, s := range g.lobby.To(userRoom(r.User)).FetchSockets() {
		if r.Hits(credential(r.User, g.leases.holder(&clientOf(s).lease))) {
			s.Disconnect(true)
			ended++
		}
	}
	return ended
}

// recheck ends a socket whose token was revoked since it was verified, which is when the revocations were so many. The socket is in its
// user's room: either Disconnect finds it there, or it is found here that there was one.
func (g *Gateway) recheck(c *client, admitted uint64) {
	if g.revoked.Load() == admitted {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.timeout)
	defer cancel()
	revoked, err := g.service.Revoked(ctx, credential(c.actor.User, g.leases.holder(&c.lease)))
	switch {
	case err != nil:
		g.logger.Error("revocations cannot be read", "user", c.actor.User, "error", err)
		c.socket.Close(StorageUnavailable)
	case revoked:
		c.socket.Disconnect(true)
	}
}
