import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { overEachTransport, stage } from './cast.js';
import { assertShape, time, uuid } from './shape.js';

const held = stage();

overEachTransport('a booking is followed by both parties and by nobody else', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const stranger = await cast.connect(randomUUID());
  const bookingId = randomUUID();
  const told = async (event, shape) => {
    for (const client of [boater, owner]) assertShape(await client.next(event), { bookingId, timestamp: time, ...shape });
  };
  await cast.booking(bookingId, 'pending');
  await told('booking.created', { listingId: cast.listing, status: 'pending', version: 1 });
  await cast.booking(bookingId, 'confirmed');
  await told('booking.updated', { status: 'confirmed', version: 2 });
  for (const client of [boater, owner]) {
    assertShape(await client.next('notification.new'), { notificationId: uuid, type: 'booking_confirmed', title: /./, timestamp: time });
  }
  await cast.booking(bookingId, 'active');
  await told('booking.updated', { status: 'active', version: 3 });
  await cast.booking(bookingId, 'active');
  await cast.booking(bookingId, 'completed');
  await told('booking.updated', { status: 'completed', version: 4 });
  for (const [client, user] of [[boater, cast.boater], [owner, cast.owner]]) {
    await cast.settle(client, user);
    assert.deepEqual(client.untaken(), [], 'the same state again makes no event');
  }
  assert.deepEqual(stranger.untaken(), []);
});

overEachTransport('a cancellation is told with its reason, instead of an update', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const bookingId = randomUUID();
  await cast.booking(bookingId, 'pending');
  await cast.booking(bookingId, 'cancelled', { reason: 'Storm' });
  for (const client of [boater, owner]) {
    await client.next('booking.created');
    assertShape(await client.next('booking.cancelled'), { bookingId, reason: 'Storm', version: 2, timestamp: time });
    assertShape(await client.next('notification.new'), { type: 'booking_cancelled' });
    assert.deepEqual(client.untaken(), []);
  }
});

overEachTransport('the rooms follow the bookings', held, async (cast) => {
  const bookingId = randomUUID();
  await cast.booking(bookingId, 'pending'); // before anybody is there
  const [boater, owner] = await cast.pair();
  const announce = (n) => cast.server.post('/v1/events', { event: 'dock.weather', data: { n }, bookingId, durable: false });
  await announce(1);
  for (const client of [boater, owner]) assert.deepEqual(await client.next('dock.weather'), { n: 1 });
  for (const client of [boater, owner]) assertShape(await client.next('booking.created'), { bookingId });
  const second = randomUUID();
  await cast.booking(second, 'pending'); // joins the open sockets at once
  for (const client of [boater, owner]) assertShape(await client.next('booking.created'), { bookingId: second });
  await cast.server.post('/v1/events', { event: 'dock.inspected', data: { n: 2 }, bookingId: second });
  for (const client of [boater, owner]) assert.deepEqual(await client.next('dock.inspected'), { n: 2 });
});

overEachTransport('the active bookings are listed with their payments', held, async (cast) => {
  const boater = await cast.connect(cast.boater);
  const [first, second, paymentId] = [randomUUID(), randomUUID(), randomUUID()];
  const put = await cast.booking(first, 'pending');
  assertShape(put, { bookingId: first, status: 'pending', version: 1, boaterId: cast.boater, ownerId: cast.owner });
  await cast.booking(second, 'pending');
  await cast.payment(paymentId, first, 'processing');
  await cast.booking(second, 'cancelled');
  const { bookings } = await boater.ask('booking.list', {});
  assert.equal(bookings.length, 1);
  assertShape(bookings[0], {
    bookingId: first,
    listingId: cast.listing,
    boaterId: cast.boater,
    ownerId: cast.owner,
    status: 'pending',
    version: 1,
    timestamp: time,
  });
  assertShape(bookings[0].payments[0], { paymentId, amount: 12_000, currency: 'eur', status: 'processing' });
});

overEachTransport('a payment is told in each of its states', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const [bookingId, paymentId] = [randomUUID(), randomUUID()];
  const money = { paymentId, bookingId, amount: 12_000, currency: 'eur', timestamp: time };
  const told = async (event, shape) => {
    for (const client of [boater, owner]) assertShape(await client.next(event), shape);
  };
  await cast.booking(bookingId, 'pending');
  await told('booking.created', {});
  const { version: v0 } = await cast.payment(paymentId, bookingId, 'pending'); // makes no event
  await cast.payment(paymentId, bookingId, 'processing');
  await told('payment.processing', { ...money, version: v0 + 1 });
  await cast.payment(paymentId, bookingId, 'failed', { error: 'card_declined: try another card' });
  await told('payment.failed', { paymentId, bookingId, error: /card_declined/, version: v0 + 2, timestamp: time });
  await told('notification.new', { type: 'payment_failed' });
  await cast.payment(paymentId, bookingId, 'completed');
  await told('payment.completed', { ...money, status: 'completed', version: v0 + 3 });
  await told('notification.new', { type: 'payment_received' });
  for (const status of ['partially_refunded', 'disputed', 'refunded']) {
    await cast.payment(paymentId, bookingId, status);
    await told('payment.completed', { ...money, status });
  }
  for (const client of [boater, owner]) assert.deepEqual(client.untaken(), []);
});

overEachTransport('notifications are told, listed in pages, and read', held, async (cast) => {
  const boater = await cast.connect(cast.boater);
  const ids = [];
  for (const title of ['one', 'two', 'three']) ids.push((await cast.notify(cast.boater, title)).notificationId);
  for (const [index, title] of ['one', 'two', 'three'].entries()) {
    assertShape(await boater.next('notification.new'), {
      notificationId: ids[index],
      type: 'review_received',
      title,
      body: 'A body',
      data: { stars: 5 },
      timestamp: time,
    });
  }
  const first = await boater.ask('notification.list', { limit: 2 });
  assert.deepEqual(first.notifications.map(({ title }) => title), ['three', 'two']);
  assert.equal(first.unreadCount, 3);
  const rest = await boater.ask('notification.list', { limit: 2, cursor: first.cursor });
  assert.deepEqual(rest.notifications.map(({ title }) => title), ['one']);
  assert.equal(rest.cursor, undefined);
  const receipt = await boater.ask('notification.read', { notificationId: ids[1] });
  assertShape(receipt, { notificationId: ids[1], readAt: time });
  const { notifications, unreadCount } = await boater.ask('notification.list', {});
  assert.equal(unreadCount, 2);
  assert.deepEqual(notifications.map(({ readAt }) => readAt), [undefined, receipt.readAt, undefined]);
});

overEachTransport("a person's notification is closed to another person", held, async (cast) => {
  const owner = await cast.connect(cast.owner);
  const { notificationId } = await cast.notify(cast.boater);
  const foreign = await owner.ask('notification.read', { notificationId });
  const absent = await owner.ask('notification.read', { notificationId: randomUUID() });
  assert.equal(foreign.error.code, 'NOT_FOUND');
  assert.deepEqual(foreign, absent);
});

overEachTransport("an application's event reaches its user, durable unless it says no", held, async (cast) => {
  const [boater, owner] = await cast.pair();
  await cast.server.post('/v1/events', { event: 'dock.inspected', data: { by: 'Harbour master' }, userId: cast.boater });
  await cast.server.post('/v1/events', { event: 'dock.weather', data: { wind: 7 }, userId: cast.boater, durable: false });
  assert.deepEqual(await boater.next('dock.inspected'), { by: 'Harbour master' });
  assert.deepEqual(await boater.next('dock.weather'), { wind: 7 });
  assert.deepEqual(owner.untaken(), []);
});
