import type { Booking, BookingStatus, Payment, PaymentStatus } from './contract';
import type { Role } from './session';

/** A step that a person may ask the back end for now. */
export type Move =
  | { label: string; tone: Tone; booking: BookingStatus; reason?: string }
  | { label: string; tone: Tone; payment: PaymentStatus; error?: string };

type Tone = 'main' | 'plain' | 'danger';

interface Situation {
  booking: Booking;
  payment: Payment | undefined;
}

interface Rule {
  by: Role;
  when(now: Situation): boolean;
  move: Move;
}

const running = (status: BookingStatus) => status === 'pending' || status === 'confirmed' || status === 'active';

const bookingIs = (...statuses: BookingStatus[]) => (now: Situation) => statuses.includes(now.booking.status);

const paymentIs = (...statuses: PaymentStatus[]) => (now: Situation) =>
  now.payment !== undefined && statuses.includes(now.payment.status);

const mayPay = (now: Situation) => running(now.booking.status) && (!now.payment || paymentIs('failed', 'pending')(now));

// The state machines of the contract, as far as two people and a card go.
const rules: Rule[] = [
  { by: 'owner', when: bookingIs('pending'), move: { label: 'Confirm', tone: 'main', booking: 'confirmed' } },
  { by: 'owner', when: bookingIs('confirmed'), move: { label: 'Boat is here', tone: 'main', booking: 'active' } },
  { by: 'owner', when: bookingIs('active'), move: { label: 'Complete', tone: 'main', booking: 'completed' } },
  { by: 'owner', when: paymentIs('completed'), move: { label: 'Refund', tone: 'plain', payment: 'refunded' } },
  {
    by: 'owner',
    when: (now) => bookingIs('completed', 'cancelled')(now) && paymentIs('refunded')(now),
    move: { label: 'Close as refunded', tone: 'plain', booking: 'refunded' },
  },
  {
    by: 'owner',
    when: bookingIs('pending', 'confirmed', 'active'),
    move: { label: 'Cancel', tone: 'danger', booking: 'cancelled', reason: 'Cancelled by the owner' },
  },
  { by: 'boater', when: mayPay, move: { label: 'Pay', tone: 'main', payment: 'processing' } },
  {
    by: 'boater',
    when: paymentIs('processing'),
    move: { label: 'Card accepted', tone: 'main', payment: 'completed' },
  },
  {
    by: 'boater',
    when: paymentIs('processing'),
    move: { label: 'Card declined', tone: 'plain', payment: 'failed', error: 'card_declined: the bank said no' },
  },
  {
    by: 'boater',
    when: bookingIs('pending', 'confirmed', 'active'),
    move: { label: 'Cancel', tone: 'danger', booking: 'cancelled', reason: 'Cancelled by the boater' },
  },
];

/** The moves that are legal now and that this person would make. */
export function movesFor(role: Role, booking: Booking | undefined, payment: Payment | undefined): Move[] {
  if (!booking) return [];
  return rules.filter((rule) => rule.by === role && rule.when({ booking, payment })).map((rule) => rule.move);
}
