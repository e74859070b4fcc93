// The stock client's option "retries", without keys: each message is stored once, whatever happens to its answers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cast, overEachTransport, stage } from './cast.js';
import { Client, transports } from './client.js';
import { Hop, Proxy } from './proxy.js';
import { Server } from './server.js';

const held = stage();
const ackTimeout = 1000;
const receipt = /43\d+\[\{"messageId"/; // in what the server sends

const retrying = { retries: 3, ackTimeout, reconnectionDelay: 20, reconnectionDelayMax: 100 };

/** A client that sends again what is not answered. */
async function sender(cast, url, options) {
  return cast.connectThrough(url, cast.boater, { ...retrying, ...options });
}

/** Says something in the way of an application that uses `retries`: the client waits, sends again, and gives up by itself. */
function say({ socket }, recipientId, content) {
  return new Promise((resolve, reject) => {
    const answered = (error, answer) => (error ? reject(error) : resolve(answer));
    socket.emit('message.new', { recipientId, content, type: 'text' }, answered);
  });
}

/** Checks that the owner was told exactly this, in order. */
async function hears(cast, owner, list) {
  await cast.settle(owner, cast.owner);
  assert.deepEqual(owner.contents(), list);
}

overEachTransport('200 messages over a line that cuts and delays answers', held, async (cast) => {
  const proxy = await Proxy.start(cast.t, cast.server.port);
  const owner = await cast.connect(cast.owner);
  const boater = await sender(cast, proxy.url);
  let [answers, cuts, delays] = [0, 0, 0];
  proxy.judge = (way, text) => {
    if (way === 'up' || !receipt.test(text)) return undefined;
    answers++;
    if (answers % 16 === 8) return ++cuts && 'cut'; // between commit and acknowledgement
    if (answers % 70 === 45) return ++delays && 1.3 * ackTimeout; // until the client has sent a copy
    return undefined;
  };
  const list = Array.from({ length: 200 }, (_, n) => `message ${n}`);
  const receipts = await Promise.all(list.map((content) => say(boater, cast.owner, content)));
  assert.deepEqual(receipts.map(({ seq }) => seq), list.map((_, n) => n + 1), 'no seq twice, none left out');
  assert.ok(cuts >= 12 && delays >= 3, `${cuts} cuts, ${delays} delays`);
  await hears(cast, owner, list);
});

overEachTransport('messages that the line holds until there are copies of them', held, async (cast) => {
  const proxy = await Proxy.start(cast.t, cast.server.port);
  const owner = await cast.connect(cast.owner);
  const boater = await sender(cast, proxy.url);
  await pause(500); // no longer just connected
  for (const content of ['one', 'two', 'three']) {
    let waiting = content === 'two';
    proxy.judge = (way) => {
      if (way === 'down' || !waiting) return undefined;
      waiting = false;
      return 1.3 * ackTimeout;
    };
    await say(boater, cast.owner, content);
  }
  await hears(cast, owner, ['one', 'two', 'three']);
});

const builds = {
  esm: await import(new URL('node_modules/socket.io-client/build/esm/index.js', import.meta.url)),
  cjs: createRequire(import.meta.url)('socket.io-client'),
};

for (const [build, { io }] of Object.entries(builds)) {
  overEachTransport(`the same words: said on purpose they are new, behind a lost answer they are not (${build})`, held, async (cast) => {
    const proxy = await Proxy.start(cast.t, cast.server.port);
    const owner = await cast.connect(cast.owner);
    const boater = await sender(cast, proxy.url, { io });
    const queued = await Promise.all(['ok', 'ok', 'ok'].map((content) => say(boater, cast.owner, content)));
    assert.deepEqual(queued.map(({ seq }) => seq), [1, 2, 3]);
    let lost = false;
    proxy.judge = (way, text) => (!lost && way === 'down' && receipt.test(text) ? (lost = true) && 'cut' : undefined);
    const again = await Promise.all(['ok', 'ok'].map((content) => say(boater, cast.owner, content)));
    assert.ok(lost);
    assert.deepEqual(again.map(({ seq }) => seq), [4, 5]);
    await hears(cast, owner, ['ok', 'ok', 'ok', 'ok', 'ok']);
  });
}

overEachTransport('a copy from the buffer and one from the queue, in one tick', held, async (cast) => {
  const owner = await cast.connect(cast.owner);
  const boater = await sender(cast, cast.server.url);
  const { socket } = boater;
  await say(boater, cast.owner, 'before');
  const sent = [];
  socket.onAnyOutgoing((name, { content }) => sent.push(content));
  socket.io.engine._hasPingExpired = () => true; // as behind a night's sleep: what is sent now waits in the buffer
  const back = once(socket, 'connect');
  const said = ['one', 'two', 'three'].map((content) => say(boater, cast.owner, content));
  socket.io.engine.close();
  await back;
  const receipts = await Promise.all(said);
  assert.deepEqual(sent.slice(0, 2), ['one', 'one'], 'this is what the client does');
  assert.deepEqual(receipts.map(({ seq }) => seq), [2, 3, 4], 'each has the answer to itself');
  await hears(cast, owner, ['before', 'one', 'two', 'three']);
});

for (const way of Object.keys(transports)) {
  test(`a message whose answer dies with the server (${way})`, { timeout: 60_000 }, async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const cast = new Cast(t, server, way);
    const proxy = await Proxy.start(t, server.port);
    const owner = await cast.connect(cast.owner);
    const boater = await sender(cast, proxy.url, { ackTimeout: 10_000 });
    await say(boater, cast.owner, 'before');
    const killed = new Promise((resolve) => {
      proxy.judge = (direction, text, link) => {
        if (direction === 'up' || !receipt.test(text)) return undefined;
        resolve(server.kill());
        link.cut();
        return 'cut';
      };
    });
    const said = say(boater, cast.owner, 'once');
    await killed;
    proxy.judge = () => undefined;
    await server.launch();
    assert.equal((await said).seq, 2);
    assert.equal((await say(boater, cast.owner, 'once')).seq, 3, 'said again on purpose');
    await owner.next('message.new', ({ seq }) => seq === 3);
    await hears(cast, owner, ['before', 'once', 'once']);
  });
}

test('a hop that loses answers and asks again loses and doubles nothing (polling)', { timeout: 60_000 }, async (t) => {
  const cast = new Cast(t, held.server, 'polling');
  const hop = await Hop.start(t, cast.server.port);
  const [boater, owner] = [await cast.connectThrough(hop.url, cast.boater), await cast.connectThrough(hop.url, cast.owner)];
  const lost = { GET: 0, POST: 0 };
  let asked = 0;
  hop.loses = (method, url) => url.includes('sid=') && ++asked % 3 === 0 && ++lost[method] > 0;
  const list = Array.from({ length: 40 }, (_, n) => `message ${n}`);
  for (const content of list) {
    await cast.say(boater, cast.owner, content);
    await cast.say(owner, cast.boater, content);
  }
  await hears(cast, owner, list);
  assert.deepEqual(boater.contents(), list);
  assert.ok(lost.GET > 10 && lost.POST > 10, `${lost.GET} GETs and ${lost.POST} POSTs were asked again`);
});

overEachTransport('another user with an io() of their own says nothing of the first one’s', held, async (cast) => {
  const proxy = await Proxy.start(cast.t, cast.server.port);
  const owner = await cast.connect(cast.owner);
  const first = await sender(cast, proxy.url);
  await say(first, cast.owner, 'the boater’s');
  const swallowed = new Promise((resolve) => {
    proxy.judge = (way) => (way === 'up' ? resolve() ?? 'swallow' : undefined);
  });
  first.socket.emit('message.new', { recipientId: cast.owner, content: 'never sent', type: 'text' });
  await swallowed;
  first.close();
  proxy.judge = () => undefined;
  const next = await cast.connectThrough(proxy.url, cast.listing, retrying); // some other user's id
  await say(next, cast.owner, 'the other’s');
  await hears(cast, owner, ['the boater’s', 'the other’s']);
  assert.deepEqual(owner.told('message.new').map(({ senderId }) => senderId), [cast.boater, cast.listing]);
});
