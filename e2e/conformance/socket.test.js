// The cases of a Socket.IO 5 suite, each over both transports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { lively, stage } from './host.js';
import { Polling, transports } from './wire.js';

const held = stage('socket', '-max-payload', '1000000', '-connect-timeout', '1s');
const heartbeat = stage('socket', ...lively);

function overEach(name, play, at = held) {
  for (const transport of transports) {
    test(`${name} (${transport.transport})`, async (t) => {
      const session = await transport.open(at.host);
      t.after(() => session.close());
      await play(session);
    });
  }
}

/** Connects to a namespace, and returns the socket's id. */
async function join(session, namespace = '/', auth) {
  const prefix = namespace === '/' ? '' : `${namespace},`;
  await session.send(`40${prefix}${auth === undefined ? '' : JSON.stringify(auth)}`);
  const reply = await session.next();
  assert.ok(reply.startsWith(`40${prefix}{`), reply);
  const { sid, ...others } = JSON.parse(reply.slice(2 + prefix.length));
  assert.match(sid, /^[\w-]{20}$/);
  assert.deepEqual(others, {}, 'recovery is off');
  assert.notEqual(sid, session.sid);
  assert.equal(await session.next(), `42${prefix}["auth",${JSON.stringify(auth ?? {})}]`);
  return sid;
}

/** An event comes back, so nothing was closed, and no other packet was sent. */
async function assertAlive(session, prefix = '') {
  await session.send(`42${prefix}["message","alive?"]`);
  assert.equal(await session.next(), `42${prefix}["message-back","alive?"]`);
}

async function assertCloses(session, ...packets) {
  const end = session.ended();
  if (session instanceof Polling) await pause(20); // a GET is there
  await session.send(...packets);
  assert.equal(await end, session instanceof Polling ? '1' : 1005);
}

overEach('connects to the main namespace', (session) => join(session));
overEach('connects with a payload', (session) => join(session, '/', { token: '123', nested: { a: [1] } }));
overEach('connects to another namespace', (session) => join(session, '/custom'));
overEach('connects to another namespace with a payload', (session) => join(session, '/custom', { token: 'abc' }));

overEach('connects to a namespace written without comma', async (session) => {
  await session.send('40/custom');
  assert.match(await session.next(), /^40\/custom,\{"sid":"[\w-]{20}"\}$/);
  assert.equal(await session.next(), '42/custom,["auth",{}]');
});

overEach('connects to two namespaces, with an id each', async (session) => {
  const sids = [await join(session), await join(session, '/custom')];
  assert.notEqual(sids[0], sids[1]);
  await assertAlive(session);
});

overEach('refuses an unknown namespace, with and without payload', async (session) => {
  for (const packet of ['40/random', '40/random,', '40/random,{"token":"abc"}']) {
    await session.send(packet);
    assert.equal(await session.next(), '44/random,{"message":"Invalid namespace"}');
  }
  await join(session);
});

for (const payload of ['abc', '"x"', '[]', 'null', 'true', '{', '{}x']) {
  overEach(`closes upon the CONNECT payload ${payload}`, (session) => assertCloses(session, `40${payload}`));
}

overEach('closes without a CONNECT in time', async (session) => {
  const from = Date.now();
  await assertConnectTimeout(session, from);
});

overEach('a refused CONNECT does not count', async (session) => {
  const from = Date.now();
  await session.send('40/random');
  assert.equal(await session.next(), '44/random,{"message":"Invalid namespace"}');
  await assertConnectTimeout(session, from);
});

async function assertConnectTimeout(session, from) {
  if (session instanceof Polling) {
    await assert.rejects(async () => {
      for (let packet = await session.next(); ; packet = await session.next()) assert.equal(packet, '1');
    }, /Session ID unknown/);
  } else {
    await assert.rejects(session.next(), /closed/);
  }
  const passed = Date.now() - from;
  assert.ok(passed > 500 && passed < 3000, `${passed} ms`);
}

overEach('closes upon a second CONNECT', async (session) => {
  await join(session);
  await assertCloses(session, '40');
});

overEach('closes upon an event before CONNECT', (session) => assertCloses(session, '42["message","x"]'));

overEach('closes upon an event for a namespace that is not joined', async (session) => {
  await join(session);
  await assertCloses(session, '42/custom,["message","x"]');
});

overEach('leaves the main namespace without reply', async (session) => {
  await join(session);
  await join(session, '/custom');
  await session.send('41');
  await join(session);
  await assertAlive(session);
});

overEach('leaves another namespace', async (session) => {
  await join(session);
  await join(session, '/custom');
  await session.send('41/custom');
  await assertAlive(session);
  await join(session, '/custom');
  await session.send('41/custom,');
  await assertAlive(session);
});

overEach('closes upon an event behind DISCONNECT', async (session) => {
  await join(session);
  await join(session, '/custom');
  await assertCloses(session, '41', '42["message","x"]');
});

overEach('an event comes back with its arguments', async (session) => {
  await join(session);
  await session.send('42["message",1,"2",{"3":[true]},null,"é😀"]');
  assert.equal(await session.next(), '42["message-back",1,"2",{"3":[true]},null,"é😀"]');
  await session.send('42["message"]');
  assert.equal(await session.next(), '42["message-back"]');
});

overEach('an acknowledgement bears the id of its event', async (session) => {
  await join(session);
  for (const id of [0, 456, 9007199254740991]) {
    await session.send(`42${id}["message-with-ack",1,"2",{"3":[false]}]`);
    assert.equal(await session.next(), `43${id}[1,"2",{"3":[false]}]`);
  }
  await session.send('427["message-with-ack"]');
  assert.equal(await session.next(), '437[]');
});

overEach('binary comes back', async (session) => {
  await join(session);
  await session.send('452-["message",{"_placeholder":true,"num":0},{"in":[{"_placeholder":true,"num":1}]}]', Buffer.from([1, 2, 3]), Buffer.from([]));
  assert.equal(await session.next(), '452-["message-back",{"_placeholder":true,"num":0},{"in":[{"_placeholder":true,"num":1}]}]');
  assert.deepEqual([await session.next(), await session.next()], [Buffer.from([1, 2, 3]), Buffer.from([])]);
});

overEach('binary is acknowledged', async (session) => {
  await join(session);
  await session.send('451-789["message-with-ack",{"_placeholder":true,"num":0}]', Buffer.from([250, 251]));
  assert.equal(await session.next(), '461-789[{"_placeholder":true,"num":0}]');
  assert.deepEqual(await session.next(), Buffer.from([250, 251]));
});

overEach('heartbeats go on between a packet and its attachments', async (session) => {
  await join(session);
  await session.send('451-["message",{"_placeholder":true,"num":0}]');
  await pingPong(session);
  await session.send(Buffer.from('late'));
  assert.equal(await session.next(), '451-["message-back",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await session.next(), Buffer.from('late'));
}, heartbeat);

async function pingPong(session) {
  const ping = session instanceof Polling ? (await session.get()).body : await session.nextOfAll();
  assert.equal(ping, '2');
  await session.send('3');
}

overEach('an event that nobody handles is let be', async (session) => {
  await join(session);
  await session.send('42["nobody",1]', '42["error"]', '42["__proto__"]', '42[7]', '421["nobody"]', '42');
  await assertAlive(session);
});

overEach('an acknowledgement that nobody awaits is let be', async (session) => {
  await join(session);
  await session.send('430[]', '43999["x"]', '43["x"]', '431', '461-9[{"_placeholder":true,"num":0}]', Buffer.from('x'));
  await assertAlive(session);
});

overEach('a session outlives many heartbeats', async (session) => {
  await join(session);
  for (let i = 0; i < 4; i++) await pingPong(session);
  await assertAlive(session);
}, heartbeat);

overEach('a connection without heartbeat takes its sockets along', async (session) => {
  await join(session);
  if (session instanceof Polling) {
    assert.deepEqual([(await session.get()).body, (await session.get()).body], ['2', '1']);
  } else {
    assert.equal(await session.nextOfAll(), '2');
    assert.equal(await session.ended(), 1005);
  }
}, heartbeat);
