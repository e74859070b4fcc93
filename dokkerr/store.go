package dokkerr

import "context"

// Store keeps the truth. Its methods may run at once; what a store has no answer for is an *Error with
// StorageUnavailable or StorageFull.
type Store interface {
	// Update runs decide inside the writer's transaction, commits it with whatever else waits, tells the subscriber what
	// was appended and returns, in this order; so its return means that the writes are on disk.
	//
	// An error of decide undoes its writes alone and is returned as it is. Decisions run one after the other; each sees
	// all writes of those before it. The store may run decide again when the transaction around it failed: it must have no
	// effect but through tx and by setting its own results anew. It must not call the store. A panic of decide is the
	// caller's again.
	//
	// A context that ends while the decision waits takes it out of the queue; one that ends later changes nothing: the
	// outcome is waited for, never guessed.
	Update(ctx context.Context, decide func(tx Tx) error) error

	// View answers questions. Of events it shows only those that the subscriber was told or is being told (delivery R3);
	// changes of other rows may show a moment before their event. look must not keep r.
	View(ctx context.Context, look func(r Reader) error) error

	// Subscribe names who is told of events, in commit order, by one goroutine, after their commit: from the moment they
	// show in a View, before Update returns. tell must not block and must not call the store; it may keep the slice.
	// Subscribe is called once, before the first Update.
	Subscribe(tell func([]Event))
}

// Kind is what a short id may stand for.
type Kind int

// The kinds of things that have short ids (contract §1).
const (
	KindUser Kind = iota
	KindListing
	KindBooking
)

// Lookup finds single things. What is not there is ErrNotFound.
type Lookup interface {
	// Resolve finds the only seen user, listing or booking whose id begins with prefix. Two are as good as none.
	Resolve(kind Kind, prefix [4]byte) (ID, error)
	// Seen says whether SeeUser was called for the user.
	Seen(user ID) (bool, error)
	// Conversation finds a conversation by its id, ConversationOf by its two users in either order.
	Conversation(id ID) (ConversationState, error)
	ConversationOf(a, b ID) (ConversationState, error)
	// Message finds a message by its id, MessageByKey by its sender and the sender's key.
	Message(id ID) (Message, error)
	MessageByKey(sender ID, key string) (Message, error)
}

// Reader is a Lookup with lists, over what was published. A user whom the store does not know has empty ones.
type Reader interface {
	Lookup
	// Head is the position of the user's last event, 0 before the first.
	Head(user ID) (Position, error)
	// Inbox lists up to limit events of the user after a position, ascending.
	Inbox(user ID, after Position, limit int) ([]Delivery, error)
	// Contacts lists who shares a conversation or an active booking with the user, each once.
	Contacts(user ID) ([]ID, error)
}

// Tx is what a decision may ask and do. A decision asks first: it does not see its own writes, which take effect in their
// order once it has returned nil.
type Tx interface {
	Lookup
	// SeeUser lets the user's short id find it.
	SeeUser(user ID)
	// Append tells an event and, when it is durable, writes it to the inbox of each receiver at that user's next position
	// (delivery R6, R9), which the store fills in.
	Append(e Entry)
}

// Entry is an event on its way into the store.
type Entry struct {
	Event
	Time Time
	// ID is the message's or notification's, by which it is found again; zero for other events.
	ID ID
	// Message is set for a message.new. Its receivers are the recipient and the sender, in this order.
	Message *MessageEntry
}

// MessageEntry says where a message stands and how a repetition of it is known.
type MessageEntry struct {
	ConversationID ID     // one that is new begins with this message
	Seq            int64  // the conversation's Seq + 1
	Key            string // unique per sender; "" is none
}

// ConversationState is where a conversation stands: its two users, and of each how far it has read.
type ConversationState struct {
	ID    ID
	Users [2]ID
	Seq   int64 // of the last message
	Read  [2]ReadMark
}

// ReadMark is how far a user has read, and since when.
type ReadMark struct {
	Seq int64
	At  Time
}

// side says which of the two users is meant; ok is false for anybody else.
func (c *ConversationState) side(user ID) (side int, ok bool) {
	for side, party := range c.Users {
		if party == user {
			return side, true
		}
	}
	return 0, false
}
