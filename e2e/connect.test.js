import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Cast, overEachTransport, stage } from './cast.js';
import { Client, transports } from './client.js';

const held = stage();

overEachTransport('a good token connects', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  assert.equal(client.socket.io.engine.transport.name, cast.transports.at(-1));
  assert.match(client.socket.id, /^[\w-]{20}$/);
  assert.notEqual(client.socket.id, client.socket.io.engine.id);
});

overEachTransport('the claim sub stands in for id', held, async (cast) => {
  const token = cast.server.token(undefined, { sub: cast.boater });
  const boater = await cast.connect(cast.boater, { auth: { token } });
  const owner = await cast.connect(cast.owner);
  await cast.say(owner, cast.boater, 'Hello');
  assert.equal((await boater.next('message.new')).recipientId, cast.boater);
});

const badTokens = {
  'of another secret': (server) => Object.assign(Object.create(server), { secret: 'x'.repeat(64) }).token(randomUUID()),
  'that has expired': (server) => server.token(randomUUID(), { exp: Math.floor(Date.now() / 1000) - 120 }),
  'without exp': (server) => server.token(randomUUID(), { exp: undefined }),
  'without a user': (server) => server.token(undefined),
  'that is no token': () => 'hello',
  'that is no string': () => 42,
};

for (const way of Object.keys(transports)) {
  const refusal = async (auth) => {
    const client = new Client(held.server.url, { transports: transports[way], auth });
    const error = await client.refused();
    client.close();
    return error;
  };
  test(`no token is refused (${way})`, async () => {
    for (const auth of [undefined, {}, { token: '' }]) {
      const error = await refusal(auth);
      assert.equal(error.message, 'Authentication error');
      assert.equal(error.data, undefined);
    }
  });
  for (const [what, make] of Object.entries(badTokens)) {
    test(`a token ${what} is refused (${way})`, async () => {
      const error = await refusal({ token: make(held.server) });
      assert.equal(error.message, 'Invalid token');
      assert.equal(error.data, undefined);
    });
  }
}

overEachTransport('an unknown namespace is refused, and the connection lives on', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  const other = client.socket.io.socket('/other');
  const error = await new Promise((resolve) => other.once('connect_error', resolve));
  assert.equal(error.message, 'Invalid namespace');
  assert.deepEqual(await client.ask('booking.list', {}), { bookings: [] });
});

test('health is told to anyone, the demo to nobody under serve', async () => {
  const { url } = held.server;
  for (const path of ['/healthz', '/readyz']) assert.equal((await fetch(url + path)).status, 200, path);
  for (const path of ['/demo', '/demo/', '/demo/session.json']) assert.equal((await fetch(url + path)).status, 404, path);
});

test('the stock client is served as npm ships it', async () => {
  for (const name of ['socket.io.min.js', 'socket.io.min.js.map', 'socket.io.esm.min.js', 'socket.io.esm.min.js.map']) {
    const response = await fetch(`${held.server.url}/socket.io/${name}`);
    const shipped = await readFile(new URL(`node_modules/socket.io-client/dist/${name}`, import.meta.url), 'utf8');
    assert.equal(response.status, 200, name);
    assert.equal(await response.text(), shipped, name);
    const again = await fetch(response.url, { headers: { 'If-None-Match': response.headers.get('etag') } });
    assert.equal(again.status, 304, name);
  }
});

test('dokkerrd token signs a token that connects', async (t) => {
  const cast = new Cast(t, held.server);
  const binary = new URL('../bin/dokkerrd', import.meta.url).pathname;
  const token = execFileSync(binary, ['token', '--user', cast.boater, '--role', 'boater'], {
    env: cast.server.environment(),
    encoding: 'utf8',
  });
  await cast.connect(cast.boater, { auth: { token: token.trim() } });
});
