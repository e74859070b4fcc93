import type { Backend } from '../backend';
import type { Message, Notification, PresenceUpdate } from '../contract';
import { movesFor, type Move } from '../rules';
import { otherRole, type Player, type Role, type Session } from '../session';
import { Bookings } from './bookings';
import { Connection } from './connection';
import { Inbox } from './inbox';
import { Thread, type Draft } from './thread';

const typingLasts = 4000;
const typingEvery = 2000;

/** One of the two people: a connection, what it has told so far, and what the person can do. */
export class Person {
  readonly me: Player;
  readonly other: Player;
  readonly connection: Connection;
  readonly thread: Thread;
  readonly bookings = new Bookings();
  readonly inbox = new Inbox();
  /** Undefined until the server tells. It tells a new connection who is online. */
  presence: PresenceUpdate | undefined;
  otherTypes = false;
  /** What arrived by catching up after the last drop; undefined before the first. */
  caughtUp: number | undefined;
  trouble = '';
  /** Whether the lists have been fetched once: until then an empty one means nothing. */
  loaded = false;

  private attending = false;
  private askedToRead = 0;
  private typingSince = 0;
  private typingTimer = 0;
  private connects = 0;
  /** Events since the last connect: until the lists are fetched, they are what was missed. */
  private heard = 0;

  constructor(
    readonly role: Role,
    session: Session,
    private readonly backend: Backend,
    private readonly changed: () => void,
  ) {
    this.me = session[role];
    this.other = session[otherRole(role)];
    this.thread = new Thread(this.me.id);
    this.connection = new Connection(this.me.token, changed);
    this.listen();
  }

  get moves(): Move[] {
    return movesFor(this.role, this.bookings.shown, this.bookings.payment);
  }

  send(content: string): void {
    const draft: Draft = { clientMessageId: crypto.randomUUID(), content };
    this.thread.drafts.push(draft);
    this.typingSince = 0;
    this.deliver(draft);
  }

  sendAgain(draft: Draft): void {
    delete draft.failure;
    this.deliver(draft);
  }

  /** Tells the other person, at most once in two seconds, and only while somebody can hear it. */
  type(): void {
    const { conversationId } = this.thread;
    if (!conversationId || Date.now() - this.typingSince < typingEvery) return;
    this.typingSince = Date.now();
    this.connection.socket.volatile.emit('message.typing', { conversationId });
  }

  /** Says whether the person is looking: what is looked at becomes read. */
  attend(attending: boolean): void {
    this.attending = attending;
    this.read();
  }

  make(move: Move): void {
    const booking = this.bookings.shown;
    if (!booking) return;
    if ('booking' in move) this.run(this.backend.moveBooking(booking.bookingId, move.booking, move.reason));
    else this.run(this.movePayment(booking.bookingId, move));
  }

  readNotification({ notificationId }: Notification): void {
    this.run(
      this.connection
        .ask('notification.read', { notificationId })
        .then(({ readAt }) => this.inbox.markRead(notificationId, readAt)),
    );
  }

  private async movePayment(bookingId: string, move: Extract<Move, { payment: unknown }>): Promise<void> {
    const paymentId = this.bookings.payment?.paymentId ?? crypto.randomUUID();
    await this.backend.movePayment(paymentId, bookingId, move.payment, move.error);
  }

  /** Runs what the person asked for, and shows on the screen why it failed. */
  private run(work: Promise<unknown>): void {
    const settle = (trouble: string) => {
      this.trouble = trouble;
      this.changed();
    };
    work.then(
      () => settle(''),
      (error: Error) => settle(error.message),
    );
  }

  private deliver(draft: Draft): void {
    const recipientId = this.other.id;
    this.connection
      .ask('message.new', { recipientId, content: draft.content, type: 'text', clientMessageId: draft.clientMessageId })
      .then((receipt) => this.thread.accept(draft, recipientId, receipt))
      .catch((error: Error) => (draft.failure = error.message))
      .finally(this.changed);
    this.changed();
  }

  private listen(): void {
    const { socket } = this.connection;
    const { bookings, thread, inbox } = this;
    const tell =
      <Payload>(apply: (payload: Payload) => void) =>
      (payload: Payload) => {
        apply(payload);
        this.changed();
      };
    const hear = <Payload>(apply: (payload: Payload) => void) =>
      tell((payload: Payload) => {
        this.heard++;
        apply(payload);
      });
    socket.on('connect', () => this.run(this.catchUp()));
    socket.on('disconnect', () => this.forgetTheOther());
    socket.on('message.new', hear((message) => this.receive(message)));
    socket.on('message.read', tell(({ userId, seq }) => thread.applyRead(userId, seq)));
    socket.on('message.typing', tell(({ userId }) => this.startTyping(userId)));
    socket.on('booking.created', hear((booking) => bookings.apply(booking)));
    socket.on('booking.updated', hear((booking) => bookings.apply(booking)));
    socket.on('booking.cancelled', hear((booking) => bookings.apply({ ...booking, status: 'cancelled' })));
    socket.on('payment.processing', hear((payment) => bookings.applyPayment({ ...payment, status: 'processing' })));
    socket.on('payment.completed', hear((payment) => bookings.applyPayment(payment)));
    socket.on('payment.failed', hear((payment) => bookings.applyPayment({ ...payment, status: 'failed' })));
    socket.on('notification.new', hear((notification) => inbox.add(notification)));
    socket.on('presence.update', tell((presence) => this.see(presence)));
    socket.on('error', tell(({ message }) => (this.trouble = message)));
  }

  /**
   * After a drop the server tells what was missed. The lists are fetched all the same, for a connection that could
   * not resume; what they add counts too.
   */
  private async catchUp(): Promise<void> {
    const connects = ++this.connects;
    this.askedToRead = 0;
    this.heard = 0;
    const messages = await this.fetchMessages();
    const notifications = await this.fetchNotifications();
    const bookings = await this.fetchBookings();
    this.loaded = true;
    if (connects > 1 && connects === this.connects) this.caughtUp = this.heard + messages + notifications + bookings;
  }

  private async fetchMessages(): Promise<number> {
    let after = this.thread.completeUpTo;
    const { conversations } = await this.connection.ask('conversation.list', {});
    const ours = conversations.find(({ otherUserId }) => otherUserId === this.other.id);
    if (!ours) return 0;
    this.thread.applyMarks(ours);
    let count = 0;
    for (let more = true; more; ) {
      const query = { conversationId: ours.conversationId, ...(after !== undefined && { after }) };
      const { messages, hasMore } = await this.connection.ask('message.history', query);
      count += messages.filter((message) => this.thread.add(message)).length;
      more = hasMore && after !== undefined;
      after = messages.at(-1)?.seq ?? after;
    }
    this.read();
    return count;
  }

  private async fetchBookings(): Promise<number> {
    const { bookings } = await this.connection.ask('booking.list', {});
    let count = 0;
    for (const { payments, ...booking } of bookings.sort((a, b) => a.timestamp.localeCompare(b.timestamp))) {
      count += Number(this.bookings.apply(booking));
      for (const payment of payments)
        count += Number(this.bookings.applyPayment({ ...payment, bookingId: booking.bookingId }));
    }
    const listed = new Set(bookings.map(({ bookingId }) => bookingId));
    return count + this.bookings.endAllBut(listed, this.inbox.cancelledBookings);
  }

  private async fetchNotifications(): Promise<number> {
    const { notifications } = await this.connection.ask('notification.list', {});
    return notifications.filter((notification) => this.inbox.add(notification)).length;
  }

  /** Moves the read mark to the newest message while the person is looking. */
  private read(): void {
    const newest = this.thread.unread.at(-1);
    if (!this.attending || !newest || newest.seq <= this.askedToRead) return;
    this.askedToRead = newest.seq;
    this.run(
      this.connection
        .ask('message.read', { messageId: newest.messageId })
        .then(() => this.thread.applyRead(this.me.id, newest.seq)),
    );
  }

  private receive(message: Message): void {
    this.thread.add(message);
    this.stopTyping();
    this.read();
  }

  private see(presence: PresenceUpdate): void {
    if (presence.userId === this.other.id) this.presence = presence;
  }

  /** Of what is told once and not stored nothing is known while the line is cut. */
  private forgetTheOther(): void {
    this.stopTyping();
    this.presence = undefined;
  }

  private startTyping(userId: string): void {
    if (userId !== this.other.id) return;
    this.otherTypes = true;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => {
      this.stopTyping();
      this.changed();
    }, typingLasts);
  }

  private stopTyping(): void {
    clearTimeout(this.typingTimer);
    this.otherTypes = false;
  }
}
