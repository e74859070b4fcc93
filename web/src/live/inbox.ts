import type { Notification } from '../contract';

/** A person's notifications, newest first, each once. */
export class Inbox {
  private readonly byId = new Map<string, Notification>();

  /** False when it is known already; a read mark is taken over all the same. */
  add(notification: Notification): boolean {
    const known = this.byId.has(notification.notificationId);
    if (!known || notification.readAt) this.byId.set(notification.notificationId, notification);
    return !known;
  }

  markRead(notificationId: string, readAt: string): void {
    const notification = this.byId.get(notificationId);
    if (notification) notification.readAt = readAt;
  }

  get all(): Notification[] {
    return [...this.byId.values()].sort((a, b) => b.timestamp.localeCompare(a.timestamp));
  }

  get unreadCount(): number {
    return this.all.filter(({ readAt }) => !readAt).length;
  }

  /** The bookings of which a notification says that they were cancelled. */
  get cancelledBookings(): Set<string> {
    const ids = this.all.filter(({ type }) => type === 'booking_cancelled').map(({ data }) => String(data['bookingId']));
    return new Set(ids);
  }
}
