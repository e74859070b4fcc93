//go:build !linux

package netpoll

import (
	"net"
	"sync"
)

const canPark = false

// epoll is what this system does not have: nothing is parked.
type epoll struct{}

func (*epoll) open(int, *sync.WaitGroup) error { return nil }

func (*epoll) isOpen() bool { return false }

func (*epoll) park(*net.TCPConn, []byte, Handler) (Conn, error) { panic("netpoll: no epoll") }

func (*epoll) close() error { return nil }
