package netpoll_test

import (
	"fmt"
	"io"
	"net"

	"github.com/dokkerr/realtime/netpoll"
)

// echo sends back what comes. A server that writes more than its peers read keeps
// what ErrAgain leaves over and asks for Writable with NotifyWritable.
type echo struct{}

func (echo) Readable(c netpoll.Conn) bool {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err == nil {
			_, err = c.Write(buf[:n])
		}
		if err == netpoll.ErrAgain {
			return false
		}
		if err != nil {
			c.Close()
			return false
		}
	}
}

func (echo) Continue(netpoll.Conn) {}
func (echo) Writable(netpoll.Conn) {}

func ExamplePoller() {
	p := netpoll.New(nil)
	defer p.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := p.Add(server, nil, echo{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(client, "is anybody there?")
	answer := make([]byte, 17)
	if _, err := io.ReadFull(client, answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", answer)
	// Output: is anybody there?
}
