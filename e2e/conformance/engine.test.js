// The cases of an Engine.IO 4 suite, against a server that sends every message back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { lively, stage } from './host.js';
import { Polling, Streaming, request, separator, soon, transports } from './wire.js';

const held = stage('engine', '-max-payload', '1000000');
const heartbeat = stage('engine', ...lively);
const at = (query) => held.host.at(query);

/** Runs a test over both transports. */
function overEach(name, play) {
  for (const transport of transports) {
    test(`${name} (${transport.transport})`, async (t) => {
      const session = await transport.open(held.host);
      t.after(() => session.close());
      await play(session, t);
    });
  }
}

async function polling(t, at = held) {
  const session = await Polling.open(at.host);
  t.after(() => session.close());
  return session;
}

/** A polling session and the WebSocket that moved it. */
async function upgraded(t) {
  const session = await polling(t);
  const socket = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
  t.after(() => socket.close());
  await socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  await socket.send('5');
  return { session, socket };
}

test('a handshake by polling', async () => {
  const { status, headers, body } = await request(heartbeat.host.at('EIO=4&transport=polling'));
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'text/plain; charset=UTF-8');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('content-length'), String(Buffer.byteLength(body)));
  assert.equal(body[0], '0');
  const { sid, ...rest } = JSON.parse(body.slice(1));
  assert.match(sid, /^[\w-]{20}$/);
  assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 });
});

test('a handshake by WebSocket', async (t) => {
  const session = await Streaming.open(heartbeat.host);
  t.after(() => session.close());
  const { sid, ...rest } = session.opening;
  assert.match(sid, /^[\w-]{20}$/);
  assert.deepEqual(rest, { upgrades: [], pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 });
  assert.equal(session.socket.extensions, '');
});

test('the order and form of the opening are those of the protocol', async () => {
  const { body } = await request(heartbeat.host.at('EIO=4&transport=polling'));
  assert.match(body, /^0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000\}$/);
});

test('other parameters of the handshake are let be', async () => {
  const { status } = await request(at('EIO=4&transport=polling&t=abc&b64=1&x=%00&x=2'));
  assert.equal(status, 200);
});

for (const [name, query] of [['no', 'transport=polling'], ['an invalid', 'EIO=abc&transport=polling'], ['the previous', 'EIO=3&transport=polling']]) {
  test(`${name} protocol version by polling`, async () => {
    const { status, body } = await request(at(query));
    assert.deepEqual([status, body], [400, '{"code":5,"message":"Unsupported protocol version"}']);
  });
}

for (const query of ['EIO=4', 'EIO=4&transport=abc']) {
  test(`a transport unknown by polling: ${query}`, async () => {
    const { status, body } = await request(at(query));
    assert.deepEqual([status, body], [400, '{"code":0,"message":"Transport unknown"}']);
  });
}

for (const method of ['POST', 'PUT', 'DELETE']) {
  test(`a handshake by ${method}`, async () => {
    const { status, body } = await request(at('EIO=4&transport=polling'), { method });
    assert.deepEqual([status, body], [400, '{"code":2,"message":"Bad handshake method"}']);
  });
}

for (const [name, query] of [
  ['an invalid protocol version', 'EIO=abc&transport=websocket'],
  ['no protocol version', 'transport=websocket'],
  ['an invalid transport', 'EIO=4&transport=abc'],
  ['no transport', 'EIO=4'],
]) {
  test(`${name} by WebSocket`, async () => {
    const refused = new Streaming(held.host, query);
    assert.equal(await refused.connected, false);
    await assert.rejects(refused.next(), /400/);
  });
}

overEach('one text message comes back', async (session) => {
  await session.send('4hello');
  assert.equal(await session.next(), '4hello');
});

overEach('several messages come back in order', async (session) => {
  const sent = ['4test1', '4test2', '4', `4${'é€😀\u2028\u0000"\\'}`, '4test3'];
  await session.send(...sent);
  for (const packet of sent) assert.equal(await session.next(), packet);
});

overEach('text and binary come back in order', async (session) => {
  const sent = ['4text', Buffer.from([1, 2, 3, 4]), '4more', Buffer.from([]), Buffer.alloc(300, 0xfb)];
  await session.send(...sent);
  for (const packet of sent) assert.deepEqual(await session.next(), packet);
});

test('binary by polling is base64 of the standard alphabet, padded', async (t) => {
  const session = await polling(t);
  assert.deepEqual((await session.post(`4hello${separator}b+/8=`)).body, 'ok');
  const { body, headers } = await session.get();
  assert.equal(body, `4hello${separator}b+/8=`);
  assert.equal(headers.get('content-type'), 'text/plain; charset=UTF-8');
});

test('a POST is confirmed', async (t) => {
  const session = await polling(t);
  const { status, headers, body } = await session.post('4x');
  assert.deepEqual([status, headers.get('content-type'), body], [200, 'text/html', 'ok']);
});

overEach('a message of exactly maxPayload bytes comes back', async (session) => {
  const whole = `4${'€'.repeat(333_333)}`;
  assert.equal(Buffer.byteLength(whole), 1_000_000);
  await session.send(whole);
  assert.ok((await session.next()) === whole);
});

test('a POST above maxPayload bytes is refused and not handled', async (t) => {
  const session = await polling(t);
  const { status } = await session.post(`4${'€'.repeat(333_333)}a`);
  assert.equal(status, 413);
  assert.equal(await session.ended(), undefined);
});

test('a WebSocket message above maxPayload bytes closes with 1009', async (t) => {
  const session = await Streaming.open(held.host);
  t.after(() => session.close());
  await session.send(`4${'a'.repeat(1_000_000)}`);
  assert.equal(await session.ended(), 1009);
});

test('an answer is compressed for a client that takes it', async (t) => {
  const session = await polling(t);
  await session.post(`4${'a'.repeat(5000)}`);
  const { headers, body } = await session.get({ headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(headers.get('content-encoding'), 'gzip');
  assert.equal(body.length, 5001);
  await session.post('4short');
  assert.equal((await session.get({ headers: { 'Accept-Encoding': 'gzip' } })).headers.get('content-encoding'), null);
});

overEach('packets that a client need not send are let be', async (session) => {
  await session.send('0{}', '5', '6', '3', '3', '3');
  await session.send('4still here');
  assert.equal(await session.next(), '4still here');
});

for (const [what, packet] of [['a packet that cannot be read', 'abc'], ['an empty packet', ''], ['a ping of the client', '2'], ['a probe', '2probe']]) {
  overEach(`${what} closes`, async (session) => {
    const end = session.ended();
    await pause(20); // a GET is there
    await session.send(packet);
    assert.equal(await end, session instanceof Polling ? '1' : 1005);
  });
}

test('a second GET ends the session, and the first is told', async (t) => {
  const session = await polling(t);
  const first = session.get();
  await pause(50);
  const second = await session.get();
  assert.deepEqual([second.status, second.body], [400, '']);
  const { status, body } = await first;
  assert.deepEqual([status, body], [200, '1']);
  assert.equal(await session.ended(), undefined);
});

test('a second POST ends the session, and the GET is told', async (t) => {
  const session = await polling(t);
  const waiting = session.get();
  const slow = slowPost(session);
  await pause(50);
  assert.equal((await session.post('4x')).status, 400);
  assert.equal((await waiting).body, '1');
  slow.stop();
  assert.equal(await session.ended(), undefined);
});

/** A POST that begins and does not go on. */
function slowPost(session) {
  let body;
  const stream = new ReadableStream({ start: (controller) => (body = controller) });
  body.enqueue(new TextEncoder().encode('4x'));
  const cut = new AbortController();
  const answer = fetch(session.url, { method: 'POST', body: stream, duplex: 'half', signal: cut.signal }).catch(() => {});
  return { answer, stop: () => cut.abort() };
}

test('a GET that is cut ends the session', async (t) => {
  const session = await polling(t);
  const cut = new AbortController();
  const waiting = session.get({ signal: cut.signal });
  await pause(50);
  cut.abort();
  await assert.rejects(waiting);
  await pause(50);
  assert.equal((await session.post('4x')).status, 400);
});

test('a POST that is cut ends the session', async (t) => {
  const session = await polling(t);
  const waiting = session.get();
  const slow = slowPost(session);
  await pause(50);
  slow.stop();
  assert.equal((await waiting).body, '1');
  assert.equal(await session.ended(), undefined);
});

test('another method is refused, and the session lives on', async (t) => {
  const session = await polling(t);
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const { status, headers } = await request(session.url, { method });
    assert.deepEqual([status, headers.get('allow')], [405, 'GET, POST']);
  }
  await session.send('4still here');
  assert.equal(await session.next(), '4still here');
});

test('a GET whose answer was lost can be repeated', async (t) => {
  const session = await polling(t);
  await session.post('4once');
  const again = `${session.url}&t=same`;
  const first = await request(again);
  const second = await request(again);
  assert.deepEqual([first.body, second.body], ['4once', '4once']);
});

test('a POST whose answer was lost can be repeated, and counts once', async (t) => {
  const session = await polling(t);
  for (let tries = 0; tries < 3; tries++) {
    assert.equal((await request(`${session.url}&t=same`, { method: 'POST', body: '4once' })).body, 'ok');
  }
  await session.send('4last');
  assert.equal(await session.next(), '4once');
  assert.equal(await session.next(), '4last');
});

test('the server pings at its interval (polling)', async (t) => {
  const session = await polling(t, heartbeat);
  for (let i = 0; i < 3; i++) {
    const from = Date.now();
    assert.equal((await session.get()).body, '2');
    const passed = Date.now() - from;
    assert.ok(passed > 200 && passed < 600, `${passed} ms`);
    assert.equal((await session.post('3')).body, 'ok');
  }
});

test('the server pings at its interval (websocket)', async (t) => {
  const session = await Streaming.open(heartbeat.host);
  t.after(() => session.close());
  for (let i = 0; i < 3; i++) {
    const from = Date.now();
    assert.equal(await session.nextOfAll(), '2');
    const passed = Date.now() - from;
    assert.ok(passed > 200 && passed < 600, `${passed} ms`);
    await session.send('3');
  }
});

test('a client that does not answer is closed (polling)', async (t) => {
  const session = await polling(t, heartbeat);
  const from = Date.now();
  assert.equal((await session.get()).body, '2');
  assert.equal((await session.get()).body, '1');
  assertSilence(Date.now() - from);
  assert.equal(await session.ended(), undefined);
});

test('a client that does not answer is closed (websocket)', async () => {
  const from = Date.now();
  const session = await Streaming.open(heartbeat.host);
  assert.equal(await session.nextOfAll(), '2');
  assert.equal(await session.ended(), 1005);
  assertSilence(Date.now() - from);
});

test('a client that never comes for its ping is closed', async (t) => {
  const session = await polling(t, heartbeat);
  await pause(800);
  const { body } = await session.get();
  assert.equal(body, '{"code":1,"message":"Session ID unknown"}');
});

/** Interval and time-out have passed, and not much more. */
function assertSilence(passed) {
  assert.ok(passed > 450 && passed < 1500, `closed after ${passed} ms`);
}

test('a close packet by polling lets the GET go', async (t) => {
  const session = await polling(t);
  const waiting = session.get();
  await pause(50);
  assert.equal((await session.post('1')).body, 'ok');
  const { status, body } = await waiting;
  assert.deepEqual([status, body], [200, '6']);
  for (const method of ['GET', 'POST']) {
    const after = await request(session.url, { method, body: method === 'POST' ? '4x' : undefined });
    assert.deepEqual([after.status, after.body], [400, '{"code":1,"message":"Session ID unknown"}']);
  }
});

test('a close packet by WebSocket closes at once', async () => {
  const session = await Streaming.open(held.host);
  const from = Date.now();
  await session.send('1');
  assert.equal(await session.ended(), 1005);
  assert.ok(Date.now() - from < 250);
});

test("the client's close frame is answered", async () => {
  const session = await Streaming.open(held.host);
  session.socket.close(4321, 'bye');
  assert.equal(await session.ended(), 4321);
});

test('an upgrade', async (t) => {
  const { socket } = await upgraded(t);
  await socket.send('4hello', Buffer.from([1]));
  assert.equal(await socket.next(), '4hello');
  assert.deepEqual(await socket.next(), Buffer.from([1]));
});

test('an upgrade lets the pending GET go, and the next', async (t) => {
  const session = await polling(t);
  const waiting = session.get();
  await pause(20);
  const socket = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
  t.after(() => socket.close());
  await socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  assert.equal((await waiting).body, '6');
  assert.equal((await session.get()).body, '6');
});

test('until the upgrade packet the session is on polling', async (t) => {
  const session = await polling(t);
  const socket = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
  t.after(() => socket.close());
  await socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  await session.send('4by post');
  assert.equal(await session.next(), '4by post');
  await session.send('4across');
  await socket.send('5');
  assert.equal(await socket.next(), '4across');
});

test('requests behind the upgrade are refused, and the session lives on', async (t) => {
  const { session, socket } = await upgraded(t);
  await socket.send('4moved');
  assert.equal(await socket.next(), '4moved');
  for (const answer of [await session.get(), await session.post('4x')]) {
    assert.deepEqual([answer.status, answer.body], [400, '{"code":3,"message":"Bad request"}']);
  }
  await socket.send('4still here');
  assert.equal(await socket.next(), '4still here');
});

test('a second WebSocket is closed, and the session lives on', async (t) => {
  const { session, socket } = await upgraded(t);
  await socket.send('4moved');
  assert.equal(await socket.next(), '4moved');
  const second = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
  await soon(second.closed, 'the end of the second');
  await socket.send('4still here');
  assert.equal(await socket.next(), '4still here');
});

for (const first of ['4x', '2', '2prob', '3probe', '5', '6', 'x', '']) {
  test(`a WebSocket whose first packet is '${first}' is closed, and the session may try again`, async (t) => {
    const session = await polling(t);
    const socket = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
    await socket.send(first);
    await soon(socket.closed, 'the end of the first');
    await session.send('4still here');
    assert.equal(await session.next(), '4still here');
    const again = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
    t.after(() => again.close());
    await again.send('2probe');
    assert.equal(await again.next(), '3probe');
    await again.send('5', '4moved');
    assert.equal(await again.next(), '4moved');
  });
}

test('a session that closes meanwhile takes the second connection along', async (t) => {
  const session = await polling(t);
  const socket = new Streaming(held.host, `EIO=4&transport=websocket&sid=${session.sid}`);
  await socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  await session.post('1');
  await soon(socket.closed, 'the end');
});

test('a path that is not served', async () => {
  assert.equal((await request(`${held.host.url}/other/?EIO=4&transport=polling`)).status, 404);
});
