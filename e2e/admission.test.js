// Too many handshakes from one address are answered 503; the stock client comes back by itself, and never hears a CONNECT_ERROR.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { stage } from './cast.js';
import { Client, transports } from './client.js';

const held = stage({ env: { TRUSTED_PROXIES: '127.0.0.0/8', LIMITS: 'handshakes=2/s:2,userConnections=3' } });

const from = (address, way) => ({
  transports: transports[way],
  auth: { token: held.server.token(randomUUID()) },
  extraHeaders: { 'X-Forwarded-For': address },
  reconnectionDelay: 100,
  reconnectionDelayMax: 500,
});

let network = 0;
for (const way of ['polling', 'websocket']) {
  test(`stock clients over the rate come back by themselves (${way})`, { timeout: 60_000 }, async (t) => {
    const address = `192.0.2.${(network += 1)}`;
    let refused = 0;
    const clients = Array.from({ length: 6 }, () => {
      const client = new Client(held.server.url, from(address, way));
      client.socket.on('connect_error', (error) => {
        refused += 1;
        assert.ok(client.socket.active, `gave up: ${error.message}`);
      });
      t.after(() => client.close());
      return client;
    });
    const other = await Client.connect(held.server.url, from('198.51.100.1', way));
    t.after(() => other.close());
    await Promise.all(clients.map((client) => client.connected()));
    assert.ok(refused > 0, 'nobody was refused');
    assert.deepEqual((await clients[5].ask('booking.list', {})).bookings, []);
  });
}

test('the refusal says when to come back', async () => {
  const knock = () => fetch(`${held.server.url}/socket.io/?EIO=4&transport=polling`, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
  let answer;
  for (let i = 0; i < 3; i += 1) answer = await knock();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.match(answer.headers.get('x-request-id'), /^\w{26}$/);
  assert.deepEqual(await answer.json(), { code: 4, message: 'Too many connections' });
});

test('one connection too many of a user comes in when another leaves', { timeout: 60_000 }, async (t) => {
  const token = held.server.token(randomUUID());
  const open = () => new Client(held.server.url, { transports: ['websocket'], auth: { token }, reconnectionDelay: 100, reconnectionDelayMax: 300 });
  const three = [open(), open(), open()];
  for (const client of three) await client.connected();
  const fourth = open();
  t.after(() => [...three, fourth].forEach((client) => client.close()));
  await new Promise((done) => fourth.socket.io.once('reconnect_attempt', done));
  assert.equal(fourth.socket.connected, false);
  assert.ok(fourth.socket.active);
  const arrived = new Promise((done) => fourth.socket.once('connect', done));
  three[0].close();
  await arrived;
});
