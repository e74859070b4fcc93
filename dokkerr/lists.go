package dokkerr

import (
	"context"
	"errors"
	"fmt"
	"math"
)

const (
	defaultLimit = 50
	maxLimit     = 100
)

func pageLimit(limit int) (int, error) {
	if limit == 0 {
		return defaultLimit, nil
	}
	if limit < 0 || limit > maxLimit {
		return 0, invalid("limit", fmt.Sprintf("must be 1 to %d", maxLimit))
	}
	return limit, nil
}

// History returns a page of a conversation's messages: the lowest above After, or else the highest below Before, or else
// the newest.
func (s *Service) History(ctx context.Context, by Actor, q HistoryQuery) (HistoryPage, error) {
	span, err := spanOf(q)
	if err != nil {
		return HistoryPage{}, err
	}
	return view(ctx, s.store, func(r Reader) (HistoryPage, error) {
		c, err := conversationByID(r, by.User, q.ConversationID)
		if err != nil {
			return HistoryPage{}, err
		}
		return history(r, c.ID, span)
	})
}

func spanOf(q HistoryQuery) (Span, error) {
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return Span{}, err
	}
	span := Span{After: 0, Before: math.MaxInt64, Newest: q.After == nil, Limit: limit}
	if q.After != nil {
		span.After = *q.After
	}
	if q.Before != nil {
		span.Before = *q.Before
	}
	if span.After < 0 {
		return Span{}, invalid("after", "must not be negative")
	}
	if span.Before < 0 {
		return Span{}, invalid("before", "must not be negative")
	}
	return span, nil
}

// history asks for one message more than is wanted, to know whether there is more.
func history(r Reader, conversation ID, span Span) (HistoryPage, error) {
	wanted := span.Limit
	span.Limit++
	messages, err := r.Messages(conversation, span)
	if err != nil {
		return HistoryPage{}, err
	}
	page := HistoryPage{Messages: messages, HasMore: len(messages) > wanted}
	switch {
	case page.HasMore && span.Newest:
		page.Messages = messages[1:]
	case page.HasMore:
		page.Messages = messages[:wanted]
	case messages == nil:
		page.Messages = []Message{}
	}
	return page, nil
}

// Conversations returns a page of the actor's conversations. Its cursor names the last message that was shown.
func (s *Service) Conversations(ctx context.Context, by Actor, q PageQuery) (ConversationPage, error) {
	return view(ctx, s.store, func(r Reader) (ConversationPage, error) {
		before, limit, err := pageOf(q, func(id ID) error { return isParty(r, by.User, id) })
		if err != nil {
			return ConversationPage{}, err
		}
		list, err := r.Conversations(by.User, before, limit+1)
		if err != nil {
			return ConversationPage{}, err
		}
		list, more := cut(list, limit)
		page := ConversationPage{Conversations: list}
		if more {
			page.Cursor = list[limit-1].LastMessage.MessageID.String()
		}
		return page, nil
	})
}

func isParty(l Lookup, user, message ID) error {
	m, err := l.Message(message)
	if err == nil && m.SenderID != user && m.RecipientID != user {
		return ErrNotFound
	}
	return err
}

// Notifications returns a page of the actor's notifications. Its cursor names the last one that was shown.
func (s *Service) Notifications(ctx context.Context, by Actor, q PageQuery) (NotificationPage, error) {
	return view(ctx, s.store, func(r Reader) (NotificationPage, error) {
		before, limit, err := pageOf(q, func(id ID) error {
			_, err := r.Notification(by.User, id)
			return err
		})
		if err != nil {
			return NotificationPage{}, err
		}
		list, unread, err := r.Notifications(by.User, before, limit+1)
		if err != nil {
			return NotificationPage{}, err
		}
		list, more := cut(list, limit)
		page := NotificationPage{Notifications: list, UnreadCount: unread}
		if more {
			page.Cursor = list[limit-1].NotificationID.String()
		}
		return page, nil
	})
}

// pageOf reads a query's cursor, which must name something that the actor can see.
func pageOf(q PageQuery, visible func(ID) error) (before ID, limit int, err error) {
	if limit, err = pageLimit(q.Limit); err != nil || q.Cursor == "" {
		return ID{}, limit, err
	}
	if before, err = parseID("cursor", q.Cursor); err == nil {
		err = visible(before)
	}
	if errors.Is(err, ErrNotFound) {
		err = invalid("cursor", "must be one that a page before gave")
	}
	return before, limit, err
}

// cut leaves at most limit of a list, which is never nil, and says whether there was more.
func cut[T any](list []T, limit int) ([]T, bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	if list == nil {
		list = []T{}
	}
	return list, false
}

// Bookings returns the actor's active bookings with their payments.
func (s *Service) Bookings(ctx context.Context, by Actor) ([]Booking, error) {
	return view(ctx, s.store, func(r Reader) ([]Booking, error) {
		list, err := r.Bookings(by.User)
		list, _ = cut(list, len(list))
		return list, err
	})
}
