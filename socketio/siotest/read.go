package siotest

import (
	"context"
	"errors"
	"fmt"
)

// errClosed ends a connection after the server's close packet.
var errClosed = errors.New("siotest: close packet")

// read takes what the server sends until the connection ends.
func (c *Client) read(ctx context.Context, packets []engine) {
	var pending *Packet
	var err error
	for err == nil {
		for _, p := range packets {
			if pending, err = c.receive(p, pending); err != nil {
				break
			}
		}
		if err == nil {
			packets, err = c.transport.read(ctx)
		}
	}
	if s, ok := c.transport.(socket); ok {
		s.close()
	}
	c.end = err
	close(c.ended)
}

// receive takes one engine packet. pending is a packet whose attachments are due.
func (c *Client) receive(p engine, pending *Packet) (*Packet, error) {
	switch {
	case p.binary != nil:
		return c.attach(p.binary, pending)
	case p.text == "1":
		return nil, errClosed
	case p.text == "2":
		c.pong()
		return pending, nil
	case p.text == "6":
		return pending, nil
	case p.text == "" || p.text[0] != '4':
		return nil, fmt.Errorf("siotest: unexpected engine packet %q", p.text)
	case pending != nil:
		return nil, fmt.Errorf("siotest: %q where an attachment is due", p.text)
	}
	packet, err := parse(p.text[1:])
	if err != nil || packet.due > 0 {
		return &packet, err
	}
	c.deliver(packet)
	return nil, nil
}

func (c *Client) attach(b []byte, pending *Packet) (*Packet, error) {
	if pending == nil {
		return nil, errors.New("siotest: binary that nobody announced")
	}
	pending.Attachments = append(pending.Attachments, b)
	if pending.due--; pending.due > 0 {
		return pending, nil
	}
	c.deliver(*pending)
	return nil, nil
}

func (c *Client) pong() {
	c.mu.Lock()
	silent := c.silent
	if silent {
		c.ignored++
	}
	c.mu.Unlock()
	if !silent {
		c.write(engine{text: "3"})
	}
}

// deliver hands a packet to who waits for it.
func (c *Client) deliver(p Packet) {
	c.mu.Lock()
	handle := c.handlers[p.Name()]
	answer := c.asked[p.ID]
	if p.Type == ackType || p.Type == binaryAckType {
		delete(c.asked, p.ID)
	} else {
		answer = nil
	}
	c.mu.Unlock()
	switch {
	case answer != nil:
		answer <- p
	case handle != nil:
		if args := handle(p); p.ID >= 0 {
			c.emit(ackType, p.ID, args)
		}
	default:
		c.packets <- p
	}
}
