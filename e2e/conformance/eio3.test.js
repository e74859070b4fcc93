// What clients 2.x send and expect, byte by byte (wire.md §4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lively, stage } from './host.js';
import { Streaming, request, soon } from './wire.js';

const engine = stage('engine', '-eio3');
const heartbeat = stage('engine', '-eio3', ...lively);
const socket = stage('socket', '-eio3');

async function openPolling(held, query = 'EIO=3&b64=1') {
  const answer = await request(held.host.at(`${query}&transport=polling`));
  assert.equal(answer.status, 200, answer.body);
  const [, length, text] = /^(\d+):(0.*)$/.exec(answer.body);
  assert.equal(Number(length), text.length, 'the opening comes alone');
  const opening = JSON.parse(text.slice(1));
  const url = held.host.at(`${query}&transport=polling&sid=${opening.sid}`);
  return {
    opening,
    url,
    get: async () => (await request(url)).body,
    post: async (body, type = 'text/plain;charset=UTF-8') => (await request(url, { method: 'POST', body, headers: { 'Content-Type': type } })).body,
  };
}

const openStreaming = (held, t) => {
  const session = new Streaming(held.host, 'EIO=3&transport=websocket');
  t.after(() => session.close());
  return session;
};

for (const eio of ['EIO=3', '', 'EIO=abc']) {
  test(`a handshake with '${eio}'`, async () => {
    const { opening } = await openPolling(heartbeat, `${eio}&b64=1`);
    const { sid, ...rest } = opening;
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 });
  });
}

test('a client of protocol 4 is served as ever', async () => {
  assert.match((await request(engine.host.at('EIO=4&transport=polling'))).body, /^0\{/);
});

test('the protocol of a session does not change', async () => {
  const { url } = await openPolling(engine);
  const { status, body } = await request(url.replace('EIO=3', 'EIO=4'));
  assert.deepEqual([status, body], [400, '{"code":3,"message":"Bad request"}']);
});

test('the client pings, the server answers', async () => {
  const session = await openPolling(engine);
  assert.equal(await session.post('1:2'), 'ok');
  assert.equal(await session.get(), '1:3');
  assert.equal(await session.post('6:2probe'), 'ok');
  assert.equal(await session.get(), '6:3probe');
});

test('the server does not ping; a client that does not is closed', async () => {
  const from = Date.now();
  const session = await openPolling(heartbeat);
  assert.equal(await session.get(), '1:1');
  const passed = Date.now() - from;
  assert.ok(passed > 450 && passed < 1500, `closed after ${passed} ms`);
});

test('lengths count UTF-16 code units', async () => {
  const session = await openPolling(engine);
  assert.equal(await session.post('3:4é€4:4😀x6:4hello'), 'ok');
  assert.equal(await session.get(), '3:4é€4:4😀x6:4hello');
});

test('binary as base64 and as bytes', async () => {
  const text = await openPolling(engine);
  assert.equal(await text.post('6:b4AQI=2:4x'), 'ok');
  assert.equal(await text.get(), '6:b4AQI=2:4x');

  const bytes = await openPolling(engine, 'EIO=3');
  const body = Buffer.from([0, 2, 255, ...Buffer.from('4x'), 1, 3, 255, 4, 1, 2]);
  assert.equal(await bytes.post(body, 'application/octet-stream'), 'ok');
  const answer = await fetch(bytes.url);
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), body);
});

for (const body of ['', '4x', '2:', '3:4x', '1:4x', '0:', '-1:4', '2:9x', '99999999999:4x', '5:b4A=', 'x:4x', '2:4x3', '2:4\u{1F600}']) {
  test(`a body that cannot be read closes: ${JSON.stringify(body)}`, async () => {
    const session = await openPolling(engine);
    await session.post(body);
    assert.equal(await session.get(), '{"code":1,"message":"Session ID unknown"}');
  });
}

for (const bytes of [[], [0], [2, 1, 255, 52], [0, 255, 52], [0, 2, 255, 52], [0, 1, 52], [1, 2, 255, 5, 1], [0, 2, 255, 52, 0xff]]) {
  test(`bytes that cannot be read close: ${bytes}`, async () => {
    const session = await openPolling(engine, 'EIO=3');
    await session.post(Buffer.from(bytes), 'application/octet-stream');
    assert.equal(await session.get(), '{"code":1,"message":"Session ID unknown"}');
  });
}

test('messages over WebSocket', async (t) => {
  const session = openStreaming(engine, t);
  assert.match(await session.next(), /^0\{"sid":"[\w-]{20}","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/);
  await session.send('4text', Buffer.from([4, 1, 2]), '2', '2x');
  assert.equal(await session.nextOfAll(), '4text');
  assert.deepEqual(await session.nextOfAll(), Buffer.from([4, 1, 2]));
  assert.equal(await session.nextOfAll(), '3');
  assert.equal(await session.nextOfAll(), '3x');
});

for (const bytes of [[], [5, 1], [52, 1]]) {
  test(`a binary frame that is no message closes: ${bytes}`, async (t) => {
    const session = openStreaming(engine, t);
    await session.next();
    await session.send(Buffer.from(bytes));
    assert.equal(await session.ended(), 1005);
  });
}

test('an upgrade', async (t) => {
  const session = await openPolling(engine);
  const waiting = session.get();
  const second = new Streaming(engine.host, `EIO=3&transport=websocket&sid=${session.opening.sid}`);
  t.after(() => second.close());
  await second.send('2probe');
  assert.equal(await second.next(), '3probe');
  assert.equal(await waiting, '1:6');
  await second.send('5', '4moved');
  assert.equal(await second.next(), '4moved');
});

test('the main namespace is connected without asking, with the query for a payload', async () => {
  const session = await openPolling(socket, 'EIO=3&b64=1&token=abc');
  const [, connected, auth] = /^2:(40)\d+:42\["auth",(.*)\]$/.exec(await session.get());
  assert.equal(connected, '40');
  assert.equal(JSON.parse(auth).token, 'abc');
});

test('another namespace, with its query', async (t) => {
  const session = openStreaming(socket, t);
  assert.match(await session.next(), /^0/);
  assert.equal(await session.next(), '40');
  assert.match(await session.next(), /^42\["auth",/);
  await session.send('40/custom?token=abc&x=%2C,');
  assert.equal(await session.next(), '40/custom,');
  assert.equal(await session.next(), '42/custom,["auth",{"token":"abc","x":","}]');
  await session.send('42["message","é",1]', '4212["message-with-ack",{}]');
  assert.equal(await session.next(), '42["message-back","é",1]');
  assert.equal(await session.next(), '4312[{}]');
  await session.send('41/custom', '40/custom');
  assert.equal(await session.next(), '40/custom,');
});

test('a refusal is a plain string', async (t) => {
  const session = openStreaming(socket, t);
  await session.next();
  assert.equal(await session.next(), '40');
  await session.next();
  await session.send('40/random?token=1');
  assert.equal(await session.next(), '44/random,"Invalid namespace"');
  await session.send('41');
  await session.send('42["message","behind"]');
  await soon(session.closed, 'the end');
});
