// The stock clients 4.8, 3.1 and 2.5, each over polling, over WebSocket, and through the upgrade.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { stage } from './host.js';
import { Client, bytes, isOld, versions, ways } from './stock.js';
import { Streaming, request, soon } from './wire.js';

const maxPayload = 100_000;
const held = stage('kit', '-eio3', '-max-payload', String(maxPayload));
const impatient = stage('kit', '-eio3', '-ping-interval', '500ms', '-ping-timeout', '1s');
const young = stage('kit');

const combinations = Object.keys(versions).flatMap((version) => Object.keys(ways).map((way) => ({ version, way })));

/** Runs a test with each client over each transport. */
function overEach(name, play, over = combinations) {
  for (const { version, way } of over) {
    test(`${name} (${version}, ${way})`, (t) => play(new Stage(t, version, way)));
  }
}

class Stage {
  constructor(t, version, way) {
    this.t = t;
    this.version = version;
    this.way = way;
  }

  open({ host = held.host, user = randomUUID(), ...options } = {}) {
    const client = new Client(host, { version: this.version, way: this.way, token: host.token(user), ...options });
    this.t.after(() => client.close());
    client.user = user;
    return client;
  }

  join(options) {
    return this.open(options).connected();
  }
}

overEach('events go both ways', async (s) => {
  const client = await s.join();
  assert.equal(client.transport, ways[s.way].at(-1));
  const back = client.next('message-back');
  client.emit('message', 1, 'two', { three: [null, true], 'é😀\u2028': '"\\\n' }, []);
  assert.deepEqual(await back, [1, 'two', { three: [null, true], 'é😀\u2028': '"\\\n' }, []]);
  const empty = client.next('message-back');
  client.emit('message');
  assert.deepEqual(await empty, []);
});

overEach('acknowledgements go both ways', async (s) => {
  const client = await s.join();
  assert.deepEqual(await client.ask('message-with-ack', 1, 'two', { three: null }), [1, 'two', { three: null }]);
  assert.deepEqual(await client.ask('message-with-ack'), []);
  client.answer('question', (...asked) => ['answer', ...asked]);
  const told = client.next('answer-was');
  client.emit('ask-me', 'what?', 5);
  assert.deepEqual(await told, ['answer', 'what?', 5]);
});

overEach('binary goes both ways, nested too', async (s) => {
  const client = await s.join();
  for (const sent of [
    [Buffer.from([0, 1, 254, 255])],
    [Buffer.alloc(0), 'text', Buffer.from('x')],
    [{ deep: [{ er: Buffer.from('nested') }], text: 'é' }, null],
    [Array.from({ length: 10 }, (_, i) => Buffer.alloc(i * 100, i))],
    [Buffer.alloc(50_000, 7)],
  ]) {
    const back = client.next('message-back');
    client.emit('message', ...sent);
    assert.deepEqual(bytes(await back), sent);
    assert.deepEqual(bytes(await client.ask('message-with-ack', ...sent)), sent);
  }
});

overEach('binary in questions and answers', async (s) => {
  const client = await s.join();
  client.answer('question', (asked) => [{ was: asked, and: Buffer.from('answer') }, Buffer.from([9])]);
  const told = client.next('answer-was');
  client.emit('ask-me', Buffer.from('question'));
  assert.deepEqual(bytes(await told), [{ was: Buffer.from('question'), and: Buffer.from('answer') }, Buffer.from([9])]);
});

overEach('rooms', async (s) => {
  const room = randomUUID();
  const [a, b, c] = await Promise.all([s.join(), s.join(), s.join()]);
  const told = [];
  for (const [name, client] of Object.entries({ a, b, c })) client.socket.on('room-event', (...args) => told.push([name, ...args]));
  const emit = async (client, ...args) => {
    client.emit('room-emit', room, ...args);
    for (const each of [client, a, b, c]) await each.settle();
    return told.splice(0).sort();
  };
  await Promise.all([a.ask('room-join', room), b.ask('room-join', room)]);
  assert.deepEqual(await emit(c, 'x', 1), [['a', 'x', 1], ['b', 'x', 1]], 'from outside');
  assert.deepEqual(await emit(a, 'y'), [['b', 'y']], 'without the sender');
  await b.ask('room-leave', room);
  assert.deepEqual(await emit(c, 'z'), [['a', 'z']], 'who left is not told');
});

overEach('one user to another, on all sockets', async (s) => {
  const sender = await s.join();
  const user = randomUUID();
  const receivers = await Promise.all([s.join({ user }), s.join({ user })]);
  const told = receivers.map((client) => client.next('from-user'));
  sender.emit('to-user', user, { text: 'hello', photo: Buffer.from('bytes') });
  for (const args of await Promise.all(told)) {
    assert.deepEqual(bytes(args), [sender.user, { text: 'hello', photo: Buffer.from('bytes') }]);
  }
});

overEach('volatile events arrive at a client that listens', async (s) => {
  const client = await s.join();
  for (let tries = 0; ; tries++) {
    const told = Promise.race([client.next('volatile-back').catch(() => {}), pause(200)]);
    client.emit('volatile-me', 'x', 1);
    const args = await told;
    if (args) return assert.deepEqual(args, ['x', 1]);
    assert.ok(tries < 20, 'all were lost');
  }
});

overEach('another namespace, beside the main one', async (s) => {
  const custom = await s.join({ namespace: '/custom' });
  assert.deepEqual(await custom.ask('message-with-ack', 'in /custom'), ['in /custom']);
  custom.answer('question', (asked) => [asked, 'answered']);
  const told = custom.next('answer-was');
  custom.emit('ask-me', Buffer.from([1]));
  assert.deepEqual(bytes(await told), [Buffer.from([1]), 'answered']);
  if (isOld(s.version)) return;
  const main = custom.socket.io.socket('/', { auth: { token: held.host.token('main') } });
  await soon(new Promise((resolve) => main.once('connect', resolve)), 'connect');
  assert.notEqual(main.id, custom.socket.id);
  custom.close();
  assert.deepEqual(await soon(new Promise((resolve) => main.emit('message-with-ack', 'still here', resolve)), 'an answer'), 'still here');
  main.disconnect();
});

overEach('rooms are of one namespace', async (s) => {
  const user = randomUUID();
  const [main, custom] = await Promise.all([s.join({ user }), s.join({ user, namespace: '/custom' })]);
  const strayed = [];
  custom.socket.on('from-user', (...args) => strayed.push(args));
  const told = main.next('from-user');
  main.emit('to-user', user, 'x');
  assert.deepEqual(await told, [user, 'x']);
  await custom.settle();
  assert.deepEqual(strayed, []);
});

overEach('an unknown namespace is refused', async (s) => {
  const client = s.open({ namespace: '/random', reconnection: false });
  assert.equal(await client.refused(), 'Invalid namespace');
});

overEach('a missing and a wrong token are refused', async (s) => {
  for (const [token, message] of [
    [undefined, 'Authentication error'],
    ['', 'Authentication error'],
    ['nonsense', 'Invalid token'],
    [held.host.token('x').slice(0, -4), 'Invalid token'],
    [held.host.token('x', { exp: 1_000_000_000 }), 'Invalid token'],
    [held.host.token('x', { exp: undefined }), 'Invalid token'],
    [held.host.token(undefined), 'Invalid token'],
  ]) {
    const client = s.open({ token, reconnection: false });
    assert.equal(await client.refused(), message, token);
    assert.equal(client.socket.connected, false);
  }
});

overEach('a refused client may try again', async (s) => {
  const client = s.open({ token: 'nonsense' });
  assert.equal(await client.refused(), 'Invalid token');
  assert.equal(client.socket.active, false, 'it does not come back by itself');
  client.socket.auth = { token: held.host.token('x') };
  client.socket.connect();
  await client.connected();
  await client.settle();
}, combinations.filter(({ version }) => version === '4.8'));

overEach('a client that leaves is told no more, and may come back', async (s) => {
  const witness = await s.join();
  const client = await s.join();
  const strayed = [];
  client.socket.on('from-user', (...args) => strayed.push(args));
  const left = client.next('disconnect');
  const gone = new Promise((resolve) => client.socket.io.engine.once('close', resolve)); // behind what it still had to send
  client.close();
  assert.equal((await left)[0], 'io client disconnect');
  await soon(gone, 'the end of the connection');
  witness.emit('to-user', client.user, 'x');
  await witness.settle();
  client.socket.connect();
  await client.connected();
  await client.settle();
  assert.deepEqual(strayed, []);
});

for (const event of ['kick-me', 'kick-me-hard']) {
  overEach(`${event}: the client knows that the server threw it out, and stays away`, async (s) => {
    const client = await s.join();
    const ended = client.next('disconnect');
    client.emit(event);
    assert.equal((await ended)[0], 'io server disconnect');
    assert.ok(await client.staysAway());
    client.socket.connect();
    await client.connected();
    await client.settle();
  });
}

overEach('kick-me leaves the connection to other namespaces, kick-me-hard does not', async (s) => {
  const main = await s.join();
  for (const [event, reason] of [['kick-me', undefined], ['kick-me-hard', 'io server disconnect']]) {
    const custom = main.socket.io.socket('/custom', { auth: { token: held.host.token('custom') } });
    await soon(new Promise((resolve) => custom.once('connect', resolve)), 'connect');
    const ended = main.next('disconnect');
    const thrown = soon(new Promise((resolve) => custom.once('disconnect', resolve)), 'disconnect');
    custom.emit(event);
    assert.equal(await thrown, 'io server disconnect');
    if (reason) assert.equal((await ended)[0], reason);
    else await main.settle();
  }
}, combinations.filter(({ version }) => version === '4.8'));

overEach('drop-me: the client comes back', async (s) => {
  const client = await s.join();
  const { id } = client.socket;
  const ended = client.next('disconnect');
  const back = client.next('connect');
  client.emit('drop-me');
  assert.equal((await ended)[0], 'transport close');
  await back;
  await client.upgraded();
  await client.settle();
  assert.notEqual(client.socket.id, id);
});

overEach('a denied handshake', async (s) => {
  const client = s.open({ query: { deny: '1' }, reconnection: false });
  const [error] = await client.next('connect_error');
  assert.match(error.message, s.way === 'websocket' ? /websocket error/ : /xhr poll error/);
});

test('a denied handshake is answered in the words of the policy', async () => {
  for (const eio of [4, 3]) {
    const { status, headers, body } = await request(held.host.at(`EIO=${eio}&transport=polling&deny=1`));
    assert.deepEqual([status, headers.get('content-type'), body], [403, 'application/json', '{"code":4,"message":"conformance denied"}']);
    const refused = new Streaming(held.host, `EIO=${eio}&transport=websocket&deny=1`);
    await assert.rejects(refused.next(), /403/);
  }
});

overEach('a message of maxPayload bytes, and one byte more', async (s) => {
  const client = await s.join();
  const around = '42["message",""]'.length + (isOld(s.version) && s.way === 'polling' ? '99999:'.length : 0);
  const largest = 'a'.repeat(maxPayload - around);
  const back = client.next('message-back');
  client.emit('message', largest);
  assert.ok((await back)[0] === largest);
  const ended = client.next('disconnect');
  client.emit('message', `${largest}b`);
  assert.match((await ended)[0], /^transport (close|error)$/);
  await client.connected();
  await client.settle();
});

overEach('a binary message above maxPayload bytes closes', async (s) => {
  const client = await s.join();
  const ended = client.next('disconnect');
  client.emit('message', Buffer.alloc(maxPayload + 1));
  assert.match((await ended)[0], /^transport (close|error)$/);
});

overEach('an ack of many small events stays in order', async (s) => {
  const client = await s.join();
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => client.ask('message-with-ack', i)));
  assert.deepEqual(answers.flat(), [...answers.keys()]);
});

overEach('2,000 events keep their order across the upgrade, both ways', async (s) => {
  const sender = await new Stage(s.t, '4.8', 'websocket').join();
  const client = s.open({ upgrade: false });
  await client.next('connect');
  const received = { 'message-back': [], 'from-user': [] };
  client.socket.on('message-back', (n) => received['message-back'].push(n));
  client.socket.on('from-user', (_, n) => received['from-user'].push(n));
  let sent = 0;
  const send = async () => {
    client.emit('message', sent);
    sender.emit('to-user', client.user, sent);
    sent++;
    if (sent % 20 === 0) await pause(1);
  };
  while (sent < 500) await send();
  let moved = false;
  client.probe(() => (moved = true));
  for (let behind = 0; sent < 2000 || behind < 500; behind += moved ? 1 : 0) {
    await send();
    assert.ok(sent < 100_000, 'there is no upgrade');
  }
  await sender.settle();
  await client.settle();
  assert.equal(client.transport, 'websocket');
  const order = Array.from({ length: sent }, (_, i) => i);
  assert.deepEqual(received, { 'message-back': order, 'from-user': order });
}, combinations.filter(({ way }) => way === 'upgrade'));

test('a server that falls silent is given up, and found again', async (t) => {
  const clients = await Promise.all(combinations.map(({ version, way }) => new Stage(t, version, way).join({ host: impatient.host })));
  const ended = clients.map((client) => client.next('disconnect'));
  impatient.host.freeze();
  t.after(() => impatient.host.thaw());
  for (const [reason] of await Promise.all(ended)) assert.equal(reason, 'ping timeout');
  const back = clients.map((client) => client.next('connect'));
  impatient.host.thaw();
  await Promise.all(back);
  await Promise.all(clients.map((client) => client.settle()));
});

test('a client that falls silent is closed', async (t) => {
  const clients = await Promise.all(combinations.map(({ version, way }) => new Stage(t, version, way).join({ host: impatient.host, reconnection: false })));
  const from = Date.now();
  const ended = clients.map((client) => client.next('disconnect').then(([reason]) => [client, reason, Date.now() - from]));
  for (const client of clients) client.stopHeartbeat();
  for (const [client, reason, passed] of await Promise.all(ended)) {
    assert.equal(reason, 'transport close');
    assert.ok(passed > 500 && passed < 4000, `${client.version} on ${client.way} was closed after ${passed} ms`);
  }
});

test('idle connections live on heartbeats alone', async (t) => {
  const clients = await Promise.all(combinations.map(({ version, way }) => new Stage(t, version, way).join({ host: impatient.host })));
  const ended = clients.map((client) => once(client.socket, 'disconnect').then(([reason]) => assert.fail(`${client.version} on ${client.way}: ${reason}`)));
  await Promise.race([pause(2500), ...ended]);
  await Promise.all(clients.map((client) => client.settle()));
});

overEach('without the option a 2.x client is refused', async (s) => {
  const client = s.open({ host: young.host, reconnection: false });
  await client.next('connect_error');
  assert.equal(client.socket.connected, false);
}, combinations.filter(({ version }) => isOld(version)));
