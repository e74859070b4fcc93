// The part of the contract that this page speaks: names, payloads and answers, exactly as on the wire.

export type BookingStatus = 'pending' | 'confirmed' | 'active' | 'completed' | 'cancelled' | 'refunded';
export type PaymentStatus =
  | 'pending' | 'processing' | 'completed' | 'failed' | 'refunded' | 'partially_refunded' | 'disputed';

export interface Message {
  messageId: string;
  senderId: string;
  content: string;
  timestamp: string;
  type: string;
  conversationId: string;
  recipientId: string;
  seq: number;
}

export interface Conversation {
  conversationId: string;
  otherUserId: string;
  unreadCount: number;
  readSeq: number;
  otherReadSeq: number;
}

export interface Booking {
  bookingId: string;
  status: BookingStatus;
  version: number;
  timestamp: string;
  reason?: string;
}

export interface Payment {
  paymentId: string;
  bookingId: string;
  status: PaymentStatus;
  version: number;
  amount?: number;
  currency?: string;
  error?: string;
}

export interface Notification {
  notificationId: string;
  type: string;
  title: string;
  body: string;
  data: { bookingId?: string };
  timestamp: string;
  readAt?: string;
}

export interface Presence {
  userId: string;
  online: boolean;
  lastSeen?: string;
}

export interface Refusal {
  code: string;
  message: string;
  path?: string;
  retryAfter?: number;
}

export type Reply<Result> = Result | { error: Refusal };

/** A durable event ends with the receiver's position: for the client library, not for the listener. */
type Durable<Payload> = (payload: Payload, position: string) => void;

export interface ServerEvents {
  'message.new': Durable<Message>;
  'message.read': Durable<{ messageId: string; readAt: string; conversationId: string; userId: string; seq: number }>;
  'message.typing': (payload: { userId: string; conversationId: string }) => void;
  'booking.created': Durable<Booking>;
  'booking.updated': Durable<Booking>;
  'booking.cancelled': Durable<Omit<Booking, 'status'>>;
  'payment.processing': Durable<Omit<Payment, 'status'>>;
  'payment.completed': Durable<Payment>;
  'payment.failed': Durable<Omit<Payment, 'status'>>;
  'notification.new': Durable<Notification>;
  'presence.update': (payload: Presence) => void;
  error: (payload: Refusal) => void;
}

/** What a client asks for, and what it gets. */
export interface Requests {
  'message.new': {
    payload: { recipientId: string; content: string; type: 'text'; clientMessageId: string };
    result: { messageId: string; conversationId: string; seq: number; timestamp: string };
  };
  'message.read': { payload: { messageId: string }; result: { messageId: string; readAt: string } };
  'message.typing': { payload: { conversationId: string }; result: object };
  'message.history': {
    payload: { conversationId: string; after?: number };
    result: { messages: Message[]; hasMore: boolean };
  };
  'conversation.list': { payload: object; result: { conversations: Conversation[] } };
  'booking.list': { payload: object; result: { bookings: (Booking & { payments: Omit<Payment, 'bookingId'>[] })[] } };
  'notification.list': { payload: object; result: { notifications: Notification[]; unreadCount: number } };
  'notification.read': { payload: { notificationId: string }; result: { notificationId: string; readAt: string } };
}

export type ClientEvents = {
  [Event in keyof Requests]: (
    payload: Requests[Event]['payload'],
    ack?: (reply: Reply<Requests[Event]['result']>) => void,
  ) => void;
};
