package dokkerr

import (
	"context"
	"errors"
)

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

	// Begin is Update in two steps: it returns when the decision has its place in the order, behind all that the caller has begun
	// before; end does the rest, and must be called once.
	Begin(ctx context.Context, decide func(tx Tx) error) (end func() error)

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
	AccessLookup
	// Resolve finds the only seen user, listing or booking whose id begins with prefix. Two are as good as none.
	Resolve(kind Kind, prefix [4]byte) (ID, error)
	// Seen says whether SeeUser was called for the user.
	Seen(user ID) (bool, error)
	// Secret finds what PutSecret stored.
	Secret(name string) ([]byte, error)
	// Conversation finds a conversation by its id, ConversationOf by its two users in either order.
	Conversation(id ID) (ConversationState, error)
	ConversationOf(a, b ID) (ConversationState, error)
	// Message finds a message by its id.
	Message(id ID) (Message, error)
	// MessageBySession finds the last message without a key that a session sent, if it is among the sender's last 256 events.
	MessageBySession(sender ID, session string) (Message, error)
	// Notification finds a notification of the user.
	Notification(user, id ID) (Notification, error)
	// Booking finds a booking without its payments, of which there may be many. Payments lists them in the order of their
	// creation.
	Booking(id ID) (Booking, error)
	Payments(booking ID) ([]Payment, error)
	Payment(id ID) (Payment, error)
}

// Reader is a Lookup with lists, over what was published. A user whom the store does not know has empty ones.
type Reader interface {
	Lookup
	InboxReader
	// Messages lists messages of a conversation, ascending by seq.
	Messages(conversation ID, span Span) ([]Message, error)
	// Conversations lists up to limit of the user's conversations by their last message, newest first: those whose last
	// message is older than the one named before, or from the newest on when before is zero.
	Conversations(user, before ID, limit int) ([]Conversation, error)
	// Notifications lists up to limit of the user's, newest first, from after the one named before. Unread counts all.
	Notifications(user, before ID, limit int) (list []Notification, unread int64, err error)
	// Bookings lists the user's active bookings with their payments, in the order of their creation.
	Bookings(user ID) ([]Booking, error)
	// Contacts lists who shares a conversation or an active booking with the user, each once, but where one has blocked the other.
	Contacts(user ID) ([]ID, error)
}

// Tx is what a decision may ask and do. A decision asks first: it does not see its own writes, which take effect in their
// order once it has returned nil.
type Tx interface {
	Lookup
	DeliveryWriter
	AccessWriter
	// MessageByKey finds a message by its sender and the sender's key.
	MessageByKey(sender ID, key string) (Message, error)
	// SeeUser lets the user's short id find it.
	SeeUser(user ID)
	// PutReadMarks stores how far the two users of a conversation have read.
	PutReadMarks(c ConversationState)
	// PutBooking and PutPayment store a new one, or the status, version and time of one that is there.
	PutBooking(b Booking)
	PutPayment(p Payment)
	// PutReadAt stores when a notification was read.
	PutReadAt(notification ID, at Time)
	// Answer finds what PutAnswer stored in the last 30 days.
	Answer(key string) (Answer, error)
	PutAnswer(a Answer)
	// ProviderEvent finds what PutProviderEvent stored, without its Payment. LastAttempt is the latest Created of the
	// payment's Applied events that tell processing or failed.
	ProviderEvent(id string) (ProviderEvent, error)
	LastAttempt(payment ID) (Time, error)
	// PutProviderEvent stores a new one, or the outcome of one that was parked.
	PutProviderEvent(e ProviderEvent)
	// Append tells an event and, when it is durable, writes it to the inbox of each receiver at that user's next position
	// (delivery R6, R9), which the store fills in. If the first write of a decision is a message whose sender has used its
	// key before, Update stores nothing of the decision and returns ErrKeyUsed.
	Append(e Entry)
}

// ErrKeyUsed is what Update returns for a message whose key its sender has used before.
var ErrKeyUsed = errors.New("dokkerr: the key of the message was used before")

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

// Span is a range of seqs, both bounds excluded, of which at most Limit messages are wanted: the highest if Newest, else
// the lowest.
type Span struct {
	After, Before int64
	Newest        bool
	Limit         int
}

// Answer is what the back end was told under an idempotency key.
type Answer struct {
	Key  string
	Body [32]byte // what it had asked, see Once
	Data []byte   // JSON
	Time Time
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
