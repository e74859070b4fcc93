// The payment provider tells of payments in any order, more than once, and to a server that dies: clients see each step once, none back.
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cast } from './cast.js';
import { long } from './form.js';
import { chance, endOf, life, ordersOf, Provider, shuffled, someSteps } from './provider.js';
import { Server } from './server.js';

const shuffles = long ? 10_000 : 400;
const kills = long ? 50 : 5;
const timeout = 1_200_000;

/** A server that a provider tells of payments, two people who are connected, and their bookings. */
async function open(t) {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const provider = new Provider();
  const server = await Server.start({ env: { STRIPE_WEBHOOK_SECRET: provider.secret } });
  t.after(() => server.stop());
  const cast = new Cast(t, server);
  const [boater, owner] = [await cast.connect(cast.boater), await cast.connect(cast.owner, { transports: ['polling'] })];
  const people = [[cast.boater, boater], [cast.owner, owner]];
  const bookings = Array.from({ length: 20 }, () => randomUUID());
  for (const id of bookings) await cast.booking(id, 'pending');
  return { provider, server, cast, people, bookings, random: chance(seed) };
}

/** Does something with each of a list, so many at once. */
async function each(list, atOnce, work) {
  const rest = list.values();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const item of rest) await work(item);
  }));
}

/** Each event of a life at least once, in random order. */
function orderOf({ events }, random) {
  const again = Array.from({ length: random(1 + events.length) }, () => events[random(events.length)]);
  return shuffled([...events, ...again], random);
}

const told = { 'payment.processing': 'processing', 'payment.failed': 'failed', 'payment.completed': 'completed' };

/** What a client was told of payments: the steps of each, and how often it was notified of money that came. */
function seen({ events }) {
  const steps = new Map();
  const received = new Map();
  for (const { name, args: [payload] } of events) {
    if (told[name]) {
      const { paymentId, version } = payload;
      steps.set(paymentId, [...(steps.get(paymentId) ?? []), { version, status: told[name] }]);
    }
    const paid = name === 'notification.new' && payload.type === 'payment_received' && payload.data.paymentId;
    if (paid) received.set(paid, (received.get(paid) ?? 0) + 1);
  }
  return { steps, received };
}

/** Checks what both people saw of lives, of which they were told all but some events. */
async function checkSeen({ cast, people }, lives, untold = new Set()) {
  for (const [user, client] of people) {
    await cast.settle(client, user);
    const { steps, received } = seen(client);
    for (const { paymentId, events } of lives) {
      const heard = events.filter((event) => !untold.has(event));
      const end = heard.length ? endOf(heard) : undefined;
      const path = steps.get(paymentId) ?? [];
      const text = JSON.stringify({ path, heard: heard.map(({ type, created }) => [type, created]) });
      assert.equal(path.at(-1)?.status, end === 'pending' ? undefined : end, text);
      for (const [n, { version }] of path.entries()) assert.equal(version, path[0].version + n, text);
      assert.ok(!path.slice(0, -1).some(({ status }) => status === 'completed'), text);
      assert.equal(received.get(paymentId) ?? 0, end === 'completed' ? 1 : 0, text);
    }
  }
}

/** Checks that each event had its effect once, and none did not fit. */
function checkOutcomes({ outcomes }) {
  for (const [id, all] of outcomes) {
    assert.equal(all.filter((outcome) => outcome !== 'repeated').length, 1, `${id}: ${all}`);
    assert.ok(!all.includes('parked'), `${id}: ${all}`);
  }
}

test('every order of a life of five events, each of them told twice in turn', { timeout }, async (t) => {
  const stage = await open(t);
  const steps = [['created', 0], ['processing', 1], ['payment_failed', 2], ['processing', 3], ['succeeded', 4]];
  const lives = ordersOf(steps).map((order, n) => life(stage.bookings[n % stage.bookings.length], order));
  assert.equal(lives.length, 120);
  await each(lives, 16, async ({ events }) => {
    for (const event of [...events, ...events]) await stage.provider.tell(stage.server, event);
  });
  await checkSeen(stage, lives);
  checkOutcomes(stage.provider);
});

test(`${shuffles} payments' lives, shuffled and doubled: one end, and no client sees a step back`, { timeout }, async (t) => {
  const stage = await open(t);
  const { provider, server, random, bookings } = stage;
  const lives = Array.from({ length: shuffles }, (_, n) => life(bookings[n % bookings.length], someSteps(random)));
  await each(lives, 16, async (one) => {
    const order = orderOf(one, random);
    if (random(2)) return Promise.all(order.map((event) => provider.tell(server, event)));
    for (const event of order) await provider.tell(server, event);
  });
  await checkSeen(stage, lives);
  checkOutcomes(provider);
});

/** What `dokkerrd reconcile` says to the provider's list of events: the ids that are open, and its exit code. */
async function reconcile(server, lives) {
  const file = join(server.folder, 'events.json');
  const data = lives.flatMap(({ events }) => events).map(({ id, type, created }) => ({ id, type, created }));
  await writeFile(file, JSON.stringify({ object: 'list', data }));
  const { code, output } = await server.run('reconcile', file);
  return { code, open: output.split('\n').filter(Boolean).map((line) => line.split(' ').slice(0, 2).join(' ')).sort() };
}

test(`the server dies ${kills} times between events of payments, and each has its effect once`, { timeout }, async (t) => {
  const stage = await open(t);
  const { provider, server, random, bookings, people } = stage;
  const lives = Array.from({ length: 60 * kills }, (_, n) => life(bookings[n % bookings.length], someSteps(random)));
  const untold = new Set(lives.flatMap(({ events }) => events).filter(() => random(20) === 0));
  const order = shuffled(lives.flatMap((one) => orderOf(one, random)), random).filter((event) => !untold.has(event));
  let count = 0;
  let dying = Promise.resolve();
  const killed = Array.from({ length: kills }, (_, n) => Math.floor(((n + 1) * order.length) / (kills + 2)));
  await each(order, 8, async (event) => {
    if (++count === killed[0]) {
      killed.shift();
      dying = dying.then(() => die(server, random));
    }
    await provider.tell(server, event);
  });
  await dying;
  assert.equal(killed.length, 0);
  for (const [, { socket }] of people) if (!socket.connected) await once(socket, 'connect');
  await checkSeen(stage, lives, untold);
  const missing = [...untold].map(({ id }) => `missing ${id}`).sort();
  assert.deepEqual(await reconcile(server, lives), { code: 1, open: missing });
  for (const event of untold) await provider.tell(server, event);
  await checkSeen(stage, lives);
  assert.deepEqual(await reconcile(server, lives), { code: 0, open: [] });
  for (const [id, outcomes] of provider.outcomes) {
    assert.ok(outcomes.filter((outcome) => outcome !== 'repeated').length <= 1, `${id}: ${outcomes}`);
  }
});

/** Kills the server while events are on their way, and starts it again. */
async function die(server, random) {
  await pause(random(20));
  await server.kill();
  await pause(random(100)); // some events find nobody
  await server.launch();
}
