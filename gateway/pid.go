package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/dokkerr/realtime/dokkerr"
)

// sessionID names a page's Socket across its connections: the origin of what it causes (delivery R16).
type sessionID [16]byte

func newSessionID() (id sessionID) {
	rand.Read(id[:])
	return id
}

// String is the form in which rows name their origin.
func (id sessionID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// pid is what a client shows to resume its session: stateless, signed, and good as often as needed (delivery R2).
type pid struct {
	user    dokkerr.ID
	session sessionID
	began   dokkerr.Position // of the session; where it starts until it has an offset
	socket  string           // the socket's id
}

// The layout of a pid before base64: user, session, position and socket id, then the signature, which is HMAC-SHA256 cut to
// 128 bits.
const (
	pidFixed     = 16 + 16 + 8
	pidSignature = 16
	maxSocketID  = 20
	maxPID       = ((pidFixed+maxSocketID+pidSignature)*4 + 2) / 3
)

// signer signs pids with a key that it asks for once.
type signer struct {
	load func(context.Context) ([]byte, error) // fixed at birth

	mu  sync.Mutex
	key []byte // under mu; nil until loaded
}

// ready loads the key. mu is held over the store's answer: nobody can go on without it.
func (s *signer) ready(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	key, err := s.load(ctx)
	if err == nil {
		s.key = key
	}
	return key, err
}

// sign returns the text of a pid.
func (p *pid) sign(key []byte) string {
	b := make([]byte, 0, pidFixed+maxSocketID+pidSignature)
	b = append(append(b, p.user[:]...), p.session[:]...)
	b = append(binary.BigEndian.AppendUint64(b, uint64(p.began)), p.socket...)
	return base64.RawURLEncoding.EncodeToString(append(b, signature(key, b)...))
}

// readPID returns what a text that was signed with the key says. Every flaw is the same: it is no pid. The base64 decoder would
// skip line breaks: they are refused here, so that a pid has one spelling.
func readPID(key []byte, text string) (p pid, ok bool) {
	if len(text) > maxPID || strings.ContainsAny(text, "\r\n") {
		return pid{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < pidFixed+pidSignature {
		return pid{}, false
	}
	b, signed := b[:len(b)-pidSignature], b[len(b)-pidSignature:]
	if !hmac.Equal(signed, signature(key, b)) {
		return pid{}, false
	}
	copy(p.user[:], b)
	copy(p.session[:], b[16:])
	p.began = dokkerr.Position(binary.BigEndian.Uint64(b[32:]))
	p.socket = string(b[pidFixed:])
	return p, true
}

func signature(key, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)[:pidSignature]
}
