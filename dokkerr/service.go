// Package dokkerr holds the nouns of the marketplace's live side (conversation, message, booking,
// payment, notification, event), their rules, and Service, which applies the rules inside the
// store's transaction. It says what it needs of a store and knows no socket.
package dokkerr

import (
	"context"
	"encoding/json"
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
}

// Once is the idempotency key of a back-end write (contract §5). The answer is stored in the
// commit of the effect. An empty Key asks for nothing.
type Once struct {
	Key  string
	Body [32]byte // SHA-256 of route, id and canonical body
}

// BookingPut creates or moves a booking.
type BookingPut struct {
	BookingID ID
	ListingID ID
	BoaterID  ID
	OwnerID   ID
	Status    string
	Reason    string
	Version   *int64 // the one it expects to replace; 0 to create
}

// PaymentPut creates or moves a payment.
type PaymentPut struct {
	PaymentID ID
	BookingID ID
	Amount    int64
	Currency  string
	Status    string
	Error     string
	Version   *int64
}

// NotificationNew is a notification of the back end.
type NotificationNew struct {
	UserID ID
	Type   string
	Title  string
	Body   string
	Data   json.RawMessage // one object or nil
}

// ApplicationEvent is an event of the back end's own, for a user or a booking's parties.
type ApplicationEvent struct {
	Event     string
	Data      json.RawMessage // one object
	UserID    *ID
	BookingID *ID
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
}

// Service applies the rules. All its methods may run at once. Every error is an *Error, the context's, or an
// internal one that is not for callers.
type Service struct {
	store      Store            // fixed at birth
	now        func() time.Time // fixed at birth
	maxContent int              // fixed at birth
}

// NewService returns a Service over store. o may be nil.
func NewService(store Store, o *Options) *Service {
	if o == nil {
		o = &Options{}
	}
	s := &Service{store: store, now: o.Now, maxContent: o.MaxContent}
	if s.now == nil {
		s.now = time.Now
	}
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

// Read advances the actor's read cursor to a message of the other user; it never goes back.
func (s *Service) Read(ctx context.Context, by Actor, messageID string) (ReadReceipt, error) {
	panic("skeleton")
}

// Typing finds whom to tell, given a conversation's or a recipient's id (one of the two is empty). With a recipient
// there must be a conversation already: else NotFound.
func (s *Service) Typing(ctx context.Context, by Actor, conversationID, recipientID string) (TypingTarget, error) {
	panic("skeleton")
}

// History returns a page of a conversation's messages.
func (s *Service) History(ctx context.Context, by Actor, q HistoryQuery) (HistoryPage, error) {
	panic("skeleton")
}

// Conversations returns a page of the actor's conversations.
func (s *Service) Conversations(ctx context.Context, by Actor, q PageQuery) (ConversationPage, error) {
	panic("skeleton")
}

// Bookings returns the actor's active bookings with their payments.
func (s *Service) Bookings(ctx context.Context, by Actor) ([]Booking, error) { panic("skeleton") }

// Notifications returns a page of the actor's notifications.
func (s *Service) Notifications(ctx context.Context, by Actor, q PageQuery) (NotificationPage, error) {
	panic("skeleton")
}

// ReadNotification marks one of the actor's notifications as read, once.
func (s *Service) ReadNotification(ctx context.Context, by Actor, notificationID string) (NotificationReceipt, error) {
	panic("skeleton")
}

// PutBooking creates or moves a booking (contract §4).
func (s *Service) PutBooking(ctx context.Context, once Once, in BookingPut) (Booking, error) {
	panic("skeleton")
}

// PutPayment creates or moves a payment (contract §4).
func (s *Service) PutPayment(ctx context.Context, once Once, in PaymentPut) (Payment, error) {
	panic("skeleton")
}

// Notify commits a notification and returns its id.
func (s *Service) Notify(ctx context.Context, once Once, in NotificationNew) (ID, error) {
	panic("skeleton")
}

// Announce commits, or when it is not durable just tells, an application's own event.
func (s *Service) Announce(ctx context.Context, once Once, in ApplicationEvent) error {
	panic("skeleton")
}
