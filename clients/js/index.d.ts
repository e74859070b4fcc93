// Generated from api/asyncapi.yaml by generate.js. Do not edit.

/** A UUID in its form of 36 characters. */
export type Id = string;

/** A UUID, or its first 8 hex digits if exactly one user that was seen in a token or a booking has them. */
export type ShortableId = string;

/** ISO 8601 in UTC with milliseconds. */
export type Time = string;

/** Everything up to here, for one user. Opaque; a user's positions follow each other in time. */
export type Position = string;

/**
 * Counts the messages of a conversation, from 1, without gaps.
 * An integer from 1 to 9007199254740991.
 */
export type Seq = number;

/**
 * Counts the accepted changes of a booking or payment, from 1.
 * An integer from 1 to 9007199254740991.
 */
export type Version = number;

/**
 * In minor units, such as cents.
 * An integer from 0 to 9007199254740991 minor units of the currency.
 */
export type Amount = number;

/** ISO 4217, in lower case. */
export type Currency = string;

export type BookingStatus = 'pending' | 'confirmed' | 'active' | 'completed' | 'cancelled' | 'refunded';

export type PaymentStatus = 'pending' | 'processing' | 'completed' | 'failed' | 'refunded' | 'partially_refunded' | 'disputed';

export type MessageType = 'text';

/**
 * How many at most.
 * An integer from 1 to 100 entries.
 */
export type Limit = number;

/**
 * As the page before gave it; none is the first page.
 * Length from 1 to 256.
 * At most 256 bytes of UTF-8.
 */
export type Cursor = string;

/** What the caller can do about it. */
export type Code = 'VALIDATION_ERROR' | 'AUTH_ERROR' | 'TOKEN_EXPIRED' | 'FORBIDDEN' | 'NOT_FOUND' | 'CONFLICT' | 'IDEMPOTENCY_CONFLICT' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'INTERNAL_ERROR' | 'STORAGE_UNAVAILABLE' | 'STORAGE_FULL';

export interface Refusal {
  code: Code;
  /** For people. */
  message: string;
  /** The field that is wrong, for VALIDATION_ERROR. */
  path?: string;
  /**
   * Seconds to wait before the next try.
   * An integer from 1 seconds.
   */
  retryAfter?: number;
}

/** The acknowledgement of an event that was refused. */
export interface Refused {
  error: Refusal;
}

/** What a client gives as `auth`. */
export interface Credentials {
  /**
   * A JWT.
   * Length from 1 to 8192.
   * At most 8192 bytes of UTF-8.
   */
  token: string;
  /**
   * A stable id of this device. A longer one counts as none.
   * Length to 128.
   * At most 128 bytes of UTF-8.
   */
  deviceId?: string;
  /** For clients without connection state recovery - the last position, or an empty string. */
  since?: string;
}

/** The payload of CONNECT. The stock client adds the last two by itself when it returns. */
export type Connect = Credentials & {
  /** The session to go on with. */
  pid?: string;
  /** The position of the last event that came. */
  offset?: string;
};

export interface Connected {
  /** The socket's id. */
  sid: string;
  /** The session's; absent for clients that gave `since`. */
  pid?: string;
}

/** The payload of CONNECT_ERROR. The stock client emits connect_error and does not try again. */
export interface ConnectError {
  message: 'Authentication error' | 'Invalid token' | 'Invalid namespace';
}

export interface NewMessage {
  recipientId: ShortableId;
  /**
   * At most 16 KiB of UTF-8 after NFC (LIMITS maxContent), without NUL.
   * Length from 1 to 16384.
   * At most 16384 bytes of UTF-8.
   */
  content: string;
  type: MessageType;
  /**
   * A key of the client's own, such as a UUID, of printable characters. Kept as long as the message.
   * Length from 16 to 64.
   * At most 64 bytes of UTF-8.
   */
  clientMessageId?: string;
}

export interface ReadMessage {
  messageId: Id;
}

export type Typing =
  | { conversationId: Id; recipientId?: never }
  | { conversationId?: never; recipientId: ShortableId };

export interface HistoryQuery {
  conversationId: Id;
  /**
   * A seq, exclusive.
   * An integer from 0 to 9007199254740991.
   */
  before?: number;
  /**
   * A seq, exclusive.
   * An integer from 0 to 9007199254740991.
   */
  after?: number;
  limit?: Limit;
}

export interface PageQuery {
  cursor?: Cursor;
  limit?: Limit;
}

export type BookingQuery = Record<string, never>;

export interface ReadNotification {
  notificationId: Id;
}

export interface SyncQuery {
  /**
   * A position of this user, or "0" for all that is kept.
   * Length from 1 to 64.
   * At most 64 bytes of UTF-8.
   */
  since: string;
  limit?: Limit;
}

export interface NewToken {
  /** A JWT of the same user, of at most 8 KiB. Whatever else it is gets AUTH_ERROR. */
  token: string;
}

export interface OtherUser {
  userId: ShortableId;
}

export interface MessageReceipt {
  messageId: Id;
  conversationId: Id;
  seq: Seq;
  timestamp: Time;
}

export interface ReadReceipt {
  messageId: Id;
  readAt: Time;
}

export type Done = Record<string, never>;

export interface MessagePage {
  messages: Message[];
  hasMore: boolean;
}

export interface Conversation {
  conversationId: Id;
  otherUserId: Id;
  lastMessage: LastMessage;
  /** An integer from 0 messages. */
  unreadCount: number;
  /**
   * The seq up to which this user has read; 0 is nothing.
   * An integer from 0.
   */
  readSeq: number;
  /**
   * The seq up to which the other user has read; 0 is nothing.
   * An integer from 0.
   */
  otherReadSeq: number;
}

export interface LastMessage {
  messageId: Id;
  senderId: Id;
  content: string;
  type: MessageType;
  timestamp: Time;
  seq: Seq;
}

export interface ConversationPage {
  conversations: Conversation[];
  cursor?: Cursor;
}

export interface Booking {
  bookingId: Id;
  listingId: Id;
  boaterId: Id;
  ownerId: Id;
  status: BookingStatus;
  version: Version;
  timestamp: Time;
  payments: Payment[];
}

export interface Payment {
  paymentId: Id;
  bookingId: Id;
  amount: Amount;
  currency: Currency;
  status: PaymentStatus;
  version: Version;
  timestamp: Time;
}

export interface BookingList {
  bookings: Booking[];
}

export interface NotificationPage {
  notifications: Notification[];
  /** An integer from 0 notifications. */
  unreadCount: number;
  cursor?: Cursor;
}

export interface NotificationReceipt {
  notificationId: Id;
  readAt: Time;
}

export interface SyncedEvent {
  /**
   * The durable event's name.
   * Length from 1 to 64.
   */
  event: string;
  /** Its payload. */
  data: Record<string, unknown>;
  position: Position;
}

export interface SyncPage {
  events: SyncedEvent[];
  position: Position;
  hasMore: boolean;
}

/** What was missed is older than the retention. Fetch lists and histories, and sync from `oldest`. */
export interface SyncTooOld {
  gap: true;
  oldest: Position;
}

export interface TokenReceipt {
  expiresAt: Time;
}

export interface Message {
  messageId: Id;
  senderId: Id;
  content: string;
  timestamp: Time;
  type: MessageType;
  conversationId: Id;
  recipientId: Id;
  seq: Seq;
}

/** `userId` has read everything up to `seq`. */
export interface MessageRead {
  messageId: Id;
  readAt: Time;
  conversationId: Id;
  userId: Id;
  seq: Seq;
}

export interface TypingSign {
  userId: Id;
  conversationId: Id;
}

export interface BookingCreated {
  bookingId: Id;
  listingId: Id;
  status: BookingStatus;
  version: Version;
  timestamp: Time;
}

export interface BookingUpdated {
  bookingId: Id;
  status: BookingStatus;
  timestamp: Time;
  version: Version;
}

export interface BookingCancelled {
  bookingId: Id;
  /** Length to 500. */
  reason: string;
  version: Version;
  timestamp: Time;
}

export interface PaymentProcessing {
  paymentId: Id;
  amount: Amount;
  currency: Currency;
  bookingId: Id;
  version: Version;
  timestamp: Time;
}

export interface PaymentCompleted {
  paymentId: Id;
  status: 'completed' | 'refunded' | 'partially_refunded' | 'disputed';
  amount: Amount;
  currency: Currency;
  bookingId: Id;
  version: Version;
  timestamp: Time;
}

export interface PaymentFailed {
  paymentId: Id;
  /**
   * A short code and text, never a card detail.
   * Length from 1 to 200.
   */
  error: string;
  bookingId: Id;
  version: Version;
  timestamp: Time;
}

export interface Notification {
  notificationId: Id;
  /**
   * What it is about, for programs.
   * Length from 1 to 64.
   */
  type: string;
  /** Length from 1 to 200. */
  title: string;
  /** Length to 4000. */
  body: string;
  /** What the application needs to open it. */
  data: Record<string, unknown>;
  timestamp: Time;
  readAt?: Time;
}

export interface PresenceUpdate {
  userId: Id;
  online: boolean;
  lastSeen?: Time;
}

export interface TokenExpiring {
  expiresAt: Time;
}

export interface SyncGap {
  oldest: Position;
  position: Position;
}

/** What an event is acknowledged with: its result, or `{error}`. */
export type Reply<Result> = Result | Refused;

/** What each event from the client carries, and what it is answered with. */
export interface Requests {
  'message.new': { payload: NewMessage; result: MessageReceipt };
  'message.read': { payload: ReadMessage; result: ReadReceipt };
  'message.typing': { payload: Typing; result: Done };
  'message.history': { payload: HistoryQuery; result: MessagePage };
  'conversation.list': { payload: PageQuery; result: ConversationPage };
  'booking.list': { payload: BookingQuery; result: BookingList };
  'notification.list': { payload: PageQuery; result: NotificationPage };
  'notification.read': { payload: ReadNotification; result: NotificationReceipt };
  'sync': { payload: SyncQuery; result: SyncPage | SyncTooOld };
  'auth.refresh': { payload: NewToken; result: TokenReceipt };
  'user.block': { payload: OtherUser; result: Done };
  'user.unblock': { payload: OtherUser; result: Done };
}

/** The acknowledgement of an event from the client. */
export type Ack<Event extends keyof Requests> = (reply: Reply<Requests[Event]['result']>) => void;

/**
 * The listener of a durable event. The position is the receiver's, and for the client library. A client that gives `since` finds
 * it in the payload instead.
 */
export type Durable<Payload> = (payload: Payload & { position?: Position }, position?: Position) => void;

/** The events from the server: the first parameter of socket.io-client's `Socket`. */
export interface ServerToClient {
  /** A message was written. */
  'message.new': Durable<Message>;
  /** A user has read everything up to a message. */
  'message.read': Durable<MessageRead>;
  /** A user types. */
  'message.typing': (payload: TypingSign) => void;
  /** A booking was made. */
  'booking.created': Durable<BookingCreated>;
  /**
   * A booking moved.
   * Every change but creation and cancellation. Apply it only if its version is higher than the one you have.
   */
  'booking.updated': Durable<BookingUpdated>;
  /** A booking was cancelled. */
  'booking.cancelled': Durable<BookingCancelled>;
  /** A payment is being made. */
  'payment.processing': Durable<PaymentProcessing>;
  /** A payment was made, refunded or disputed. */
  'payment.completed': Durable<PaymentCompleted>;
  /**
   * A payment failed.
   * It is not final; a later attempt may succeed.
   */
  'payment.failed': Durable<PaymentFailed>;
  /**
   * A notification.
   * The service itself makes booking_confirmed, booking_cancelled, payment_received and payment_failed, for both parties. The
   * back end adds its own.
   */
  'notification.new': Durable<Notification>;
  /**
   * A user came or went.
   * Going is told after a grace of 10 s. A new socket is told who is online.
   */
  'presence.update': (payload: PresenceUpdate) => void;
  /**
   * The token ends in 60 s.
   * Answer with auth.refresh, or let the connection end with the error TOKEN_EXPIRED and come back with a newer token.
   */
  'auth.expiring': (payload: TokenExpiring) => void;
  /**
   * What was missed is older than the retention.
   * Fetch lists and histories. What is still kept follows.
   */
  'sync.gap': Durable<SyncGap>;
  /** An event that asked for no acknowledgement was refused. */
  'error': (payload: Refusal) => void;
}

/** The events from the client: the second parameter of socket.io-client's `Socket`. */
export interface ClientToServer {
  /**
   * Write to a user.
   * Acknowledged only after the commit. Two users have one conversation, and the first message creates it. A message to someone
   * who never connected waits; one to oneself is a VALIDATION_ERROR. Send it with a `clientMessageId` until an answer comes: the
   * same key and text has the same answer, and is one message.
   */
  'message.new': (payload: NewMessage, ack: Ack<'message.new'>) => void;
  /**
   * Read everything up to a message.
   * A cursor that only advances. What was read already is answered with the time of the last advance, and tells nobody.
   */
  'message.read': (payload: ReadMessage, ack: Ack<'message.read'>) => void;
  /**
   * Say that one types.
   * Volatile. At most one sign per 2 s and conversation goes out; those in between are answered alike. Send either of the two ids.
   */
  'message.typing': (payload: Typing, ack?: Ack<'message.typing'>) => void;
  /**
   * Read a conversation's messages.
   * Ascending by seq. With `after`, the lowest above it; else the highest below `before`, or the newest.
   */
  'message.history': (payload: HistoryQuery, ack: Ack<'message.history'>) => void;
  /** List one's conversations, newest first. */
  'conversation.list': (payload: PageQuery, ack: Ack<'conversation.list'>) => void;
  /**
   * List one's active bookings with their payments.
   * Those that are pending, confirmed or active, and in which the user is boater or owner.
   */
  'booking.list': (payload: BookingQuery, ack: Ack<'booking.list'>) => void;
  /** List one's notifications, newest first. */
  'notification.list': (payload: PageQuery, ack: Ack<'notification.list'>) => void;
  /**
   * Mark a notification as read.
   * The first time counts; later ones are answered with it.
   */
  'notification.read': (payload: ReadNotification, ack: Ack<'notification.read'>) => void;
  /**
   * Fetch the durable events after a position.
   * For clients without connection state recovery. Ask again from the answer's position while there is more.
   */
  'sync': (payload: SyncQuery, ack: Ack<'sync'>) => void;
  /** Go on with a newer token of the same user. */
  'auth.refresh': (payload: NewToken, ack: Ack<'auth.refresh'>) => void;
  /**
   * Block a user.
   * Messages get FORBIDDEN, and read marks, typing and presence stop, both ways. Again is harmless.
   */
  'user.block': (payload: OtherUser, ack: Ack<'user.block'>) => void;
  /** Take a block back. */
  'user.unblock': (payload: OtherUser, ack: Ack<'user.unblock'>) => void;
}
