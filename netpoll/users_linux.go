package netpoll

import "sync/atomic"

// users counts who is using a file descriptor, so that it is released behind the last
// of them and by nobody twice: its number may be another file's a moment later.
type users struct{ state atomic.Uint32 }

const (
	noMore  = 1 << 0 // closed: no user may enter
	oneUser = 1 << 1
)

// enter counts a user in, unless closed.
func (u *users) enter() bool {
	for {
		s := u.state.Load()
		if s&noMore != 0 {
			return false
		}
		if u.state.CompareAndSwap(s, s+oneUser) {
			return true
		}
	}
}

// leave counts a user out and reports whether it has to release the file descriptor.
func (u *users) leave() bool { return u.state.Add(^uint32(oneUser-1)) == noMore }

// close lets no further user in; the caller becomes one. It returns false when it was closed before.
func (u *users) close() bool {
	for {
		s := u.state.Load()
		if s&noMore != 0 {
			return false
		}
		if u.state.CompareAndSwap(s, s|noMore+oneUser) {
			return true
		}
	}
}

func (u *users) isClosed() bool { return u.state.Load()&noMore != 0 }
