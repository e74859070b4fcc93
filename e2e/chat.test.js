import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Cast, overEachTransport, stage } from './cast.js';
import { assertShape, time, uuid } from './shape.js';

const held = stage();

overEachTransport('a message reaches the other person, and its ack the sender', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const receipt = await cast.say(boater, cast.owner, 'Is the berth free? ⚓');
  assertShape(receipt, { messageId: uuid, conversationId: uuid, seq: 1, timestamp: time });
  assertShape(await owner.next('message.new'), {
    ...receipt,
    senderId: cast.boater,
    recipientId: cast.owner,
    content: 'Is the berth free? ⚓',
    type: 'text',
  });
  assert.equal((await cast.say(owner, cast.boater, 'It is')).seq, 2);
  assert.equal((await boater.next('message.new')).conversationId, receipt.conversationId);
  assert.deepEqual(boater.untaken(), [], 'the sending socket is not told of its own message');
});

overEachTransport('a message without an ack wish arrives too', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  boater.emit('message.new', { recipientId: cast.owner, content: 'Ahoy', type: 'text' });
  assert.equal((await owner.next('message.new')).content, 'Ahoy');
});

overEachTransport("the sender's other socket is told, the sending one is not", held, async (cast) => {
  const [phone, owner] = await cast.pair();
  const laptop = await cast.connect(cast.boater);
  const { messageId } = await cast.say(phone, cast.owner, 'From my phone');
  assert.equal((await laptop.next('message.new')).messageId, messageId);
  assert.equal((await owner.next('message.new')).messageId, messageId);
  await cast.settle(phone, cast.boater);
  assert.deepEqual(phone.untaken(), []);
});

overEachTransport('a message waits for someone who never connected', held, async (cast) => {
  const boater = await cast.connect(cast.boater);
  const { conversationId } = await cast.say(boater, cast.owner, 'Are you there?');
  const owner = await cast.connect(cast.owner);
  const { messages } = await owner.ask('message.history', { conversationId });
  assert.deepEqual(messages.map(({ content }) => content), ['Are you there?']);
});

overEachTransport('a clientMessageId is stored once', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const clientMessageId = randomUUID();
  const answers = await Promise.all([1, 2, 3].map(() => cast.say(boater, cast.owner, 'Once', { clientMessageId })));
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  const { error } = await cast.say(boater, cast.owner, 'Twice', { clientMessageId });
  assert.equal(error.code, 'IDEMPOTENCY_CONFLICT');
  await owner.next('message.new');
  await cast.settle(owner, cast.owner);
  assert.deepEqual(owner.untaken(), []);
});

overEachTransport('messages of one sender arrive in order', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
  const receipts = await Promise.all(texts.map((text) => cast.say(boater, cast.owner, text)));
  assert.deepEqual(receipts.map(({ seq }) => seq), texts.map((_, index) => index + 1));
  for (const text of texts) assert.equal((await owner.next('message.new')).content, text);
});

overEachTransport('reading is told to the sender and to the reader’s other sockets, and never goes back', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const ownersLaptop = await cast.connect(cast.owner);
  const first = await cast.say(boater, cast.owner, 'One');
  const second = await cast.say(boater, cast.owner, 'Two');
  const receipt = await owner.ask('message.read', { messageId: second.messageId });
  assertShape(receipt, { messageId: second.messageId, readAt: time });
  for (const client of [boater, ownersLaptop]) {
    assertShape(await client.next('message.read'), {
      ...receipt,
      conversationId: second.conversationId,
      userId: cast.owner,
      seq: second.seq,
    });
  }
  assertShape(await owner.ask('message.read', { messageId: first.messageId }), { messageId: first.messageId });
  await cast.settle(boater, cast.boater);
  assert.deepEqual(boater.untaken(), []);
});

/** A typing sign may be lost, as when a poll is just on its way: a person who types on gives the next one. */
async function typeUntilHeard(typist, listener, payload) {
  for (let tries = 0; tries < 5; tries++) {
    assert.deepEqual(await typist.ask('message.typing', payload), {});
    const sign = await listener.nextWithin(2100, 'message.typing').catch(() => undefined);
    if (sign) return sign;
  }
  return assert.fail('five typing signs were lost');
}

overEachTransport('typing is told to the other person only, at most once in two seconds', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const { conversationId } = await cast.say(boater, cast.owner, 'Wait');
  await owner.next('message.new');
  assertShape(await typeUntilHeard(boater, owner, { conversationId }), { userId: cast.boater, conversationId });
  assert.deepEqual(await boater.ask('message.typing', { recipientId: cast.owner }), {}, 'the second in two seconds');
  assertShape(await typeUntilHeard(owner, boater, { recipientId: cast.boater }), { userId: cast.owner, conversationId });
  await cast.settle(owner, cast.owner);
  assert.deepEqual(owner.untaken(), []);
});

overEachTransport('history is cut by exclusive bounds', held, async (cast) => {
  const boater = await cast.connect(cast.boater);
  let conversationId;
  for (let n = 1; n <= 5; n++) ({ conversationId } = await cast.say(boater, cast.owner, `${n}`));
  const page = async (query) => {
    const { messages, hasMore } = await boater.ask('message.history', { conversationId, ...query });
    return [messages.map(({ seq }) => seq), hasMore];
  };
  assert.deepEqual(await page({}), [[1, 2, 3, 4, 5], false]);
  assert.deepEqual(await page({ limit: 2 }), [[4, 5], true]);
  assert.deepEqual(await page({ after: 2 }), [[3, 4, 5], false]);
  assert.deepEqual(await page({ after: 2, limit: 2 }), [[3, 4], true]);
  assert.deepEqual(await page({ before: 3 }), [[1, 2], false]);
  assert.deepEqual(await page({ before: 5, limit: 2 }), [[3, 4], true]);
  assert.deepEqual(await page({ after: 1, before: 4 }), [[2, 3], false]);
  assert.deepEqual(await page({ after: 5 }), [[], false]);
});

overEachTransport('conversations are listed newest first, with what is unread', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const others = [randomUUID(), randomUUID()];
  const first = await cast.say(owner, cast.boater, 'Hello');
  for (const other of others) await cast.say(boater, other, 'Hello');
  const last = await cast.say(owner, cast.boater, 'Hello again');
  const { conversations } = await boater.ask('conversation.list', {});
  assert.deepEqual(conversations.map(({ otherUserId }) => otherUserId), [cast.owner, others[1], others[0]]);
  assertShape(conversations[0], {
    conversationId: last.conversationId,
    lastMessage: { messageId: last.messageId, senderId: cast.owner, content: 'Hello again', type: 'text', timestamp: last.timestamp, seq: 2 },
    unreadCount: 2,
    readSeq: 0,
    otherReadSeq: 0,
  });
  await boater.ask('message.read', { messageId: first.messageId });
  const [mine] = (await boater.ask('conversation.list', { limit: 1 })).conversations;
  assertShape(mine, { unreadCount: 1, readSeq: 1, otherReadSeq: 0 });
  const [theirs] = (await owner.ask('conversation.list', {})).conversations;
  assertShape(theirs, { unreadCount: 0, otherReadSeq: 1 });
});

overEachTransport('conversations come in pages', held, async (cast) => {
  const boater = await cast.connect(cast.boater);
  const others = Array.from({ length: 5 }, () => randomUUID());
  for (const other of others) await cast.say(boater, other, 'Hello');
  const seen = [];
  let cursor;
  do {
    const page = await boater.ask('conversation.list', { limit: 2, ...(cursor && { cursor }) });
    seen.push(...page.conversations.map(({ otherUserId }) => otherUserId));
    cursor = page.cursor;
  } while (cursor);
  assert.deepEqual(seen, others.toReversed());
});

overEachTransport('a short id finds the one user who has it', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  await cast.say(boater, cast.owner.slice(0, 8), 'Found you');
  assert.equal((await owner.next('message.new')).recipientId, cast.owner);
  const { error } = await cast.say(boater, '00000000', 'Nobody');
  assert.equal(error.code, 'NOT_FOUND');
});

overEachTransport('a conversation is closed to a third person', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const stranger = await cast.connect(randomUUID());
  const { messageId, conversationId } = await cast.say(boater, cast.owner, 'Between us');
  await owner.next('message.new');
  for (const [event, payload] of [
    ['message.history', { conversationId }],
    ['message.read', { messageId }],
    ['message.typing', { conversationId }],
  ]) {
    const foreign = await stranger.ask(event, payload);
    const [key] = Object.keys(payload);
    const absent = await stranger.ask(event, { [key]: randomUUID() });
    assert.equal(foreign.error.code, 'NOT_FOUND', event);
    assert.deepEqual(foreign, absent, `${event}: foreign and absent look the same`);
  }
  assert.deepEqual(stranger.untaken(), []);
});

test('presence is told to those who share a conversation: online at once, offline after the grace', async (t) => {
  const cast = new Cast(t, held.server);
  const boater = await cast.connect(cast.boater);
  await cast.say(boater, cast.owner, 'Hello');
  const owner = await cast.connect(cast.owner);
  assertShape(await boater.next('presence.update'), { userId: cast.owner, online: true });
  assertShape(await owner.next('presence.update'), { userId: cast.boater, online: true });
  const presence = () => cast.server.call('GET', `/v1/users/${cast.owner}/presence`);
  assert.equal((await presence()).body.online, true);
  const left = Date.now();
  owner.close();
  const offline = await boater.nextWithin(15_000, 'presence.update');
  assertShape(offline, { userId: cast.owner, online: false, lastSeen: time });
  assert.ok(Date.now() - left >= 9_000, 'the grace was kept');
  assert.equal((await presence()).body.online, false);
});
