package dokkerr

import "context"

// readEvent is the payload of message.read.
type readEvent struct {
	MessageID      ID    `json:"messageId"`
	ReadAt         Time  `json:"readAt"`
	ConversationID ID    `json:"conversationId"`
	UserID         ID    `json:"userId"`
	Seq            int64 `json:"seq"`
}

// Read advances the actor's read cursor to a message of one of its conversations; it never goes back. What was read
// already is answered with the time of the cursor's last advance, and tells nobody. Where one has blocked the other, only the reader's
// other sockets are told.
func (s *Service) Read(ctx context.Context, by Actor, messageID string) (ReadReceipt, error) {
	id, err := parseID("messageId", messageID)
	if err != nil {
		return ReadReceipt{}, err
	}
	return update(ctx, s.store, func(tx Tx) (ReadReceipt, error) { return s.read(tx, by, id) })
}

func (s *Service) read(tx Tx, by Actor, id ID) (ReadReceipt, error) {
	m, err := tx.Message(id)
	if err != nil {
		return ReadReceipt{}, err
	}
	c, err := tx.ConversationOf(m.SenderID, m.RecipientID)
	if err != nil {
		return ReadReceipt{}, err
	}
	side, party := c.side(by.User)
	if !party {
		return ReadReceipt{}, ErrNotFound
	}
	if mark := c.Read[side]; m.Seq <= mark.Seq {
		return ReadReceipt{MessageID: id, ReadAt: mark.At}, nil
	}
	return s.advance(tx, by, c, side, m)
}

func (s *Service) advance(tx Tx, by Actor, c ConversationState, side int, m Message) (ReadReceipt, error) {
	now := TimeOf(s.now())
	c.Read[side] = ReadMark{Seq: m.Seq, At: now}
	told := readEvent{
		MessageID: m.MessageID, ReadAt: now, ConversationID: c.ID, UserID: by.User, Seq: m.Seq,
	}
	to := []ID{c.Users[1-side], by.User}
	if blocked, err := tx.Blocked(c.Users[0], c.Users[1]); err != nil {
		return ReadReceipt{}, err
	} else if blocked {
		to = to[1:]
	}
	e, err := newEntry(messageRead, told, now, to...)
	if err != nil {
		return ReadReceipt{}, err
	}
	e.Origin = by.Session
	tx.PutReadMarks(c)
	tx.Append(e)
	return ReadReceipt{MessageID: m.MessageID, ReadAt: now}, nil
}
