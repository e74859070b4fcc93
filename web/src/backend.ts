import type { BookingStatus, PaymentStatus, Presence, Refusal } from './contract';
import type { Session } from './session';

/** One call of the marketplace's back end, for the line at the foot of the page. */
export interface Call {
  method: string;
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
    await this.call('PUT', `/v1/bookings/${bookingId}`, {
      listingId: listing.id,
      boaterId: boater.id,
      ownerId: owner.id,
      status,
      ...(reason && { reason }),
    });
  }

  async movePayment(paymentId: string, bookingId: string, status: PaymentStatus, error?: string): Promise<void> {
    await this.call('PUT', `/v1/payments/${paymentId}`, { bookingId, ...price, status, ...(error && { error }) });
  }

  async presence(userId: string): Promise<Presence> {
    return (await this.call('GET', `/v1/users/${userId}/presence`)) as Presence;
  }

  private async call(method: string, path: string, body?: object): Promise<unknown> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.session.serviceKey}` };
    if (body) {
      headers['Content-Type'] = 'application/json';
      headers['Idempotency-Key'] = crypto.randomUUID();
    }
    const start = performance.now();
    const response = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const milliseconds = Math.round(performance.now() - start);
    this.called({ method, path, status: response.status, milliseconds });
    const answer = (await response.json()) as { error?: Refusal };
    if (answer.error) throw new Error(answer.error.message);
    return answer;
  }
}
