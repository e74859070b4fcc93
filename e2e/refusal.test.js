// Bad input: every refusal names what is wrong, and the connection lives on.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { overEachTransport, stage } from './cast.js';

const held = stage();
const someone = randomUUID();
const message = { recipientId: someone, content: 'Hello', type: 'text' };

/** Per event: a payload and the path of the field that is wrong in it. */
const invalid = {
  'message.new': [
    [{ ...message, recipientId: undefined }, 'recipientId'],
    [{ ...message, recipientId: 7 }, 'recipientId'],
    [{ ...message, recipientId: 'nobody' }, 'recipientId'],
    [{ ...message, content: undefined }, 'content'],
    [{ ...message, content: '' }, 'content'],
    [{ ...message, content: ['Hello'] }, 'content'],
    [{ ...message, content: 'a\u0000b' }, 'content'],
    [{ ...message, content: 'x'.repeat(16 * 1024 + 1) }, 'content'],
    [{ ...message, type: undefined }, 'type'],
    [{ ...message, type: 'image' }, 'type'],
    [{ ...message, clientMessageId: 'short' }, 'clientMessageId'],
    [{ ...message, clientMessageId: 'x'.repeat(65) }, 'clientMessageId'],
    [{ ...message, clientMessageId: 1 }, 'clientMessageId'],
    [{ ...message, senderId: someone }, 'senderId'],
    [{ ...message, role: 'admin' }, 'role'],
    [{ ...message, seq: 1 }, 'seq'],
    [{ ...message, id: someone }, 'id'],
  ],
  'message.read': [
    [{}, 'messageId'],
    [{ messageId: 7 }, 'messageId'],
    [{ messageId: 'first' }, 'messageId'],
    [{ messageId: someone, seq: 3 }, 'seq'],
  ],
  'message.typing': [
    [{ conversationId: 7 }, 'conversationId'],
    [{ recipientId: {} }, 'recipientId'],
    [{ recipientId: someone, senderId: someone }, 'senderId'],
  ],
  'message.history': [
    [{}, 'conversationId'],
    [{ conversationId: 'ours' }, 'conversationId'],
    [{ conversationId: someone, before: 'x' }, 'before'],
    [{ conversationId: someone, after: 1.5 }, 'after'],
    [{ conversationId: someone, limit: 0 }, 'limit'],
    [{ conversationId: someone, limit: 101 }, 'limit'],
  ],
  'conversation.list': [
    [{ limit: -1 }, 'limit'],
    [{ limit: '10' }, 'limit'],
    [{ cursor: 7 }, 'cursor'],
    [{ cursor: 'not one of ours' }, 'cursor'],
  ],
  'booking.list': [[{ id: someone }, 'id']],
  'notification.list': [
    [{ limit: 101 }, 'limit'],
    [{ cursor: 'not one of ours' }, 'cursor'],
  ],
  'notification.read': [
    [{}, 'notificationId'],
    [{ notificationId: true }, 'notificationId'],
    [{ notificationId: 'it' }, 'notificationId'],
  ],
};

for (const [event, cases] of Object.entries(invalid)) {
  overEachTransport(`${event} names the field that is wrong`, held, async (cast) => {
    const client = await cast.connect(cast.boater);
    for (const [payload, path] of cases) {
      const { error } = await client.ask(event, payload);
      const sent = JSON.stringify(payload).slice(0, 120);
      assert.equal(error?.code, 'VALIDATION_ERROR', sent);
      assert.equal(error.path, path, sent);
      assert.equal(typeof error.message, 'string');
    }
    for (const args of [[null], ['text'], [7], [[]], [{}, {}], [Buffer.from('binary')], [{ ...message, content: Buffer.from('binary') }]]) {
      const { error } = await client.ask(event, ...args);
      assert.equal(error?.code, 'VALIDATION_ERROR', `${event} ${JSON.stringify(args)}`);
    }
    assert.deepEqual(await client.ask('booking.list', {}), { bookings: [] }, 'the connection lives on');
  });
}

overEachTransport('a message to oneself is refused', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  const { error } = await cast.say(client, cast.boater, 'Me again');
  assert.equal(error.code, 'VALIDATION_ERROR');
  assert.equal(error.path, 'recipientId');
});

overEachTransport('what only the server tells is forbidden, the unknown is not found', held, async (cast) => {
  const [client, owner] = await cast.pair();
  for (const event of ['booking.updated', 'booking.created', 'booking.cancelled', 'payment.completed', 'payment.failed']) {
    assert.equal((await client.ask(event, { bookingId: someone, status: 'confirmed' })).error.code, 'FORBIDDEN', event);
  }
  for (const event of ['message.delete', 'toString', '__proto__', 'room.join', 'error']) {
    assert.equal((await client.ask(event, {})).error.code, 'NOT_FOUND', event);
  }
  await cast.settle(owner, cast.owner);
  assert.deepEqual(owner.untaken(), []);
});

overEachTransport('without an ack wish a refusal is the event error', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  client.emit('message.new', { ...message, content: '' });
  assert.equal((await client.next('error')).code, 'VALIDATION_ERROR');
  client.emit('booking.updated', {});
  const refused = await client.next('error');
  assert.equal(refused.code, 'FORBIDDEN');
  assert.equal(typeof refused.message, 'string');
});
