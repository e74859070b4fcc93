import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Cast, stage } from './cast.js';
import { assertShape, time, uuid } from './shape.js';

const held = stage();

/** Each route with a request that must succeed. */
function routes(cast, bookingId) {
  const { boater: boaterId, owner: ownerId, listing: listingId } = cast;
  return [
    ['PUT', `/v1/bookings/${bookingId}`, { listingId, boaterId, ownerId, status: 'pending' }],
    ['PUT', `/v1/payments/${randomUUID()}`, { bookingId, amount: 500, currency: 'eur', status: 'processing' }],
    ['POST', '/v1/notifications', { userId: boaterId, type: 'review_received', title: 'Five stars', body: 'A good berth' }],
    ['POST', '/v1/events', { event: 'dock.inspected', data: {}, userId: boaterId }],
    ['GET', `/v1/users/${boaterId}/presence`],
    ['POST', `/v1/users/${boaterId}/disconnect`, {}],
    ['GET', `/v1/users/${boaterId}/export`],
    ['DELETE', `/v1/users/${randomUUID()}`],
    ['GET', '/v1/metrics'],
  ];
}

test('only a service key opens a route', async (t) => {
  const cast = new Cast(t, held.server);
  for (const [method, path, body] of routes(cast, randomUUID())) {
    for (const key of ['', 'x'.repeat(72), cast.server.token(cast.boater, { role: 'admin' })]) {
      const answer = await cast.server.call(method, path, body, { key });
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(answer.body.error.code, 'AUTH_ERROR');
    }
    const answer = await cast.server.call(method, path, body);
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
  }
});

test('a repeated write has one effect and one answer', async (t) => {
  const cast = new Cast(t, held.server);
  const client = await cast.connect(cast.boater);
  for (const [method, path, body] of routes(cast, randomUUID()).filter(([method]) => ['PUT', 'POST'].includes(method))) {
    const once = { idempotencyKey: randomUUID() };
    const first = await cast.server.call(method, path, body, once);
    assert.ok(first.status < 300, `${method} ${path}: ${JSON.stringify(first)}`);
    assert.deepEqual(await cast.server.call(method, path, body, once), first, `${method} ${path}`);
    const other = await cast.server.call(method, path, { ...body, ...otherOf(body) }, once);
    assert.equal(other.status, 409, `${method} ${path}`);
    assert.equal(other.body.error.code, 'IDEMPOTENCY_CONFLICT');
  }
  assert.equal(client.socket.connected, false, 'disconnected by the back end');
  for (const event of ['booking.created', 'payment.processing', 'notification.new', 'dock.inspected']) await client.next(event);
  assert.deepEqual(client.untaken(), []);
});

/** A change to a body that keeps it valid. */
function otherOf(body) {
  if (body.status) return { status: body.amount ? 'failed' : 'confirmed' };
  if (body.title) return { title: 'Four stars' };
  return body.event ? { data: { other: true } } : { sessionId: 'another' };
}

test('a booking moves only as the contract says', async (t) => {
  const cast = new Cast(t, held.server);
  const put = async (id, status, more) => {
    const body = { listingId: cast.listing, boaterId: cast.boater, ownerId: cast.owner, status, ...more };
    const answer = await cast.server.call('PUT', `/v1/bookings/${id}`, body);
    return answer.body.error?.code ?? answer.body.status;
  };
  const id = randomUUID();
  assert.equal(await put(id, 'pending', { version: 1 }), 'CONFLICT', 'version 0 creates');
  assert.equal(await put(id, 'pending', { version: 0 }), 'pending');
  assert.equal(await put(id, 'active'), 'CONFLICT', 'pending cannot become active');
  assert.equal(await put(id, 'confirmed', { version: 0 }), 'CONFLICT', 'version 1 is replaced');
  assert.equal(await put(id, 'confirmed', { version: 1 }), 'confirmed');
  assert.equal(await put(id, 'confirmed'), 'confirmed');
  assert.equal(await put(id, 'active', { boaterId: randomUUID() }), 'CONFLICT', 'the parties are fixed');
  assert.equal(await put(id, 'active'), 'active');
  assert.equal(await put(id, 'completed'), 'completed');
  assert.equal(await put(id, 'cancelled'), 'CONFLICT', 'completed is final');
  assert.equal(await put(id, 'refunded'), 'CONFLICT', 'nothing was paid');
  assert.equal(await put(randomUUID(), 'floating'), 'VALIDATION_ERROR');
});

test('a payment moves only as the contract says', async (t) => {
  const cast = new Cast(t, held.server);
  const bookingId = randomUUID();
  const id = randomUUID();
  const put = async (status, more) => {
    const body = { bookingId, amount: 500, currency: 'eur', status, ...more };
    const answer = await cast.server.call('PUT', `/v1/payments/${id}`, body);
    return answer.body.error?.code ?? answer.body.status;
  };
  assert.equal(await put('pending'), 'NOT_FOUND', 'no such booking');
  await cast.booking(bookingId, 'pending');
  assert.equal(await put('pending', { amount: -1 }), 'VALIDATION_ERROR');
  assert.equal(await put('pending', { amount: 1.5 }), 'VALIDATION_ERROR');
  assert.equal(await put('pending'), 'pending');
  assert.equal(await put('refunded'), 'CONFLICT');
  assert.equal(await put('processing'), 'processing');
  assert.equal(await put('failed', { error: 'card_declined' }), 'failed');
  assert.equal(await put('completed'), 'completed', 'a failed attempt is not final');
  assert.equal(await put('failed', { error: 'late' }), 'CONFLICT', 'a late failure never overrides success');
  assert.equal(await put('refunded'), 'refunded');
  assert.equal(await put('completed'), 'CONFLICT');
});

test('a wrong body names the field', async (t) => {
  const cast = new Cast(t, held.server);
  const good = routes(cast, randomUUID());
  const cases = [
    [good[0], { status: undefined }, 'status'],
    [good[0], { boaterId: 'x' }, 'boaterId'],
    [good[1], { currency: 7 }, 'currency'],
    [good[1], { amount: 'much' }, 'amount'],
    [good[2], { userId: undefined }, 'userId'],
    [good[2], { title: 7 }, 'title'],
    [good[3], { data: 'text' }, 'data'],
    [good[3], { event: 'message.new' }, 'event'],
    [good[3], { event: 'connect' }, 'event'],
  ];
  for (const [[method, path, body], change, field] of cases) {
    const answer = await cast.server.call(method, path, { ...body, ...change });
    const said = `${path} ${JSON.stringify(change)}: ${JSON.stringify(answer.body)}`;
    assert.equal(answer.status, 400, said);
    assert.equal(answer.body.error.code, 'VALIDATION_ERROR', said);
    assert.equal(answer.body.error.path, field, said);
  }
});

test('answers have the shape of the contract', async (t) => {
  const cast = new Cast(t, held.server);
  const [booking, payment] = [randomUUID(), randomUUID()];
  assertShape(await cast.booking(booking, 'pending'), {
    bookingId: booking,
    listingId: cast.listing,
    boaterId: cast.boater,
    ownerId: cast.owner,
    status: 'pending',
    version: 1,
    timestamp: time,
  });
  assertShape(await cast.payment(payment, booking, 'processing'), {
    paymentId: payment,
    bookingId: booking,
    amount: 12_000,
    currency: 'eur',
    status: 'processing',
    version: 1,
  });
  assertShape(await cast.notify(cast.boater), { notificationId: uuid });
  const client = await cast.connect(cast.boater);
  await cast.say(client, cast.owner, 'Hello');
  const { body } = await cast.server.call('GET', '/v1/metrics');
  assert.ok(body.connections >= 1 && body.rooms >= 1, JSON.stringify(body));
  assert.ok(body.events['message.new'].in >= 1, JSON.stringify(body));
});

test('the document and the errors of strangers', async () => {
  const document = await held.server.call('GET', '/openapi.json', undefined, { key: '' });
  assert.equal(document.status, 200);
  for (const path of ['/v1/bookings/{id}', '/v1/payments/{id}', '/v1/notifications', '/v1/events']) {
    assert.ok(document.body.paths[path], path);
  }
  assert.equal((await held.server.call('GET', '/v1/nothing')).body.error.code, 'NOT_FOUND');
});
