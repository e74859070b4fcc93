// What this page keeps of the contract's payloads; on the wire they are as @dokkerr/realtime says.
import type * as wire from '@dokkerr/realtime';

export type {
  BookingStatus, ClientToServer, Conversation, Message, Notification, PaymentStatus, PresenceUpdate, Refusal, Reply, Requests, ServerToClient,
} from '@dokkerr/realtime';

/** A booking as its events and the list have told it. */
export type Booking = Pick<wire.Booking, 'bookingId' | 'status' | 'version' | 'timestamp'> & Partial<Pick<wire.BookingCancelled, 'reason'>>;

/** A payment as its events and the list have told it. */
export type Payment = Pick<wire.Payment, 'paymentId' | 'bookingId' | 'status' | 'version'> &
  Partial<Pick<wire.Payment, 'amount' | 'currency'> & Pick<wire.PaymentFailed, 'error'>>;
