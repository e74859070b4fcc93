// A page elsewhere gets nowhere: Origin is checked on every handshake, on both transports.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { stage } from './cast.js';

const held = stage({ env: { FRONTEND_URL: 'https://app.example,capacitor://localhost' } });
const path = '/socket.io/?EIO=4&transport=';

const own = () => [`http://localhost:${held.server.port}`, `http://127.0.0.1:${held.server.port}`];
const listed = ['https://app.example', 'capacitor://localhost'];
const foreign = () => [
  'https://evil.example', 'http://app.example', 'https://app.example.evil.example', 'https://app.example:8443',
  'null', `http://localhost:${held.server.port + 1}`, 'https://APP.example.', 'capacitor://evil',
];

const poll = (origin) => fetch(`${held.server.url}${path}polling`, { headers: origin ? { Origin: origin } : {} });

/** The status with which a WebSocket handshake is answered. */
async function upgrade(origin) {
  const handshake = request(`${held.server.url}${path}websocket`, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('sixteen bytes...').toString('base64'),
      ...(origin && { Origin: origin }),
    },
  });
  const upgraded = once(handshake, 'upgrade').then(([response, socket]) => (socket.destroy(), response.statusCode));
  const refused = once(handshake, 'response').then(([response]) => (response.destroy(), response.statusCode));
  handshake.end();
  return Promise.race([upgraded, refused]);
}

test('own, listed and native origins are let in and echoed', async () => {
  for (const origin of [...own(), ...listed]) {
    const response = await poll(origin);
    assert.equal(response.status, 200, origin);
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
    assert.equal(response.headers.get('access-control-allow-credentials'), 'true');
    assert.match(response.headers.get('vary'), /origin/i);
    assert.equal(await upgrade(origin), 101, origin);
  }
  const native = await poll(undefined);
  assert.equal(native.status, 200);
  assert.equal(native.headers.get('access-control-allow-origin'), null);
  assert.equal(await upgrade(undefined), 101);
});

test('any other origin gets 403, on polling and on WebSocket', async () => {
  for (const origin of foreign()) {
    const response = await poll(origin);
    assert.equal(response.status, 403, origin);
    assert.equal(response.headers.get('access-control-allow-origin'), null);
    assert.equal((await response.text()).includes('"sid"'), false);
    assert.equal(await upgrade(origin), 403, origin);
  }
});

test('a preflight is answered for a listed origin only', async () => {
  const preflight = (origin) =>
    fetch(`${held.server.url}${path}polling`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' },
    });
  const allowed = await preflight(listed[0]);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), listed[0]);
  assert.match(allowed.headers.get('access-control-allow-methods'), /POST/);
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type');
  assert.equal((await preflight('https://evil.example')).status, 403);
});

test('an error of the engine carries the headers too', async () => {
  const response = await fetch(`${held.server.url}${path}polling&sid=unknown`, { headers: { Origin: listed[0] } });
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), { code: 1, message: 'Session ID unknown' });
  assert.equal(response.headers.get('access-control-allow-origin'), listed[0]);
});
