package socketio

import "slices"

// set holds a few members in a slice and gets an index when they become many:
// nearly all rooms have one or two members, and nearly all sockets are in a
// few rooms. The zero value is empty. Not for concurrent use.
type set[T comparable] struct {
	members []T
	index   map[T]int // place of each member; nil while they are few
}

// few is how many members a set searches without an index.
const few = 8

func (s *set[T]) place(v T) int {
	if s.index == nil {
		return slices.Index(s.members, v)
	}
	if i, ok := s.index[v]; ok {
		return i
	}
	return -1
}

// add reports whether v is new.
func (s *set[T]) add(v T) bool {
	if s.place(v) >= 0 {
		return false
	}
	s.members = append(s.members, v)
	if s.index != nil {
		s.index[v] = len(s.members) - 1
	} else if len(s.members) > few {
		s.makeIndex()
	}
	return true
}

func (s *set[T]) makeIndex() {
	s.index = make(map[T]int, 2*len(s.members))
	for i, v := range s.members {
		s.index[v] = i
	}
}

// remove puts the last member in the place of v. It reports whether v was there.
func (s *set[T]) remove(v T) bool {
	i := s.place(v)
	if i < 0 {
		return false
	}
	last := len(s.members) - 1
	moved := s.members[last]
	s.members[i] = moved
	clear(s.members[last:])
	s.members = s.members[:last]
	if s.index != nil {
		s.index[moved] = i
		delete(s.index, v)
	}
	s.shrink()
	return true
}

// shrink gives memory back that a set needed when it was much larger.
func (s *set[T]) shrink() {
	if s.index != nil && len(s.members) < few/2 {
		s.index = nil
		s.members = slices.Clone(s.members)
	}
}
