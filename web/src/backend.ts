import type { BookingStatus, PaymentStatus, Refusal } from './contract';
import type { Session } from './session';

/** One call of the marketplace's back end, for the line at the foot of the page. */
export interface Call {
  path: string;
  status: number;
  milliseconds: number;
}

/** What a stay at the dock costs, in minor units. */
export const price = { amount: 12_000, currency: 'eur' };

/** The marketplace's back end: in real life a server of its own, here the buttons of the page. */
export class Backend {
  constructor(
    private readonly session: Session,
    private readonly called: (call: Call) => void,
  ) {}

  async moveBooking(bookingId: string, status: BookingStatus, reason?: string): Promise<void> {
    const { listing, boater, owner } = this.session;
    await this.put(`/v1/bookings/${bookingId}`, {
      listingId: listing.id,
      boaterId: boater.id,
      ownerId: owner.id,
      status,
      ...(reason && { reason }),
    });
  }

  async movePayment(paymentId: string, bookingId: string, status: PaymentStatus, error?: string): Promise<void> {
    await this.put(`/v1/payments/${paymentId}`, { bookingId, ...price, status, ...(error && { error }) });
  }

  /** Kills the server's process; another goes on with what was stored. The answer may die with it. */
  async restartServer(): Promise<void> {
    await fetch('/demo/restart', { method: 'POST' }).catch(() => undefined);
  }

  private async put(path: string, body: object): Promise<void> {
    const start = performance.now();
    const response = await fetch(path, {
      method: 'PUT',
      headers: {
        Authorization: `Bearer ${this.session.serviceKey}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': crypto.randomUUID(),
      },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { error?: Refusal };
    this.called({ path, status: response.status, milliseconds: Math.round(performance.now() - start) });
    if (answer.error) throw new Error(answer.error.message);
  }
}
