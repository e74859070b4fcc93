// What a server offers when it is told to: connection state recovery, and the msgpack parser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import msgpack from 'socket.io-msgpack-parser';
import { stage } from './host.js';
import { Client, bytes, ways } from './stock.js';
import { Streaming } from './wire.js';

const recovering = stage('kit', '-recovery');
const packed = stage('kit', '-msgpack');

async function join(t, held, user, way, options) {
  const client = new Client(held.host, { version: '4.8', way, token: held.host.token(user), ...options });
  t.after(() => client.close());
  return client.connected();
}

for (const way of Object.keys(ways)) {
  test(`a client whose connection is lost resumes, and misses nothing (${way})`, async (t) => {
    const [sender, client] = await Promise.all([join(t, recovering, 'sender', way), join(t, recovering, `resumes ${way}`, way)]);
    const told = [];
    client.socket.on('from-user', (_, n) => told.push(n));
    const send = (n) => {
      sender.emit('to-user', `resumes ${way}`, n);
      return sender.settle();
    };
    await send(0);
    await client.settle();
    const { id } = client.socket;
    await client.ask('room-join', `room of ${way}`);

    const lost = client.next('disconnect');
    client.socket.io.engine.close();
    await lost;
    for (let n = 1; n <= 100; n++) sender.emit('to-user', `resumes ${way}`, n);
    sender.emit('room-emit', `room of ${way}`, 'in the room');
    const inRoom = client.next('room-event');
    await sender.settle();
    await client.connected();
    assert.equal(client.socket.recovered, true);
    assert.equal(client.socket.id, id);
    assert.equal((await inRoom)[0], 'in the room');
    await send(101);
    await client.settle();
    assert.deepEqual(told, Array.from({ length: 102 }, (_, n) => n));
  });

  test(`who was thrown out, or left, does not resume (${way})`, async (t) => {
    const client = await join(t, recovering, 'thrown out', way);
    assert.equal(client.socket.recovered, false);
    const ended = client.next('disconnect');
    client.emit('kick-me');
    assert.equal((await ended)[0], 'io server disconnect');
    client.socket.connect();
    await client.connected();
    assert.equal(client.socket.recovered, false);
  });

  test(`a pid is worth nothing with another's token, and none with none (${way})`, async (t) => {
    const victim = await join(t, recovering, `victim ${way}`, way);
    const sender = await join(t, recovering, 'sender', way);
    const first = victim.next('from-user');
    sender.emit('to-user', `victim ${way}`, 'first');
    const offset = (await first).at(-1);
    const pid = victim.socket._pid;
    assert.equal(typeof pid, 'string');
    victim.close();
    sender.emit('to-user', `victim ${way}`, 'for the victim only');
    await sender.settle();
    const strayed = [];
    const thief = new Client(recovering.host, { version: '4.8', way, auth: { token: recovering.host.token('thief'), pid, offset } });
    t.after(() => thief.close());
    thief.socket.on('from-user', (...args) => strayed.push(args));
    await thief.connected();
    await thief.settle();
    assert.equal(thief.socket.recovered, false);
    assert.deepEqual(strayed, []);
    const nobody = new Client(recovering.host, { version: '4.8', way, auth: { pid, offset }, reconnection: false });
    t.after(() => nobody.close());
    assert.equal(await nobody.refused(), 'Authentication error');
  });

  test(`the msgpack parser: events, acknowledgements and binary, both ways (${way})`, async (t) => {
    const client = await join(t, packed, 'packed', way, { parser: msgpack });
    for (const sent of [[1, 'two', { three: [null, true, -1.5] }], [Buffer.from([0, 255]), { deep: [Buffer.alloc(0)] }], []]) {
      const back = client.next('message-back');
      client.emit('message', ...sent);
      assert.deepEqual(bytes(await back), sent);
      assert.deepEqual(bytes(await client.ask('message-with-ack', ...sent)), sent);
    }
    client.answer('question', (asked) => [asked, Buffer.from('answer')]);
    const told = client.next('answer-was');
    client.emit('ask-me', 'what?');
    assert.deepEqual(bytes(await told), ['what?', Buffer.from('answer')]);
    const custom = await join(t, packed, 'packed', way, { parser: msgpack, namespace: '/custom' });
    assert.deepEqual(await custom.ask('message-with-ack', 'x'), ['x']);
  });

  test(`the msgpack parser: refusals and endings (${way})`, async (t) => {
    const refused = new Client(packed.host, { version: '4.8', way, token: 'nonsense', parser: msgpack, reconnection: false });
    t.after(() => refused.close());
    assert.equal(await refused.refused(), 'Invalid token');
    const client = await join(t, packed, 'packed', way, { parser: msgpack });
    const ended = client.next('disconnect');
    client.emit('kick-me');
    assert.equal((await ended)[0], 'io server disconnect');
    assert.ok(await client.staysAway());
  });
}

const encoder = new msgpack.Encoder();
const encode = (packet) => Buffer.from(encoder.encode(packet)[0]);

for (const [what, packet] of [
  ['text', '40'],
  ['nothing', Buffer.alloc(0)],
  ['no map', Buffer.from([0x93, 1, 2, 3])],
  ['half a map', Buffer.from([0x82, 0xa4, 0x74])],
  ['a map of 2^32-1 entries', Buffer.from([0xdf, 255, 255, 255, 255])],
  ['a string of 2^32-1 bytes', Buffer.from([0x81, 0xdb, 255, 255, 255, 255])],
  ['depth', Buffer.concat([Buffer.alloc(50_000, 0x91), Buffer.from([1])])],
  ['bytes behind the map', Buffer.concat([encode({ type: 0, nsp: '/' }), Buffer.from([1])])],
  ['no type', encode({ nsp: '/' })],
  ['a type that is none', encode({ type: 7, nsp: '/' })],
  ['a type that is negative', encode({ type: -1, nsp: '/' })],
  ['a binary type', encode({ type: 5, nsp: '/', data: ['message'] })],
  ['a namespace that is a number', encode({ type: 0, nsp: 1 })],
  ['a CONNECT payload that is no map', encode({ type: 0, nsp: '/', data: ['x'] })],
  ['an event before CONNECT', encode({ type: 2, nsp: '/', data: ['message'] })],
]) {
  test(`the msgpack parser closes upon ${what}`, async () => {
    const session = await Streaming.open(packed.host);
    await session.send(packet);
    assert.equal(await session.ended(), 1005);
  });
}

for (const [what, packet] of [
  ['an event that is no array', { type: 2, nsp: '/', data: 'x' }],
  ['an event that is empty', { type: 2, nsp: '/', data: [] }],
  ['an event name that is a map', { type: 2, nsp: '/', data: [{}] }],
  ['a reserved event name', { type: 2, nsp: '/', data: ['connect'] }],
  ['an ACK that is no array', { type: 3, nsp: '/', id: 1, data: {} }],
  ['a DISCONNECT with payload', { type: 1, nsp: '/', data: {} }],
  ['a CONNECT_ERROR', { type: 4, nsp: '/', data: 'x' }],
  ['a second CONNECT', { type: 0, nsp: '/', data: {} }],
  ['an id that is a string', { type: 2, nsp: '/', id: 'x', data: ['message'] }],
  ['an id that is negative', { type: 2, nsp: '/', id: -1, data: ['message'] }],
]) {
  test(`the msgpack parser closes, once joined, upon ${what}`, async () => {
    const session = await Streaming.open(packed.host);
    await session.send(encode({ type: 0, nsp: '/', data: { token: packed.host.token('x') } }));
    await session.next();
    await session.send(encode(packet));
    assert.equal(await session.ended(), 1005);
  });
}
