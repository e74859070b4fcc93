// Package dokkerr holds the nouns of the marketplace's live side (conversation, message, booking,
// payment, notification, event), their rules, and Service, which applies the rules inside the
// store's transaction. It says what it needs of a store and knows no socket.
//
// Times are in UTC, cut to the millisecond. Money is in minor units. Ids that may be short are a UUID or its first 8 digits. Rules
// that comments cite are those of the specification: its contract, and its promises of delivery, R1 to R27.
package dokkerr

import (
	"cmp"
	"context"
	"encoding/json"
	"sync/atomic"
	"time"
)

// Actor is the user on whose behalf a command runs, and the session it came from (delivery R16).
type Actor struct {
	User    ID
	Session string
}

// NewMessage is a message.new as a client sends it. Ids may be short (contract §1).
type NewMessage struct {
	RecipientID     string `json:"recipientId"`
	Content         string `json:"content"`
	Type            string `json:"type"`
	ClientMessageID string `json:"clientMessageId"` // 16 to 64 characters, or empty
	// Resumed says that a session that came back sends this first, so that what was stored before the service began may be
	// sent again (delivery R14).
	Resumed bool `json:"-"`
}

// Receipt is the answer to a NewMessage. It exists only after the commit.
type Receipt struct {
	MessageID      ID    `json:"messageId"`
	ConversationID ID    `json:"conversationId"`
	Seq            int64 `json:"seq"`
	Timestamp      Time  `json:"timestamp"`
}

// ReadReceipt is the answer to message.read.
type ReadReceipt struct {
	MessageID ID   `json:"messageId"`
	ReadAt    Time `json:"readAt"`
}

// HistoryQuery bounds a page of messages; nil is no bound. Limit 0 is 50.
type HistoryQuery struct {
	ConversationID string
	Before, After  *int64
	Limit          int
}

// HistoryPage is a page of messages, ascending by seq.
type HistoryPage struct {
	Messages []Message `json:"messages"`
	HasMore  bool      `json:"hasMore"`
}

// PageQuery asks for a page of a list. Cursor is what the page before gave. Limit 0 is 50.
type PageQuery struct {
	Cursor string
	Limit  int
}

// ConversationPage is a page of conversations, newest first.
type ConversationPage struct {
	Conversations []Conversation `json:"conversations"`
	Cursor        string         `json:"cursor,omitempty"`
}

// NotificationPage is a page of notifications, newest first.
type NotificationPage struct {
	Notifications []Notification `json:"notifications"`
	UnreadCount   int64          `json:"unreadCount"`
	Cursor        string         `json:"cursor,omitempty"`
}

// NotificationReceipt is the answer to notification.read.
type NotificationReceipt struct {
	NotificationID ID   `json:"notificationId"`
	ReadAt         Time `json:"readAt"`
}

// TypingTarget is whom a typing sign goes to.
type TypingTarget struct {
	ConversationID ID
	OtherUserID    ID
	Blocked        bool // by one of the two: nobody is told
}

// Once is the idempotency key of a back-end write (contract §5). The answer is stored in the
// commit of the effect. An empty Key asks for nothing.
type Once struct {
	Key  string
	Body [32]byte // SHA-256 of route, id and canonical body
}

// BookingPut creates or moves a booking. Ids may be short (contract §1).
type BookingPut struct {
	BookingID string
	ListingID string
	BoaterID  string
	OwnerID   string
	Status    string
	Reason    string // told to the parties when it is cancelled
	Version   *int64 // the one it expects to replace; 0 to create; nil: any
}

// PaymentPut creates or moves a payment.
type PaymentPut struct {
	PaymentID ID
	BookingID string // may be short
	Amount    int64  // in minor units
	Currency  string // three lower-case letters
	Status    string
	Error     string // told to the parties when it fails
	Version   *int64 // as in BookingPut
}

// NotificationNew is a notification of the back end.
type NotificationNew struct {
	UserID string // may be short
	Type   string
	Title  string
	Body   string
	Data   json.RawMessage // one object or nil
}

// ApplicationEvent is an event of the back end's own, for a user or a booking's parties. Ids may be short; "" is none.
type ApplicationEvent struct {
	Event     string
	Data      json.RawMessage // one object
	UserID    string
	BookingID string
	Durable   bool
}

// Options configures a Service; the zero value works.
type Options struct {
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Publish is told every event in commit order, after its commit and before the caller is answered.
	// It must not block and must not call the Service. Nil: nobody listens.
	Publish func([]Event)
	// MaxContent bounds a message's text in bytes of UTF-8 after NFC; 0: 16 KiB.
	MaxContent int
	// Retention is how far back events are delivered; zero: 30 days, 100,000 events of a user.
	Retention Retention
	// TokenLife is how long after its issue a token may be accepted: so long a revocation is kept; 0: 24 h and a minute.
	TokenLife time.Duration
}

// Service applies the rules. All its methods may run at once. Every error is an *Error, the context's, or an
// internal one that is not for callers. What names nothing, or nothing of the actor's, is ErrNotFound; what breaks the rule of a field
// is a ValidationError with its path; a key that was used for something else is an IdempotencyConflict; and the store's trouble is
// StorageUnavailable or StorageFull.
//
// A method that changes something returns when that is committed. When the context ends while it waits for its turn nothing is changed.
type Service struct {
	store      Store            // fixed at birth
	now        func() time.Time // fixed at birth
	maxContent int              // fixed at birth
	retention  Retention        // fixed at birth
	began      time.Time        // fixed at birth
	tokenLife  time.Duration    // fixed at birth
	illegal    atomic.Uint64    // changes refused by a state machine
}

// NewService returns a Service over store. o may be nil.
func NewService(store Store, o *Options) *Service {
	if o == nil {
		o = &Options{}
	}
	s := &Service{
		store: store, now: o.Now, maxContent: o.MaxContent, retention: o.Retention.withDefaults(),
		tokenLife: cmp.Or(o.TokenLife, defaultTokenLife),
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.began = s.now()
	if s.maxContent == 0 {
		s.maxContent = defaultMaxContent
	}
	tell := o.Publish
	if tell == nil {
		tell = func([]Event) {}
	}
	store.Subscribe(tell)
	return s
}

// update runs a decision that has an answer.
func update[T any](ctx context.Context, store Store, decide func(Tx) (T, error)) (answer T, err error) {
	err = store.Update(ctx, func(tx Tx) (err error) {
		answer, err = decide(tx)
		return err
	})
	return answer, err
}

// view asks a question.
func view[T any](ctx context.Context, store Store, look func(Reader) (T, error)) (answer T, err error) {
	err = store.View(ctx, func(r Reader) (err error) {
		answer, err = look(r)
		return err
	})
	return answer, err
}
