// Package socketio against the stock client, without the product.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import msgpack from 'socket.io-msgpack-parser';
import { transports } from './client.js';

const patience = 8000;
let url;
let recoveringURL;
let packedURL;
const servers = [];

before(async () => {
  const build = spawn('go', ['build', '-o', 'bin/libraryserver', './e2e/cmd/libraryserver'], { cwd: new URL('..', import.meta.url), stdio: 'inherit' });
  assert.deepEqual(await once(build, 'exit'), [0, null]);
  [url, recoveringURL, packedURL] = await Promise.all([serve(), serve('-recovery'), serve('-msgpack', '-recovery')]);
});

after(async () => {
  for (const server of servers) {
    server.stdin.end();
    assert.deepEqual(await once(server, 'exit'), [0, null], 'the server ends by itself');
  }
});

/** Starts a server and returns its address. */
async function serve(...flags) {
  const server = spawn(new URL('../bin/libraryserver', import.meta.url).pathname, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  servers.push(server);
  return String((await once(server.stdout, 'data'))[0]).split('\n')[0];
}

/** Runs a test once for each way of the client to connect. join() makes a client, connected. */
function overEachTransport(name, play, { address = () => url, parser } = {}) {
  for (const way of Object.keys(transports)) {
    test(`${name} (${way})`, async (t) => {
      const open = (namespace, options) => {
        const socket = io(address() + namespace, { forceNew: true, reconnectionDelay: 50, transports: transports[way], parser, ...options });
        t.after(() => socket.disconnect());
        return socket;
      };
      const join = async (namespace = '/', options) => {
        const socket = open(namespace, options);
        await once(socket, 'connect');
        const { engine } = socket.io;
        if (way === 'upgrade' && engine.transport.name === 'polling') await new Promise((resolve) => engine.once('upgrade', resolve));
        return socket;
      };
      await play({ join, open });
    });
  }
}

const ask = (socket, ...event) => socket.timeout(patience).emitWithAck(...event);

overEachTransport('acknowledgements go both ways', async ({ join }) => {
  const socket = await join();
  const several = await new Promise((resolve) => socket.emit('echo', 1, 'two', { three: [null] }, (...args) => resolve(args)));
  assert.deepEqual(several, [1, 'two', { three: [null] }]);
  socket.on('question', (a, b, answer) => answer({ a, b }));
  assert.deepEqual(await ask(socket, 'ask me', 'x', 5), { a: 'x', b: 5 });
  assert.deepEqual(await ask(socket, 'fail'), { error: { code: 'CONFLICT', message: 'no' } });
  socket.emit('fail');
  const [error] = await once(socket, 'error');
  assert.deepEqual(error, { code: 'CONFLICT', message: 'no' });
});

overEachTransport('binary goes both ways', async ({ join }) => {
  const socket = await join();
  const bytes = Buffer.from([0, 1, 254, 255]);
  assert.deepEqual(await ask(socket, 'echo', { deep: [bytes] }), { deep: [bytes] });
  assert.deepEqual(await ask(socket, 'echo', Buffer.alloc(0)), Buffer.alloc(0));
  const pushed = once(socket, 'photo');
  const sent = { name: 'boat', bytes, tiles: [Buffer.from('a'), Buffer.alloc(50_000, 'b')] };
  const developed = { ...sent, name: 'boat developed' };
  assert.deepEqual(await ask(socket, 'photo', sent), developed);
  assert.deepEqual((await pushed)[0], developed);
  socket.on('question', (b, answer) => answer(b));
  assert.deepEqual(await ask(socket, 'ask me', bytes), bytes);
});

overEachTransport('rooms', async ({ join }) => {
  const room = `room ${Math.random()}`;
  const [a, b, c] = await Promise.all([join(), join(), join()]);
  const told = [];
  for (const [name, socket] of Object.entries({ a, b, c })) socket.on('told', () => told.push(name));
  await ask(a, 'join', room);
  await ask(b, 'join', room);
  await ask(c, 'tell', room);
  await Promise.all([ask(a, 'echo'), ask(b, 'echo')]);
  assert.deepEqual(told.splice(0).sort(), ['a', 'b']);
  await ask(a, 'tell', room);
  await ask(b, 'leave', room);
  await ask(c, 'tell', room);
  await Promise.all([ask(a, 'echo'), ask(b, 'echo'), ask(c, 'echo')]);
  assert.deepEqual(told.sort(), ['a', 'b']);
});

overEachTransport('a broadcast with acknowledgements', async ({ join }) => {
  const room = `room ${Math.random()}`;
  const members = await Promise.all([join(), join(), join()]);
  for (const [i, socket] of members.entries()) {
    await ask(socket, 'join', room);
    socket.on('number', (answer) => answer(i));
  }
  assert.deepEqual((await ask(members[0], 'ask all', room)).sort(), [1, 2]);
});

overEachTransport('volatile events come to a client that listens', async ({ join }) => {
  const socket = await join();
  for (let tries = 0; ; tries++) {
    const told = Promise.race([once(socket, 'volatile'), pause(200)]);
    await ask(socket, 'volatile', 'x');
    if (await told) return assert.deepEqual((await told)[0], { text: 'x' });
    assert.ok(tries < 20, 'all were lost');
  }
});

overEachTransport('a namespace refuses, with data and without', async ({ open, join }) => {
  for (const [name, message, data] of [['bob', 'not bob', { try: 'ann' }], ['eve', 'who are you?', undefined]]) {
    const socket = open('/guarded', { auth: { name } });
    const [error] = await once(socket, 'connect_error');
    assert.equal(error.message, message);
    assert.deepEqual(error.data, data);
    assert.equal(socket.active, false, 'the client does not come back by itself');
    socket.auth = { name: 'ann' };
    socket.connect();
    assert.deepEqual((await once(socket, 'welcome'))[0], { name: 'ann' });
  }
  const lost = open('/nowhere');
  const [error] = await once(lost, 'connect_error');
  assert.equal(error.message, 'Invalid namespace');
  assert.equal(error.data, undefined);
  await join();
});

overEachTransport('two namespaces share a connection', async ({ join }) => {
  const main = await join('/', { forceNew: false, multiplex: true });
  const guarded = main.io.socket('/guarded', { auth: { name: 'ann' } });
  await once(guarded, 'connect');
  assert.notEqual(guarded.id, main.id);
  guarded.disconnect();
  assert.equal(await ask(main, 'echo', 'still here'), 'still here');
});

overEachTransport('a kicked client stays away, a dropped one comes back', async ({ join }) => {
  for (const [event, reason, back] of [
    ['kick', 'io server disconnect', false],
    ['kick hard', 'io server disconnect', false],
    ['drop', 'transport close', true],
  ]) {
    const socket = await join();
    const ended = once(socket, 'disconnect');
    socket.emit(event);
    assert.equal((await ended)[0], reason, event);
    assert.equal(socket.active, back, event);
    if (back) {
      await once(socket, 'connect');
      continue;
    }
    await pause(200);
    assert.equal(socket.connected, false, event);
    socket.connect();
    await once(socket, 'connect');
  }
});

overEachTransport('the server learns why a client left', async ({ join }) => {
  const witness = await join();
  for (const [leave, reason] of [
    [(socket) => socket.disconnect(), 'client namespace disconnect'],
    [(socket) => socket.io.engine.close(), 'transport close'],
  ]) {
    const socket = await join('/', { reconnection: false });
    const { id } = socket;
    const told = new Promise((resolve) => witness.on('left', (who) => who.id === id && resolve(who.reason)));
    leave(socket);
    assert.equal(await told, reason);
  }
});

overEachTransport('a thousand events keep their order', async ({ join }) => {
  const socket = await join();
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(socket, 'echo', i)));
  assert.deepEqual(answers, [...answers.keys()]);
});

const overEachTransportRecovering = (name, play) => overEachTransport(name, play, { address: () => recoveringURL });

/** The rooms that a socket was told of, without what it was told of others' ends. */
function listen(socket) {
  const told = [];
  socket.on('told', (room) => told.push(room));
  return told;
}

overEachTransportRecovering('a lost connection is resumed', async ({ join }) => {
  const rooms = [Math.random(), Math.random()].map((number) => `room ${number}`);
  const [socket, other] = await Promise.all([join('/', { reconnectionDelay: 300 }), join()]);
  const told = listen(socket);
  const sent = [];
  const tell = async (room) => {
    await ask(other, 'tell', room);
    sent.push(room);
  };
  for (const room of rooms) await ask(socket, 'join', room);
  for (let round = 0; round < 3; round++) {
    await tell(rooms[0]);
    await ask(socket, 'echo');
    const { id } = socket;
    const left = once(socket, 'disconnect');
    socket.io.engine.close();
    await left;
    for (let i = 0; i < 10; i++) await tell(rooms[i % 3 === 0 ? 1 : 0]);
    await ask(other, 'tell', 'a room of nobody');
    await once(socket, 'connect');
    await tell(rooms[1]);
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await ask(socket, 'echo');
    assert.deepEqual(told, sent);
  }
});

overEachTransportRecovering('nothing is lost or repeated while connections break', async ({ join }) => {
  const room = `room ${Math.random()}`;
  const [socket, other] = await Promise.all([join('/', { reconnectionDelay: 10 }), join()]);
  const numbers = [];
  let recovered = 0;
  socket.on('told', (_room, number) => numbers.push(Number(number)));
  socket.on('connect', () => (recovered += socket.recovered));
  await ask(socket, 'join', room);
  for (let i = 0; i < 60; i++) {
    other.emit('tell', room);
    if (i % 15 === 7) socket.io.engine.close();
    await pause(5);
  }
  await ask(other, 'echo');
  if (!socket.connected) await once(socket, 'connect');
  await ask(socket, 'echo');
  assert.equal(numbers.length, 60);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'offsets rise');
  assert.ok(recovered > 0);
});

overEachTransportRecovering('a client that left is not recovered', async ({ join }) => {
  const socket = await join();
  socket.disconnect();
  socket.connect();
  await once(socket, 'connect');
  assert.equal(socket.recovered, false);
});

const overEachTransportPacked = (name, play) => overEachTransport(name, play, { address: () => packedURL, parser: msgpack });

overEachTransportPacked('msgpack: events, acknowledgements and binary go both ways', async ({ join }) => {
  const socket = await join();
  const sent = [1, -1, 2 ** 40, 1.5, 'é😀', null, true, { deep: [{ er: Buffer.from('x') }] }, [], {}, Buffer.alloc(70_000, 7)];
  const several = await new Promise((resolve) => socket.emit('echo', ...sent, (...args) => resolve(args)));
  assert.deepEqual(several, sent);
  assert.deepEqual(await ask(socket, 'echo', new Date(1_700_000_000_123), { left: undefined }), '2023-11-14T22:13:20.123Z');
  socket.on('question', (a, answer) => answer({ a, bytes: Buffer.from('y') }));
  assert.deepEqual(await ask(socket, 'ask me', Buffer.from('q')), { a: Buffer.from('q'), bytes: Buffer.from('y') });
  const pushed = once(socket, 'photo');
  const photo = { name: 'boat', bytes: Buffer.from([0, 255]), tiles: [Buffer.from('a')] };
  assert.deepEqual(await ask(socket, 'photo', photo), { ...photo, name: 'boat developed' });
  assert.deepEqual((await pushed)[0], { ...photo, name: 'boat developed' });
  assert.deepEqual(await ask(socket, 'fail'), { error: { code: 'CONFLICT', message: 'no' } });
});

overEachTransportPacked('msgpack: refusals, namespaces and ends', async ({ open, join }) => {
  const refused = open('/guarded', { auth: { name: 'bob' } });
  const [error] = await once(refused, 'connect_error');
  assert.equal(error.message, 'not bob');
  assert.deepEqual(error.data, { try: 'ann' });
  const welcome = open('/guarded', { auth: { name: 'ann' } });
  assert.deepEqual((await once(welcome, 'welcome'))[0], { name: 'ann' });
  const socket = await join('/', { reconnection: false });
  socket.emit('kick');
  assert.equal((await once(socket, 'disconnect'))[0], 'io server disconnect');
});

overEachTransportPacked('msgpack: a lost connection is resumed', async ({ join }) => {
  const room = `room ${Math.random()}`;
  const [socket, other] = await Promise.all([join(), join()]);
  const told = listen(socket);
  await ask(socket, 'join', room);
  await ask(other, 'tell', room);
  await ask(socket, 'echo');
  const left = once(socket, 'disconnect');
  socket.io.engine.close();
  await left;
  await ask(other, 'tell', room);
  await once(socket, 'connect');
  await ask(socket, 'echo');
  assert.equal(socket.recovered, true);
  assert.deepEqual(told, [room, room]);
});
