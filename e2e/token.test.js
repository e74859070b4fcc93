// Tokens as a user of the stock client has them: they expire, are exchanged, and are taken away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cast, overEachTransport, stage } from './cast.js';
import { Client, transports } from './client.js';
import { Server } from './server.js';

const held = stage();

const seconds = () => Math.floor(Date.now() / 1000);
const leeway = 30;

/** The arguments of a socket's next event of that name. Node's once() would take the event "error" for a failure. */
function happens({ socket }, name) {
  return new Promise((resolve) => socket.once(name, (...args) => resolve(args)));
}

/** A token that is over in so many seconds, of those that the leeway gives. */
function shortLived(server, user, left) {
  return server.token(user, { iat: seconds() - 60, exp: seconds() - leeway + left });
}

overEachTransport('a client with short-lived tokens comes back alone, recovered, and misses nothing', held, async (cast) => {
  let asked = 0;
  const client = await cast.connect(cast.boater, {
    auth: (give) => give({ token: asked++ ? cast.server.token(cast.boater) : shortLived(cast.server, cast.boater, 3) }),
  });
  const { id } = client.socket;
  const [gone, back] = [happens(client, 'disconnect'), happens(client, 'connect')];
  const titles = [];
  const notify = async () => {
    titles.push(`number ${titles.length}`);
    await cast.notify(cast.boater, titles.at(-1));
  };
  const ended = client.next('error').then(({ code }) => code);
  for (let over = false; !over; over = client.socket.recovered) {
    await notify();
    await pause(50);
  }
  await notify();
  assert.ok((await client.next('auth.expiring')).expiresAt);
  assert.equal(await ended, 'TOKEN_EXPIRED');
  assert.match((await gone)[0], /^transport (close|error)$/, 'so that the client comes back by itself');
  await back;
  assert.equal(client.socket.id, id);
  await client.next('notification.new', ({ title }) => title === titles.at(-1));
  assert.deepEqual(client.titles(), titles);
  assert.equal(asked, 2);
});

test('a client that has no fresh token is refused, and stops', { timeout: 60_000 }, async (t) => {
  const cast = new Cast(t, held.server);
  const client = await cast.connect(cast.boater, { auth: { token: shortLived(held.server, cast.boater, 2) } });
  const refused = happens(client, 'connect_error');
  await client.next('error', ({ code }) => code === 'TOKEN_EXPIRED');
  assert.equal((await refused)[0].message, 'Invalid token');
  assert.equal(client.socket.active, false);
});

test('a token is exchanged in band', { timeout: 60_000 }, async (t) => {
  const cast = new Cast(t, held.server);
  const client = await cast.connect(cast.boater, { auth: { token: shortLived(cast.server, cast.boater, 3) } });
  await client.next('auth.expiring');
  const exp = seconds() + 600;
  const { expiresAt } = await client.ask('auth.refresh', { token: cast.server.token(cast.boater, { exp }) });
  assert.equal(expiresAt, new Date(exp * 1000).toISOString());
  const other = await client.ask('auth.refresh', { token: cast.server.token(cast.owner) });
  assert.equal(other.error.code, 'FORBIDDEN');
  const stale = await client.ask('auth.refresh', { token: cast.server.token(cast.boater, { exp: seconds() - 60 }) });
  assert.deepEqual(stale.error, { code: 'AUTH_ERROR', message: 'Invalid token' });
  await pause(4000);
  assert.deepEqual(await client.ask('booking.list', {}), { bookings: [] }, 'past the end of the first token');
  assert.deepEqual(client.untaken(), []);
});

for (const way of Object.keys(transports)) {
  test(`what was revoked stays out when the server is killed and started again (${way})`, { timeout: 60_000 }, async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const cast = new Cast(t, server, way);
    const auth = (jti) => ({ auth: { token: server.token(cast.boater, { jti, sessionId: `session of ${jti}` }) } });
    const [lost, stolen, kept] = await Promise.all(['lost', 'stolen', 'kept'].map((jti) => cast.connect(cast.boater, auth(jti))));
    const gone = [lost, stolen].map((client) => once(client.socket, 'disconnect'));
    await server.post(`/v1/users/${cast.boater}/disconnect`, { sessionId: 'session of lost' });
    await server.post(`/v1/users/${cast.boater}/disconnect`, { jti: 'stolen' });
    for (const [reason] of await Promise.all(gone)) assert.equal(reason, 'io server disconnect');
    const back = once(kept.socket, 'connect');
    await server.kill();
    await server.launch();
    await back;
    assert.equal(kept.socket.recovered, true);
    for (const jti of ['lost', 'stolen']) {
      const again = new Client(server.url, { transports: cast.transports, ...auth(jti) });
      t.after(() => again.close());
      assert.equal((await again.refused()).message, 'Invalid token', jti);
    }
  });
}
