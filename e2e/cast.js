// One server for a test file, and fresh people for each test.
import { after, before, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { Client, transports } from './client.js';
import { Server } from './server.js';

/** Starts a server before the file's tests and stops it after them. */
export function stage(options) {
  const held = {};
  before(async () => {
    held.server = await Server.start(options);
  });
  after(() => held.server?.stop());
  return held;
}

/** Runs a test once for each way the stock client can connect. */
export function overEachTransport(name, held, play) {
  for (const way of Object.keys(transports)) {
    test(`${name} (${way})`, { timeout: 60_000 }, (t) => play(new Cast(t, held.server, way)));
  }
}

/** Two people and a dock, made up for one test. What connects here is checked and closed at its end. */
export class Cast {
  boater = randomUUID();
  owner = randomUUID();
  listing = randomUUID();

  constructor(t, server, way = 'websocket') {
    this.t = t;
    this.server = server;
    this.transports = transports[way];
  }

  connect(user, options) {
    return this.connectThrough(this.server.url, user, options);
  }

  async connectThrough(url, user, options = {}) {
    const auth = { token: this.server.token(user) };
    const client = await Client.connect(url, { transports: this.transports, auth, ...options });
    this.t.after(() => {
      client.close();
      client.checkPositions();
    });
    return client;
  }

  /** Both people, connected. */
  async pair() {
    return Promise.all([this.connect(this.boater), this.connect(this.owner)]);
  }

  say(from, to, content, more = {}) {
    return from.ask('message.new', { recipientId: to, content, type: 'text', ...more });
  }

  booking(id, status, more = {}) {
    const { listing, boater, owner } = this;
    return this.server.put(`/v1/bookings/${id}`, { listingId: listing, boaterId: boater, ownerId: owner, status, ...more });
  }

  payment(id, bookingId, status, more = {}) {
    return this.server.put(`/v1/payments/${id}`, { bookingId, amount: 12_000, currency: 'eur', status, ...more });
  }

  notify(userId, title = 'A title') {
    return this.server.post('/v1/notifications', { userId, type: 'review_received', title, body: 'A body', data: { stars: 5 } });
  }

  /** The same for each title, one after the other. */
  async notifyEach(userId, ...titles) {
    for (const title of titles) await this.notify(userId, title);
  }

  /** Waits until a client has been told everything that was committed before now. */
  async settle(client, user) {
    const { notificationId } = await this.notify(user, 'fence');
    await client.next('notification.new', (notification) => notification.notificationId === notificationId);
  }
}
