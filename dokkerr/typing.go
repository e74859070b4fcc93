package dokkerr

import "context"

// Typing finds whom to tell, given a conversation's or a recipient's id (one of the two is empty). With a recipient
// there must be a conversation already: else NotFound. Where one has blocked the other it says so, and nobody is to be told.
func (s *Service) Typing(ctx context.Context, by Actor, conversationID, recipientID string) (TypingTarget, error) {
	if (conversationID == "") == (recipientID == "") {
		return TypingTarget{}, invalid("conversationId", "or recipientId must be given, and not both")
	}
	return view(ctx, s.store, func(r Reader) (TypingTarget, error) {
		c, err := conversation(r, by.User, conversationID, recipientID)
		if err != nil {
			return TypingTarget{}, err
		}
		side, _ := c.side(by.User)
		blocked, err := r.Blocked(c.Users[0], c.Users[1])
		return TypingTarget{ConversationID: c.ID, OtherUserID: c.Users[1-side], Blocked: blocked}, err
	})
}

func conversation(l Lookup, user ID, conversationID, recipientID string) (ConversationState, error) {
	if conversationID != "" {
		return conversationByID(l, user, conversationID)
	}
	return conversationWith(l, user, recipientID)
}

// conversationByID finds a conversation of the user.
func conversationByID(l Lookup, user ID, text string) (ConversationState, error) {
	id, err := parseID("conversationId", text)
	if err != nil {
		return ConversationState{}, err
	}
	c, err := l.Conversation(id)
	if err != nil {
		return ConversationState{}, err
	}
	if _, party := c.side(user); !party {
		return ConversationState{}, ErrNotFound
	}
	return c, nil
}

func conversationWith(l Lookup, user ID, text string) (ConversationState, error) {
	other, err := resolve(l, KindUser, "recipientId", text)
	if err != nil {
		return ConversationState{}, err
	}
	return l.ConversationOf(user, other)
}
