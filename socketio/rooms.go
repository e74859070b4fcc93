package socketio

import (
	"hash/maphash"
	"sync"
)

// index finds the sockets of a namespace by id and by room. Its locks are held
// for look-ups and copies only, never while anything is sent. Lock order: Socket.mu, then a shard's.
type index struct {
	seed   maphash.Seed // fixed at birth
	shards [32]shard
}

// shard is the part of an index for the ids and rooms of one hash.
type shard struct {
	mu      sync.RWMutex
	sockets map[string]*Socket       // under mu; connected, by id
	singles map[string]*Socket       // under mu; the member of each room that never had two, as nearly all are
	rooms   map[string]*set[*Socket] // under mu; the other rooms, none empty
}

func newIndex() *index {
	x := &index{seed: maphash.MakeSeed()}
	for i := range x.shards {
		x.shards[i].sockets = make(map[string]*Socket)
		x.shards[i].singles = make(map[string]*Socket)
		x.shards[i].rooms = make(map[string]*set[*Socket])
	}
	return x
}

func (x *index) shard(name string) *shard {
	return &x.shards[maphash.String(x.seed, name)%uint64(len(x.shards))]
}

func (x *index) add(s *Socket) {
	sh := x.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sockets[s.id] = s
}

func (x *index) remove(s *Socket) {
	sh := x.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.sockets[s.id] == s { // not the one that resumes it
		delete(sh.sockets, s.id)
	}
}

func (x *index) join(room string, s *Socket) {
	sh := x.shard(room)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if members := sh.rooms[room]; members != nil {
		members.add(s)
		return
	}
	switch first := sh.singles[room]; first {
	case nil:
		sh.singles[room] = s
	case s:
	default:
		delete(sh.singles, room)
		sh.rooms[room] = &set[*Socket]{members: []*Socket{first, s}}
	}
}

func (x *index) leave(room string, s *Socket) {
	sh := x.shard(room)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.singles[room] == s {
		delete(sh.singles, room)
		return
	}
	members := sh.rooms[room]
	if members == nil {
		return
	}
	members.remove(s)
	if len(members.members) == 0 {
		delete(sh.rooms, room)
	}
}

// appendMembers appends the members of a room, among them the socket whose id it is.
func (x *index) appendMembers(dst []*Socket, room string) []*Socket {
	sh := x.shard(room)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if s := sh.sockets[room]; s != nil {
		dst = append(dst, s)
	}
	if s := sh.singles[room]; s != nil {
		return append(dst, s)
	}
	if members := sh.rooms[room]; members != nil {
		dst = append(dst, members.members...)
	}
	return dst
}

// appendAll appends every connected socket.
func (x *index) appendAll(dst []*Socket) []*Socket {
	for i := range x.shards {
		dst = x.shards[i].appendAll(dst)
	}
	return dst
}

func (sh *shard) appendAll(dst []*Socket) []*Socket {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, s := range sh.sockets {
		dst = append(dst, s)
	}
	return dst
}

func (x *index) countRooms() int {
	n := 0
	for i := range x.shards {
		sh := &x.shards[i]
		sh.mu.RLock()
		n += len(sh.rooms) + len(sh.singles)
		sh.mu.RUnlock()
	}
	return n
}
