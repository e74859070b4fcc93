package gateway

import (
	"context"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

// maxTogether is how many messages of one socket may be on their way into the store at once.
const maxTogether = 32

// handleMessages registers the handler of message.new. It serves one, and with it those that wait right behind it, so that one commit may
// take them all.
func (g *Gateway) handleMessages() {
	s := schemas["message.new"]
	g.lobby.Handle("message.new", func(ctx context.Context, call *socketio.Call) error {
		b := batch{gateway: g, schema: &s, client: clientOf(call.Socket), socket: ctx}
		defer b.end() // also behind a panic: what was begun may be committed
		b.serve(call)
		for n := 1; n < maxTogether; n++ {
			if call = call.Next(); call == nil {
				break
			}
			b.serve(call)
		}
		return nil
	})
}

// batch is messages of one socket that are on their way into the store. For one goroutine.
type batch struct {
	gateway *Gateway
	schema  *schema
	client  *client
	socket  context.Context
	ctx     context.Context // of the messages; nil while there is none
	cancel  context.CancelFunc
	begun   []begunMessage
}

// begunMessage is a message that has its place in the order of commits.
type begunMessage struct {
	call *socketio.Call
	end  func() (dokkerr.Receipt, error)
}

// serve begins a message. Its refusal waits for the answers to those before it.
func (b *batch) serve(call *socketio.Call) {
	if err := b.begin(call); err != nil {
		b.end()
		call.Refuse(b.gateway.refusal(b.client, "message.new", err))
	}
}

// begin waits for those before a message that is slowed, or that has no key. What repeats a message without a key shows in how
// copies come, so only those that ask for an answer have any.
func (b *batch) begin(call *socketio.Call) error {
	wait, err := b.gateway.admitMessage(b.client)
	if err != nil {
		return err
	}
	if wait > 0 {
		b.end()
	}
	if err := b.gateway.slow(b.socket, wait); err != nil {
		return err
	}
	in, err := b.schema.decode(call.Args)
	if err != nil {
		return err
	}
	if call.Asked() && !in.of("clientMessageId").present {
		b.end()
		ctx, cancel := b.gateway.commandContext(b.socket)
		defer cancel()
		return b.gateway.answerUnkeyed(ctx, b.client, call, in)
	}
	if b.ctx == nil {
		b.ctx, b.cancel = b.gateway.commandContext(b.socket)
	}
	b.begun = append(b.begun, begunMessage{call, b.gateway.beginMessage(b.ctx, b.client, in, false)})
	return nil
}

// end answers what was begun, in its order, once that is committed.
func (b *batch) end() {
	if b.ctx == nil {
		return
	}
	if len(b.begun) == 0 {
		b.cancel()
		b.ctx = nil
		return
	}
	m := b.begun[0]
	b.begun = b.begun[1:]
	defer b.end() // the rest, also behind a panic
	receipt, err := m.end()
	if err == nil {
		err = m.call.Answer(receipt)
	}
	if err != nil {
		m.call.Refuse(b.gateway.refusal(b.client, "message.new", err))
	}
}

// beginMessage begins to send a message; end waits for its commit.
func (g *Gateway) beginMessage(ctx context.Context, c *client, in payload, resumed bool) (end func() (dokkerr.Receipt, error)) {
	committed := g.service.BeginSend(ctx, c.actor, dokkerr.NewMessage{
		RecipientID:     in.text("recipientId"),
		Content:         in.text("content"),
		Type:            in.text("type"),
		ClientMessageID: in.text("clientMessageId"),
		Resumed:         resumed,
	})
	return func() (dokkerr.Receipt, error) {
		receipt, err := committed()
		if err == nil && receipt.Seq == 1 {
			g.presence.introduce(c.actor.User)
		}
		return receipt, err
	}
}
