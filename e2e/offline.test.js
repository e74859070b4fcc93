// Who was away finds all that waits: in order, soon, and without the server holding it in memory.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { long } from './form.js';
import { Server, unlimited } from './server.js';

const total = long ? 100_000 : 10_000;
const senders = 50;
const share = total / senders;
const patience = 120_000; // for what is not measured

// What is promised. In CI other tests have the processor too: there the times tell only whether something is badly wrong.
const firstWithin = long ? 300 : 3000; // milliseconds
const allWithin = 20_000;
const memory = 32 << 10; // KiB

/** One of those who write. Its connection ends with the test. */
function writer(t, server) {
  const token = server.token(randomUUID());
  const socket = io(server.url, { forceNew: true, transports: ['websocket'], auth: { token } });
  t.after(() => socket.disconnect());
  return socket;
}

async function write(socket, recipientId, content) {
  const answer = await socket.timeout(patience).emitWithAck('message.new', { recipientId, type: 'text', content });
  assert.ok(answer.seq, JSON.stringify(answer));
}

/** Fifty people write their share to one who is not there. */
async function queue(t, server, recipientId) {
  await Promise.all(Array.from({ length: senders }, async (_, sender) => {
    const socket = writer(t, server);
    for (let n = 0; n < share; n++) await write(socket, recipientId, `${sender}.${n}`);
    socket.disconnect();
  }));
}

/** What the Sockets of one person are told: of each sender everything, in the order in which it was written, once. */
class Inbox {
  heard = 0;
  wrong = [];
  due = new Array(senders).fill(0);
  last = 0n;
  #waiting = [];

  constructor(t, server, user, transports) {
    Object.assign(this, { t, server, user, transports });
  }

  open() {
    this.began = performance.now();
    const auth = { token: this.server.token(this.user), deviceId: 'phone' };
    const socket = io(this.server.url, { forceNew: true, transports: this.transports, reconnectionDelay: 50, auth });
    socket.on('message.new', ({ content }, position) => this.#take(content, BigInt(position.split('.')[1])));
    this.t.after(() => socket.disconnect());
    return socket;
  }

  #take(content, position) {
    this.first ??= performance.now() - this.began;
    const [sender, n] = content.split('.').map(Number);
    if (n !== this.due[sender] || position <= this.last) this.wrong.push(`${content} at ${position}`);
    this.due[sender] = n + 1;
    this.last = position;
    this.heard++;
    this.#waiting = this.#waiting.filter(({ count, resolve }) => this.heard < count || resolve());
  }

  /** Resolves as soon as so many were heard. */
  async until(count) {
    if (this.heard >= count) return;
    await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`${this.heard} of ${count} came`)), patience).unref();
      this.#waiting.push({ count, resolve });
    });
  }

  /** Nothing is left but what is written now, and nothing was out of its place. */
  async check() {
    const socket = writer(this.t, this.server);
    await write(socket, this.user, `0.${share}`);
    await this.until(total + 1);
    assert.equal(this.heard, total + 1);
    assert.deepEqual(this.wrong, []);
  }
}

/** A line of /proc/PID/status, in KiB. */
async function status({ process }, name) {
  const text = await readFile(`/proc/${process.pid}/status`, 'utf8');
  return Number(text.match(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm'))[1]);
}

for (const way of ['websocket', 'polling']) {
  test(`${total} events that wait for one person (${way})`, { timeout: 600_000 }, async (t) => {
    const server = await Server.start({ env: unlimited });
    t.after(() => server.stop());
    const user = randomUUID();
    await queue(t, server, user);
    await server.halt();
    await server.launch(); // so that nothing of the writing is in its memory
    const before = await status(server, 'VmRSS');
    const inbox = new Inbox(t, server, user, [way]);
    inbox.open();
    await inbox.until(total);
    const all = performance.now() - inbox.began;
    const more = (await status(server, 'VmHWM')) - before;
    t.diagnostic(`first after ${inbox.first.toFixed(0)} ms, all after ${all.toFixed(0)} ms, ${(more / 1024).toFixed(1)} MiB more at the peak`);
    await inbox.check();
    assert.ok(inbox.first <= firstWithin, `the first came after ${inbox.first} ms`);
    assert.ok(all <= allWithin, `all had come after ${all} ms`);
    assert.ok(more <= memory, `the server took ${more} KiB more`);
  });
}

test('killed three times while what waited is delivered, the server goes on where it was', { timeout: 600_000 }, async (t) => {
  const server = await Server.start({ env: unlimited });
  t.after(() => server.stop());
  const user = randomUUID();
  await queue(t, server, user);
  const inbox = new Inbox(t, server, user, ['websocket']);
  const socket = inbox.open();
  for (const part of [0.1, 0.5, 0.9]) {
    await inbox.until(part * total);
    const back = once(socket, 'connect');
    await server.kill();
    await server.launch();
    await back;
    assert.equal(socket.recovered, true);
  }
  await inbox.until(total);
  await inbox.check();
});
