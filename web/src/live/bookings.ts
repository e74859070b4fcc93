import type { Booking, Payment } from '../contract';

const ended = new Set(['completed', 'cancelled', 'refunded']);

/** The bookings of a person and their payments: a change counts only when its version is higher. */
export class Bookings {
  private readonly bookings = new Map<string, Booking>();
  private readonly payments = new Map<string, Payment>();
  private shownId: string | undefined;

  /** False when the change is known already, or older than what is known. */
  apply(change: Booking): boolean {
    if ((this.bookings.get(change.bookingId)?.version ?? 0) >= change.version) return false;
    if (change.version === 1 || !this.shownId) this.shownId = change.bookingId;
    this.bookings.set(change.bookingId, change);
    return true;
  }

  applyPayment(change: Payment): boolean {
    const known = this.payments.get(change.paymentId);
    if ((known?.version ?? 0) >= change.version) return false;
    const { error: _, ...amounts } = known ?? {};
    this.payments.set(change.paymentId, { ...amounts, ...change });
    return true;
  }

  /**
   * Ends the bookings that are no longer in the list of active ones: cancelled when a notification
   * said so, else completed, as there is no third way out. Returns how many.
   */
  endAllBut(listed: Set<string>, cancelled: Set<string>): number {
    const gone = [...this.bookings.values()].filter(({ bookingId, status }) => !listed.has(bookingId) && !ended.has(status));
    for (const booking of gone) booking.status = cancelled.has(booking.bookingId) ? 'cancelled' : 'completed';
    return gone.length;
  }

  /** The booking on the screen: the newest this person heard of. */
  get shown(): Booking | undefined {
    return this.bookings.get(this.shownId ?? '');
  }

  /** The payment of the shown booking. */
  get payment(): Payment | undefined {
    return [...this.payments.values()].findLast(({ bookingId }) => bookingId === this.shownId);
  }
}
