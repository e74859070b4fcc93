package dokkerr

import (
	"encoding/json"

	"github.com/google/uuid"
)

// ID names a user, conversation, message, listing, booking, payment or notification.
type ID = uuid.UUID

// Position counts the durable events of one user. It rises and may have holes (delivery R6, R9).
// Zero is before the first.
type Position int64

// Message is what one user wrote to another.
type Message struct {
	MessageID      ID     `json:"messageId"`
	SenderID       ID     `json:"senderId"`
	Content        string `json:"content"`
	Timestamp      Time   `json:"timestamp"`
	Type           string `json:"type"`
	ConversationID ID     `json:"conversationId"`
	RecipientID    ID     `json:"recipientId"`
	Seq            int64  `json:"seq"`
}

// LastMessage is a Message as a conversation list shows it.
type LastMessage struct {
	MessageID ID     `json:"messageId"`
	SenderID  ID     `json:"senderId"`
	Content   string `json:"content"`
	Type      string `json:"type"`
	Timestamp Time   `json:"timestamp"`
	Seq       int64  `json:"seq"`
}

// Conversation is what one of its two users sees of it.
type Conversation struct {
	ConversationID ID          `json:"conversationId"`
	OtherUserID    ID          `json:"otherUserId"`
	LastMessage    LastMessage `json:"lastMessage"`
	UnreadCount    int64       `json:"unreadCount"`
	ReadSeq        int64       `json:"readSeq"`
	OtherReadSeq   int64       `json:"otherReadSeq"`
}

// Booking is a dock rented, and where it stands.
type Booking struct {
	BookingID ID        `json:"bookingId"`
	ListingID ID        `json:"listingId"`
	BoaterID  ID        `json:"boaterId"`
	OwnerID   ID        `json:"ownerId"`
	Status    string    `json:"status"`
	Version   int64     `json:"version"`
	Timestamp Time      `json:"timestamp"`
	Payments  []Payment `json:"payments"` // in lists and answers; never null
}

// Payment is money for a booking, and where it stands. Amount is in minor units.
type Payment struct {
	PaymentID ID     `json:"paymentId"`
	BookingID ID     `json:"bookingId"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
	Version   int64  `json:"version"`
	Timestamp Time   `json:"timestamp"`
}

// Notification is a short text for one user.
type Notification struct {
	NotificationID ID              `json:"notificationId"`
	Type           string          `json:"type"`
	Title          string          `json:"title"`
	Body           string          `json:"body"`
	Data           json.RawMessage `json:"data"` // one object
	Timestamp      Time            `json:"timestamp"`
	ReadAt         *Time           `json:"readAt,omitempty"`
}

// Event is something that happened and is told to users. A durable one was committed first.
type Event struct {
	Name    string
	Data    json.RawMessage // one object, encoded once
	To      []Recipient     // fixed in the commit (delivery R18); one or two
	Origin  string          // the session that caused it and does not get it back (R16); "" for the back end
	Durable bool            // false: told once to who is there, Positions are zero
	Booking *BookingChange  // set when the event changes whose room exists
}

// Recipient is a user whom an event reaches, at that user's own position.
type Recipient struct {
	User     ID
	Position Position
}

// BookingChange tells who follows a booking from, or until, the event that carries it.
type BookingChange struct {
	ID     ID
	Active bool // pending, confirmed or active
}

// Delivery is one event of a user's inbox, as catch-up reads it from the store.
type Delivery struct {
	Name     string
	Data     json.RawMessage
	Position Position
	Origin   string
}
