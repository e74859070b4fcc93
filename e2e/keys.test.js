// Many copies of one message, sent at once over several connections of its sender, are one message.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { transports } from './client.js';
import { long } from './form.js';
import { Server, unlimited } from './server.js';

const keys = long ? 10_000 : 1_000;
const ways = ['websocket', 'websocket', 'websocket', 'upgrade', 'polling']; // of the sender's five connections
const atOnce = 32; // keys on their way
const patience = 120_000;

/** A Socket that keeps what it is told. */
async function connect(t, server, user, way) {
  const socket = io(server.url, { forceNew: true, transports: transports[way], auth: { token: server.token(user) } });
  t.after(() => socket.disconnect());
  socket.told = [];
  socket.on('message.new', (message) => socket.told.push(message));
  socket.fences = new Set();
  socket.on('notification.new', ({ notificationId }) => socket.fences.add(notificationId));
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Waits until the sockets of a person have been told everything that was committed before now. */
async function settle(server, userId, sockets) {
  const { notificationId } = await server.post('/v1/notifications', { userId, type: 'fence', title: 'A fence', body: 'Here' });
  const deadline = Date.now() + patience;
  while (!sockets.every(({ fences }) => fences.has(notificationId))) {
    assert.ok(Date.now() < deadline, 'the fence did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends each key's copies over all sockets at once, and returns the one answer to each. */
async function sendAll(sockets, recipientId) {
  const answers = [];
  let next = 0;
  const work = async () => {
    for (let n = next++; n < keys; n = next++) {
      const payload = { recipientId, type: 'text', content: `text ${n}`, clientMessageId: `the key of number ${n}` };
      const [answer, ...others] = await Promise.all(
        sockets.map((socket) => socket.timeout(patience).emitWithAck('message.new', payload)));
      for (const other of others) assert.deepEqual(other, answer, payload.clientMessageId);
      answers[n] = answer;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}

/** All stored messages of a conversation, ascending. */
async function history(socket, conversationId) {
  const all = [];
  for (let more = true; more;) {
    const page = await socket.timeout(patience).emitWithAck('message.history', { conversationId, after: all.at(-1)?.seq ?? 0, limit: 100 });
    all.push(...page.messages);
    more = page.hasMore;
  }
  return all;
}

const ids = (messages) => messages.map(({ messageId }) => messageId);

test(`${keys} keys, ${ways.length} copies of each at once: one row, one delivery, one answer`, { timeout: 600_000 }, async (t) => {
  const server = await Server.start({ env: unlimited });
  t.after(() => server.stop());
  const [sender, recipient] = [randomUUID(), randomUUID()];
  const sockets = await Promise.all(ways.map((way) => connect(t, server, sender, way)));
  const reader = await connect(t, server, recipient, 'websocket');
  const began = performance.now();
  const answers = await sendAll(sockets, recipient);
  t.diagnostic(`${((keys * ways.length * 1000) / (performance.now() - began)).toFixed(0)} copies a second`);
  await Promise.all([settle(server, sender, sockets), settle(server, recipient, [reader])]);

  const rows = await history(reader, answers[0].conversationId);
  assert.deepEqual(rows.map(({ seq }) => seq), Array.from({ length: keys }, (_, n) => n + 1));
  const byContent = new Map(rows.map((row) => [row.content, row]));
  answers.forEach(({ messageId, seq }, n) => {
    const row = byContent.get(`text ${n}`);
    assert.deepEqual([messageId, seq], [row.messageId, row.seq], `number ${n}`);
  });
  assert.deepEqual(ids(reader.told), ids(rows), 'the recipient has each once, in order');
  const order = new Map(rows.map(({ messageId, seq }) => [messageId, seq]));
  const copies = new Map();
  for (const { told } of sockets) {
    const seqs = ids(told).map((id) => order.get(id));
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b), 'a socket of the sender has each at most once, in order');
    for (const seq of seqs) copies.set(seq, (copies.get(seq) ?? 0) + 1);
  }
  for (const { seq } of rows) assert.equal(copies.get(seq), ways.length - 1, `${seq} is told to all of the sender's sockets but one`);
});
