// Sends the inputs of attacks.js, each on a connection of its own, beside a client that must not notice.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { early, ending, floods, frames, harmless, maxPayload, origins, requests, streams, upgrades } from './attacks.js';
import { startCanary } from './canary.js';
import { closePayload, frame, op } from './frames.js';
import { Host } from './host.js';
import { Wire, requestBytes } from './raw.js';
import { Polling, Streaming, request, separator, soon, transports } from './wire.js';

/** What any single input may take. */
const tooLong = 3000;

let host;
let canary;
let atStart;
let spared; // by the attacks, so that it shows how busy the machine is
let control;

before(async () => {
  spared = await Host.start('socket');
  control = await startCanary(spared.url);
  host = await Host.start('socket', '-connect-timeout', '1s', '-max-payload', String(maxPayload), '-allowed-origin', origins.join(), '-upgrade-timeout', '2s');
  canary = await startCanary(host.url);
  atStart = { memory: await host.memory(), descriptors: await host.descriptors() };
});
after(() => Promise.all([host.stop(), spared.stop()]));

const short = (input) => {
  const text = [input].flat().map((part) => (Buffer.isBuffer(part) ? `<${part.subarray(0, 20).toString('hex')}>` : part instanceof RegExp ? String(part) : JSON.stringify(part))).join(' ');
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
};

async function join(session) {
  await session.send('40');
  assert.match(await session.next(), /^40\{/);
  assert.equal(await session.next(), '42["auth",{}]');
  return session;
}

async function assertAlive(session) {
  await session.send('427["message-with-ack","alive"]');
  assert.equal(await session.next(), '437["alive"]');
}

/** Runs one check for each input, and fails with a list of those that went wrong. */
async function each(inputs, check) {
  const wrong = [];
  for (const input of inputs) {
    try {
      await soon(check(input), 'the outcome', tooLong);
    } catch (error) {
      wrong.push(`${short(input.what ?? input.query ?? input.bytes ?? input.send ?? input)}${input.method ? ` ${input.method}` : ''}${input.upgrade ? ' (upgrade)' : ''}: ${error.message}`);
    }
  }
  assert.equal(wrong.length, 0, `${wrong.length} of ${inputs.length}:\n${wrong.join('\n')}`);
}

function byRow(inputs) {
  const groups = {};
  for (const input of inputs) (groups[input.row] ??= []).push(input);
  return Object.entries(groups);
}

describe('requests', () => {
  for (const [row, inputs] of byRow(requests)) test(`${row}: ${inputs.length} requests`, () => each(inputs, checkRequest));
});

async function checkRequest({ query, method, upgrade, headers = [], content, answer, ends }) {
  const session = /SID(?!x)/.test(query) ? await Polling.open(host) : undefined;
  const moved = query.includes('MOVED') ? await move() : undefined;
  const sent = query.replaceAll('SID', session?.sid ?? 'SID').replace('MOVED', moved?.sid);
  const wire = await Wire.dial(host);
  const withType = content === undefined || headers.some(([name]) => name === 'Content-Type') ? headers : [...headers, ['Content-Type', 'text/plain']];
  wire.write(requestBytes(host, { method, upgrade, headers: withType, body: content, target: `${host.path}?${sent}` }));
  const got = await wire.answer();
  assert.ok(got, 'no answer');
  assert.equal(got.status, answer.status, got.body);
  if (answer.body !== undefined) assert.equal(got.body, answer.body);
  if (answer.header) assert.equal(got.headers.get(answer.header[0]), answer.header[1]);
  if (session && ends) assert.equal(await session.ended(), undefined);
  else if (session) await assertAlive(await join(session));
  await moved?.assertAlive();
  wire.end();
}

/** A joined session that was moved to a WebSocket. */
async function move() {
  const session = await Polling.open(host);
  const socket = new Streaming(host, `EIO=4&transport=websocket&sid=${session.sid}`);
  await socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  await socket.send('5');
  await join(socket);
  return {
    sid: session.sid,
    async assertAlive() {
      await assertAlive(socket);
      await socket.close();
    },
  };
}

describe('bytes that are no request', () => {
  for (const [row, inputs] of byRow(streams)) test(`${row}: ${inputs.length} streams`, () => each(inputs, checkStream));
});

async function checkStream({ bytes, status }) {
  const session = bytes.includes('SID') ? await Polling.open(host) : undefined;
  const wire = await Wire.dial(host);
  wire.write(Buffer.from(bytes.replace('SID', session?.sid).replaceAll('HOST', host.address), 'latin1'));
  const got = await wire.answer();
  assert.ok(status.includes(got?.status), `answered ${got?.status} ${got?.body}`);
  await soon(wire.closed, 'the end of the connection', 1500);
  await session?.close();
}

describe('inputs that end the session', () => {
  for (const transport of transports) {
    for (const { row, what, inputs, only, raw, joined = true } of ending) {
      if (only && only !== transport.transport) continue;
      test(`${row}: ${what} (${transport.transport}, ${inputs.length})`, () => each(inputs, async (input) => {
        const session = await transport.open(host);
        if (joined) await join(session);
        await (raw ? session.post(input) : session.send(...[input].flat()));
        const how = await session.ended();
        assert.ok([undefined, '1', '6', 1005, 1009].includes(how), `ended with ${how}`);
      }));
    }
  }
});

describe('inputs without harm', () => {
  for (const transport of transports) {
    for (const { row, what, inputs } of harmless) {
      test(`${row}: ${what} (${transport.transport}, ${inputs.length})`, () => each(inputs, async (input) => {
        const session = await join(await transport.open(host));
        const { send, answers = [] } = input.send === undefined ? { send: input } : input;
        await session.send(...[send].flat());
        for (const answer of answers) {
          const got = await session.next();
          if (answer instanceof RegExp) assert.match(got, answer);
          else assert.deepEqual(got, answer);
        }
        await assertAlive(session);
        await session.close();
      }));
    }
  }
});

/** An open WebSocket by hand, behind the opening packet. pieces go out together with the request. */
async function dialWebSocket(query, ...pieces) {
  const wire = await Wire.dial(host);
  wire.write(requestBytes(host, { target: `${host.path}?${query}`, upgrade: true }), ...pieces);
  assert.equal((await wire.answer()).status, 101);
  return wire;
}

async function openWebSocket(...pieces) {
  const wire = await dialWebSocket('EIO=4&transport=websocket', ...pieces);
  assert.equal((await wire.frame()).payload[0], 0x30);
  return wire;
}

async function assertCloses(wire, code) {
  assert.equal(await wire.closeCode(), code);
  await soon(wire.closed, 'the end of the connection', 2500);
}

describe('frames', () => {
  for (const [row, inputs] of byRow(frames)) {
    test(`${row}: ${inputs.length} times`, () => each(inputs, async ({ send, code }) => {
      const wire = await openWebSocket();
      wire.write(...send);
      await assertCloses(wire, code);
    }));
  }

  test(`A-05: ${early.length} times right behind the request`, () => each(early, async ({ send, code }) => {
    await assertCloses(await openWebSocket(...send), code);
  }));

  test(`A-05: ${early.length} times right behind the request for an upgrade`, async () => {
    const session = await join(await Polling.open(host));
    await each(early, async ({ send }) => {
      const wire = await dialWebSocket(`EIO=4&transport=websocket&sid=${session.sid}`, ...send);
      await soon(wire.closed, 'the end of the connection', 2500);
    });
    await assertAlive(session);
    await session.close();
  });

  test('in slices of one byte', async () => {
    const wire = await openWebSocket();
    for (const byte of Buffer.concat([frame(op.text, '40'), frame(op.text, '421["message-with-ack","é"]')])) {
      wire.write([byte]);
      await pause(0);
    }
    assert.match(String((await wire.frame()).payload), /^40\{/);
    assert.equal(String((await wire.frame()).payload), '42["auth",{}]');
    assert.equal(String((await wire.frame()).payload), '431["é"]');
    wire.end();
  });

  test('pings between fragments are answered with their payload', async () => {
    const wire = await openWebSocket();
    wire.write(frame(op.text, '4', { fin: false }), frame(op.ping, 'are you there?'), frame(op.continuation, '0'));
    const answers = [await wire.frame(), await wire.frame()];
    assert.ok(answers.some(({ opcode, payload }) => opcode === op.pong && String(payload) === 'are you there?'));
    assert.ok(answers.some(({ payload }) => String(payload).startsWith('40{')));
    wire.end();
  });
});

describe('upgrades that do not come about', () => {
  test(`A-88: ${upgrades.length} times`, async () => {
    const session = await join(await Polling.open(host));
    await each(upgrades, async ({ send }) => {
      const second = new Streaming(host, `EIO=4&transport=websocket&sid=${session.sid}`);
      await second.send(...send);
      await soon(second.closed, 'the end of the second connection');
    });
    await assertAlive(session);
    await session.close();
  });

  test('A-88: two at once', async () => {
    const session = await join(await Polling.open(host));
    const query = `EIO=4&transport=websocket&sid=${session.sid}`;
    const both = [new Streaming(host, query), new Streaming(host, query)];
    const [first] = await Promise.all(both.map((s) => s.connected));
    const [winner, loser] = first ? both : both.reverse();
    await soon(loser.closed, 'the end of the second');
    await winner.send('2probe');
    assert.equal(await winner.next(), '3probe');
    await winner.send('5');
    await assertAlive(winner);
    await winner.close();
  });

  test('A-88: `5` comes twice', async () => {
    const session = await Polling.open(host);
    const socket = new Streaming(host, `EIO=4&transport=websocket&sid=${session.sid}`);
    await socket.send('2probe', '5', '5');
    assert.equal(await socket.next(), '3probe');
    await assertAlive(await join(socket));
    await socket.close();
  });

  test('A-88: behind the end of the session', async () => {
    const session = await Polling.open(host);
    await session.close();
    const late = new Streaming(host, `EIO=4&transport=websocket&sid=${session.sid}`);
    await assert.rejects(late.next(), /400/);
  });

  test('A-88: reset in the middle', async () => {
    const session = await join(await Polling.open(host));
    for (const bytes of ['', 'G', 'GET /socket.io/?EIO=4&transport=websocket', requestBytes(host, { target: `${host.path}?EIO=4&transport=websocket&sid=${session.sid}`, upgrade: true })]) {
      const wire = await Wire.dial(host);
      wire.write(Buffer.from(bytes));
      await pause(10);
      wire.socket.resetAndDestroy();
    }
    await assertAlive(session);
    await session.close();
  });
});

describe('floods', () => {
  for (const { row, what, over, times, text, frame: bytes, ends } of floods) {
    test(`${row}: ${times} times ${what} (${over})`, async () => {
      const from = await host.memory();
      await { polling: floodPolling, websocket: floodWebSocket, frames: floodFrames, unread: floodUnread }[over]({ times, text, bytes, ends });
      const grown = (await host.memory()) - from;
      assert.ok(grown < 48 << 20, `memory grew by ${grown >> 20} MiB`);
    });
  }
});

async function floodPolling({ times, text, ends }) {
  const session = await join(await Polling.open(host));
  await session.post(Array(times).fill(text).join(separator));
  if (ends) await session.ended();
  else await assertAlive(session);
  await session.close();
}

async function floodWebSocket({ times, text, ends }) {
  const session = await join(await Streaming.open(host));
  await session.send(...Array(times).fill(text));
  if (ends) assert.equal(await session.ended(), 1005);
  else await assertAlive(session);
  await session.close();
}

async function floodFrames({ times, bytes }) {
  const wire = await joinedWire();
  wire.write(Buffer.concat(Array(times).fill(bytes)), frame(op.text, '421["message-with-ack"]'));
  assert.equal(String((await wire.frame()).payload), '431[]');
  wire.end();
}

/** The client reads nothing while it sends. */
async function floodUnread({ times, bytes, ends }) {
  const wire = await joinedWire();
  wire.socket.pause();
  for (let sent = 0; sent < times && !wire.gone; sent += 1000) {
    const all = Buffer.concat(Array(Math.min(1000, times - sent)).fill(bytes));
    if (!wire.socket.write(all)) await Promise.race([new Promise((resolve) => wire.socket.once('drain', resolve)), wire.closed, pause(1000)]);
  }
  wire.socket.resume();
  if (ends) return soon(wire.closed, 'the end of a slow reader');
  wire.write(frame(op.text, '421["message-with-ack"]'));
  for (let next = await wire.frame(); ; next = await wire.frame()) {
    assert.ok(next, 'the connection ended');
    if (String(next.payload) === '431[]') return wire.end();
  }
}

async function joinedWire() {
  const wire = await openWebSocket();
  wire.write(frame(op.text, '40'));
  assert.match(String((await wire.frame()).payload), /^40/);
  assert.match(String((await wire.frame()).payload), /^42/);
  return wire;
}

test('A-12: octet-stream POSTs are answered and leave nothing behind', async () => {
  for (let i = 0; i < 500; i++) {
    const session = await Polling.open(host);
    const { status } = await session.post('4x', { headers: { 'Content-Type': 'application/octet-stream' } });
    assert.equal(status, 400);
  }
});

test('A-01: session ids do not repeat, and each character is as likely as another', async () => {
  const ids = new Set();
  const counts = new Map();
  for (let i = 0; i < 500; i++) {
    const { body } = await request(host.at('EIO=4&transport=polling'));
    const { sid } = JSON.parse(body.slice(1));
    ids.add(sid);
    for (const c of sid) counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  assert.equal(ids.size, 500);
  const expected = (500 * 20) / 64;
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.equal(counts.size, 64);
  assert.ok(chiSquare < 120, `chi-square ${chiSquare.toFixed(1)} at 63 degrees of freedom`);
});

// Each of these waits for a deadline of the server, so they wait together.
describe('clients that are slow', { concurrency: true }, () => {
  /** The connection is closed by the server, not before nor long after the deadline. */
  async function assertClosed(wire, from, deadline) {
    await soon(wire.closed, 'the end of the connection', deadline + 3000);
    const passed = Date.now() - from;
    assert.ok(passed > deadline - 500 && passed < deadline + 2000, `closed after ${passed} ms`);
  }

  test('A-61: half a request', async () => {
    const from = Date.now();
    const wire = await Wire.dial(host);
    wire.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgr');
    await assertClosed(wire, from, 5000);
  });

  test('A-85: a body of one byte per second', async () => {
    const session = await Polling.open(host);
    await join(session);
    const from = Date.now();
    const wire = await Wire.dial(host);
    wire.write(`POST ${host.path}?EIO=4&transport=polling&sid=${session.sid} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n4`);
    const trickle = setInterval(() => wire.write('x'), 1000);
    const end = session.get({ signal: AbortSignal.timeout(15_000) });
    await assertClosed(wire, from, 10_000).finally(() => clearInterval(trickle));
    assert.equal((await end).body, '1');
  });

  test('A-85: a body that does not come, of a request that is refused', async () => {
    const from = Date.now();
    const wire = await Wire.dial(host);
    wire.write(`POST ${host.path}?EIO=4&transport=polling&sid=nope HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4`);
    await assertClosed(wire, from, 10_000);
  });

  for (const transport of transports) {
    test(`A-11: attachments that do not come (${transport.transport})`, async () => {
      const session = await join(await transport.open(host));
      const from = Date.now();
      await session.send('452-["message",{"_placeholder":true,"num":0}]', Buffer.from('one of two'));
      if (session instanceof Polling) assert.equal((await session.get({ signal: AbortSignal.timeout(15_000) })).body, '1');
      else await soon(session.closed, 'the end', 15_000);
      const passed = Date.now() - from;
      assert.ok(passed > 9500 && passed < 12_000, `closed after ${passed} ms`);
    });

    test(`A-84: silence behind the opening (${transport.transport})`, async () => {
      const from = Date.now();
      const session = await transport.open(host);
      await session.ended();
      const passed = Date.now() - from;
      assert.ok(passed > 500 && passed < 3000, `closed after ${passed} ms`);
    });
  }

  test('A-88: a probe and no more', async () => {
    const session = await join(await Polling.open(host));
    const from = Date.now();
    const socket = new Streaming(host, `EIO=4&transport=websocket&sid=${session.sid}`);
    await socket.send('2probe');
    assert.equal(await socket.next(), '3probe');
    await socket.ended();
    assert.ok(Date.now() - from > 1800);
    for (let body = '6'; body === '6'; ) body = await Promise.race([session.get().then((a) => a.body), pause(300)]);
    await session.close();
  });

  test('A-89: a close frame and no end of the connection', async () => {
    const wire = await openWebSocket();
    wire.socket.allowHalfOpen = true;
    wire.write(frame(op.close, closePayload(1000)));
    assert.equal(await wire.closeCode(), 1000);
    await pause(2500);
    wire.write('x'); // the server has closed, so its system says so
    await pause(100);
    wire.write('x');
    await soon(wire.closed, 'the end of the connection', 1000);
  });
});

test('the canary did not notice', async (t) => {
  const { disconnects, asked, unanswered, p99, longest } = await canary.stop();
  const other = await control.stop();
  t.diagnostic(`${asked} questions, answered in ${p99.toFixed(1)} ms (99 of 100), ${longest.toFixed(1)} ms (all); by a server at peace in ${other.p99.toFixed(1)} ms`);
  assert.deepEqual({ disconnects, unanswered }, { disconnects: 0, unanswered: 0 });
  assert.ok(p99 < 100 + other.p99);
});

test('nothing is left behind', async (t) => {
  const deadline = Date.now() + 5000;
  let now;
  do {
    await pause(100);
    now = { memory: await host.memory(), descriptors: await host.descriptors() };
  } while (now.descriptors > atStart.descriptors + 5 && Date.now() < deadline);
  t.diagnostic(`memory ${atStart.memory >> 20} → ${now.memory >> 20} MiB, descriptors ${atStart.descriptors} → ${now.descriptors}`);
  assert.ok(now.descriptors <= atStart.descriptors + 5, `${now.descriptors} descriptors, ${atStart.descriptors} at the start`);
  assert.ok(now.memory < atStart.memory + (64 << 20));
});

test('the log is one line for each thing, and shows nothing that a terminal obeys', () => {
  for (const line of host.output.trimEnd().split('\n')) {
    assert.match(line, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (INFO|WARN|ERROR|http:) ?/);
    assert.doesNotMatch(line, /[\0-\x08\x0b-\x1f\x7f\u2028\u2029]/);
  }
  assert.doesNotMatch(host.output, /panic|goroutine \d/);
});
