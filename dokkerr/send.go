package dokkerr

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	defaultMaxContent = 16 << 10
	textType          = "text"
	minClientKey      = 16
	maxClientKey      = 64

	// How old a message without a key may be, at the start of the service, to be taken for what a client sends again: nobody
	// knows any more whether its answer had arrived.
	lastAnswers = 5 * time.Minute
)

// Send commits a message (contract §2 message.new; delivery R18, R19, R20). A message whose key its sender has used is not stored
// again: the answer is the first one's. Where one has blocked the other it is Forbidden.
func (s *Service) Send(ctx context.Context, by Actor, in NewMessage) (Receipt, error) {
	return s.BeginSend(ctx, by, in)()
}

// BeginSend is Send in two steps, so that one commit may take several messages of a caller: it returns when the message has its
// place behind those that the caller has begun before; end waits for the commit, and must be called once.
func (s *Service) BeginSend(ctx context.Context, by Actor, in NewMessage) (end func() (Receipt, error)) {
	in, err := s.checkMessage(in)
	if err != nil {
		return func() (Receipt, error) { return Receipt{}, err }
	}
	var receipt Receipt
	committed := s.store.Begin(ctx, func(tx Tx) (err error) {
		receipt, err = s.send(tx, by, in)
		return err
	})
	return func() (Receipt, error) {
		err := committed()
		if errors.Is(err, ErrKeyUsed) {
			return update(ctx, s.store, func(tx Tx) (Receipt, error) { return repeated(tx, by, in) })
		}
		return receipt, err
	}
}

// checkMessage refuses what no state of the store could allow, and brings the text into NFC.
func (s *Service) checkMessage(in NewMessage) (NewMessage, error) {
	if in.Type != textType {
		return in, invalid("type", `must be "text"`)
	}
	if err := checkClientKey(in.ClientMessageID); err != nil {
		return in, err
	}
	content, err := normalise(in.Content, s.maxContent)
	in.Content = content
	return in, err
}

func checkClientKey(key string) error {
	if key == "" {
		return nil
	}
	n := utf8.RuneCountInString(key)
	if n < minClientKey || n > maxClientKey || !printable(key) {
		return invalid("clientMessageId", fmt.Sprintf("must have %d to %d printable characters", minClientKey, maxClientKey))
	}
	return nil
}

// send appends the message without a search for its key, which is new nearly always: the store finds one that is not.
func (s *Service) send(tx Tx, by Actor, in NewMessage) (Receipt, error) {
	if in.ClientMessageID == "" && in.Resumed {
		last, err := s.lastUnkeyed(tx, by)
		if err == nil && last.says(in) {
			return receiptOf(last), nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Receipt{}, err
		}
	}
	recipient, err := recipientOf(tx, by, in)
	var receipt Receipt
	if err == nil {
		receipt, err = s.append(tx, by, recipient, in)
	}
	if err != nil && in.ClientMessageID != "" {
		if first, firstErr := repeated(tx, by, in); !errors.Is(firstErr, ErrNotFound) {
			return first, firstErr // what was once accepted is not refused later
		}
	}
	return receipt, err
}

func recipientOf(tx Tx, by Actor, in NewMessage) (ID, error) {
	recipient, err := resolve(tx, KindUser, "recipientId", in.RecipientID)
	if err == nil && recipient == by.User {
		err = invalid("recipientId", "must be another user")
	}
	return recipient, err
}

// repeated answers as the first message with the key was answered. It looks nothing up but the key: a short id may stand for nobody by
// now, or for another.
func repeated(tx Tx, by Actor, in NewMessage) (Receipt, error) {
	first, err := tx.MessageByKey(by.User, in.ClientMessageID)
	if err != nil {
		return Receipt{}, err
	}
	if !first.says(in) {
		return Receipt{}, &Error{Code: IdempotencyConflict, Message: "clientMessageId was used for another message"}
	}
	return receiptOf(first), nil
}

// says reports whether the message is the one that is being sent.
func (m Message) says(in NewMessage) bool {
	return names(in.RecipientID, m.RecipientID) && m.Content == in.Content
}

// lastUnkeyed finds the message that this one may be a repetition of: the last of the session that was cut off with the service.
func (s *Service) lastUnkeyed(tx Tx, by Actor) (Message, error) {
	m, err := tx.MessageBySession(by.User, by.Session)
	if age := s.began.Sub(m.Timestamp.Time); err == nil && (age < 0 || age > lastAnswers) {
		return Message{}, ErrNotFound
	}
	return m, err
}

func receiptOf(m Message) Receipt {
	return Receipt{MessageID: m.MessageID, ConversationID: m.ConversationID, Seq: m.Seq, Timestamp: m.Timestamp}
}

func (s *Service) append(tx Tx, by Actor, recipient ID, in NewMessage) (Receipt, error) {
	if blocked, err := tx.Blocked(by.User, recipient); err != nil {
		return Receipt{}, err
	} else if blocked {
		return Receipt{}, errBlocked
	}
	conversation, err := conversationOf(tx, by.User, recipient)
	if err != nil {
		return Receipt{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Receipt{}, err
	}
	m := Message{
		MessageID: id, SenderID: by.User, Content: in.Content, Timestamp: TimeOf(s.now()), Type: in.Type,
		ConversationID: conversation.ID, RecipientID: recipient, Seq: conversation.Seq + 1,
	}
	e, err := newEntry(messageNew, m, m.Timestamp, recipient, by.User)
	if err != nil {
		return Receipt{}, err
	}
	e.Origin = by.Session
	e.ID = m.MessageID
	e.Message = &MessageEntry{ConversationID: m.ConversationID, Seq: m.Seq, Key: in.ClientMessageID}
	tx.Append(e)
	return receiptOf(m), nil
}

// conversationOf finds the conversation of two users, or makes up the one that their first message begins.
func conversationOf(tx Tx, a, b ID) (ConversationState, error) {
	conversation, err := tx.ConversationOf(a, b)
	if !errors.Is(err, ErrNotFound) {
		return conversation, err
	}
	id, err := uuid.NewV7()
	return ConversationState{ID: id, Users: [2]ID{a, b}}, err
}
