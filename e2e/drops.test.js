// Connections that break while messages go on: what do stock clients get? The official server is measured beside ours.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { transports } from './client.js';
import { long } from './form.js';
import { Server, unlimited } from './server.js';

const size = long
  ? { clients: 1000, drops: 10, away: 2000, processes: 3, senders: 20, perSecond: 2 }
  : { clients: 50, drops: 2, away: 500, processes: 1, senders: 5, perSecond: 10 };
const patience = 120_000;

const script = (name) => new URL(`./drops/${name}`, import.meta.url).pathname;

/** Eight of ten speak WebSocket from the start, one upgrades, one polls. */
const wayOf = (n) => transports[['polling', 'upgrade'][n % 10] ?? 'websocket'];

/** A process of clients, with what it tells. */
class Clients {
  constructor(t, play) {
    this.process = fork(script('clients.js'));
    t.after(() => this.process.kill('SIGKILL'));
    this.told = on(this.process, 'message', { close: ['exit'] });
    this.process.send(play);
  }

  async next(key) {
    const { value, done } = await this.told.next();
    assert.ok(!done, 'the clients are there');
    assert.ok(key in value[0], `${JSON.stringify(value[0])} is ${key}`);
    return value[0][key];
  }
}

/** Writes to each of its recipients in turn until it is told to stop, and counts what was acknowledged. */
async function write(socket, recipients, counts, going) {
  for (let round = 0; going(); round++) {
    const due = Date.now() + 1000 / size.perSecond;
    for (const recipientId of recipients) {
      const content = String(round);
      const answer = await socket.timeout(patience).emitWithAck('message.new', { recipientId, content, type: 'text' });
      assert.ok(answer.seq, JSON.stringify(answer));
      counts[recipientId] = round + 1;
    }
    await pause(Math.max(0, due - Date.now()));
  }
}

async function connectSender(t, { url, token }) {
  const socket = io(url, { forceNew: true, transports: ['websocket'], auth: { token: token(randomUUID()) } });
  t.after(() => socket.disconnect());
  await once(socket, 'connect');
  return socket;
}

/** Lets the clients lose their connections while others write to them, and returns what came of it. */
async function measure(t, server) {
  const users = Array.from({ length: size.clients }, () => randomUUID());
  const people = users.map((user, n) => ({ user, token: server.token(user), transports: wayOf(n) }));
  const clients = Array.from({ length: size.processes }, (_, p) => new Clients(t, {
    ...size, url: server.url, people: people.filter((_, n) => n % size.processes === p),
  }));
  const each = (key) => Promise.all(clients.map((process) => process.next(key)));
  await each('connected');
  let going = true;
  const counts = {};
  const writing = Promise.all(Array.from({ length: size.senders }, async (_, s) => {
    const socket = await connectSender(t, server);
    await write(socket, users.filter((_, n) => n % size.senders === s), counts, () => going);
    socket.disconnect();
  }));
  await each('dropped');
  going = false;
  await writing;
  for (const { process } of clients) process.send({ expected: counts });
  return (await each('result')).reduce((all, one) => {
    for (const key of Object.keys(one)) all[key] = (all[key] ?? 0) + one[key];
    return all;
  }, {});
}

async function ours(t) {
  const server = await Server.start({ env: unlimited });
  try {
    return await measure(t, { url: server.url, token: (user) => server.token(user) });
  } finally {
    await server.stop();
  }
}

async function official(t) {
  const process = fork(script('official.js'));
  const [{ port }] = await once(process, 'message');
  const token = (id) => `.${Buffer.from(JSON.stringify({ id })).toString('base64url')}.`;
  try {
    return await measure(t, { url: `http://127.0.0.1:${port}`, token });
  } finally {
    process.kill('SIGKILL');
  }
}

function row(name, r) {
  const percent = ((100 * r.delivered) / r.expected).toFixed(4);
  return `| ${name} | ${r.expected} | ${percent} % | ${r.duplicates} | ${r.disordered} | ${r.recovered} of ${r.drops} |`;
}

test(`${size.clients} clients, ${size.drops} drops of ${size.away} ms each`, { timeout: 900_000 }, async (t) => {
  const mine = await ours(t);
  const theirs = await official(t);
  for (const line of [
    '| server | acknowledged | delivered | twice | out of order | recovered |', '|---|---|---|---|---|---|',
    row('dokkerrd', mine), row('socket.io, recovery on', theirs),
  ]) t.diagnostic(line);
  assert.ok(mine.expected >= size.clients && theirs.expected >= size.clients, 'every client was written to');
  const { expected, delivered, duplicates, disordered, recovered, drops } = mine;
  assert.deepEqual({ delivered, duplicates, disordered, recovered }, { delivered: expected, duplicates: 0, disordered: 0, recovered: drops });
});
