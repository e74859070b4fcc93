// S-06: canary secrets go through every door of the real binary at its most talkative level; none of them is in anything it says.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { freePort, Server } from './server.js';
import { Client } from './client.js';

const canary = (name) => `canary-${name}-${randomUUID().replaceAll('-', '')}`;

test('no secret and no message text is in the output, the metrics or an error', { timeout: 60_000 }, async (t) => {
  const metrics = await freePort();
  const webhook = `whsec_${canary('webhook')}`;
  const server = await Server.start({
    env: { LOG_LEVEL: 'debug', METRICS_ADDR: `127.0.0.1:${metrics}`, STRIPE_WEBHOOK_SECRET: webhook },
  });
  t.after(() => server.stop());
  const said = { errors: '' };
  const hear = async (response) => (said.errors += (await response.text()) + JSON.stringify([...response.headers]));
  const secrets = await playAll(server, webhook, hear);
  said.metrics = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  said.output = server.output;
  assert.match(said.output, /"level":"DEBUG"/, 'it is at its most talkative');
  assert.match(said.output, /login refused/, 'the output is seen');
  assert.match(said.metrics, /dokkerr_connections/);
  assert.ok(said.errors.length > 1000);
  for (const [what, text] of Object.entries(said)) {
    for (const [name, secret] of Object.entries(secrets)) assert.ok(!text.includes(secret), `${name} is in the ${what}`);
    assert.doesNotMatch(text, /goroutine \d+ \[|\.go:\d+/, `a stack is in the ${what}`);
    assert.doesNotMatch(text, /SELECT |INSERT |sqlite3?_/, `SQL is in the ${what}`);
  }
});

/** Sends canaries through every door, and returns them by name. */
async function playAll(server, webhook, hear) {
  const user = randomUUID();
  const secrets = { jwtSecret: server.secret, serviceKey: server.serviceKey, webhookSecret: webhook };
  secrets.token = server.token(user, { email: (secrets.email = `${canary('email')}@example.com`), sessionId: canary('session') });
  await onTheSocket(server, secrets, randomUUID());
  await onHTTP(server, secrets, hear);
  return secrets;
}

async function onTheSocket(server, secrets, to) {
  const connect = { transports: ['websocket'], auth: { token: secrets.token, deviceId: (secrets.device = canary('device')) } };
  const client = await Client.connect(server.url, {
    ...connect,
    query: { token: (secrets.query = canary('query')) },
    extraHeaders: { 'X-Canary': (secrets.header = canary('header')), Cookie: `session=${(secrets.cookie = canary('cookie'))}` },
  });
  const { conversationId } = await client.ask('message.new', { recipientId: to, content: (secrets.text = canary('text')), type: 'text' });
  await client.ask('message.typing', { conversationId, text: (secrets.typing = canary('typing')) });
  await client.ask('message.new', { recipientId: (secrets.recipient = canary('recipient')), content: secrets.text, type: 'text' });
  await client.ask('message.new', { recipientId: to, content: secrets.text, type: 'text', senderId: canary('sender') });
  await client.ask('auth.refresh', { token: (secrets.badRefresh = canary('refresh')) });
  await client.ask('sync', { since: (secrets.since = canary('since')) });
  await client.ask(secrets.text, { text: secrets.text });
  for (let i = 0; i < 60; i += 1) client.emit('notification.list', { cursor: secrets.text });
  await client.ask('message.typing', { conversationId });
  client.close();

  secrets.forged = `${secrets.token.split('.').slice(0, 2).join('.')}.${Buffer.from(canary('signature')).toString('base64url')}`;
  for (const token of [secrets.forged, (secrets.noToken = canary('token'))]) {
    const refused = new Client(server.url, { transports: ['polling'], auth: { token } });
    await refused.refused();
    refused.close();
  }
}

async function onHTTP(server, secrets, hear) {
  const url = (path) => server.url + path;
  const key = (secrets.wrongKey = canary('key'));
  const post = (path, body, headers) => fetch(url(path), { method: 'POST', body, headers }).then(hear);
  const good = { Authorization: `Bearer ${server.serviceKey}`, 'Content-Type': 'application/json' };
  secrets.body = canary('body');
  const notification = { userId: randomUUID(), type: 'review_received', title: secrets.body, body: secrets.body, data: { x: secrets.body } };
  await post('/v1/notifications', JSON.stringify(notification), { ...good, 'Idempotency-Key': (secrets.idempotency = canary('idem')) });
  await post('/v1/notifications', JSON.stringify({ ...notification, userId: secrets.body }), good);
  await post('/v1/notifications', `{"title": "${secrets.body}`, good);
  await post('/v1/events', JSON.stringify({ event: secrets.body, data: secrets.body }), { ...good, Authorization: `Bearer ${key}` });
  await post('/v1/events', secrets.body, { Authorization: `Bearer ${secrets.token}`, Cookie: `a=${secrets.cookie}` });
  await fetch(url(`/v1/users/${randomUUID()}/presence?token=${secrets.query}`), { headers: good }).then(hear);
  await fetch(url(`/v1/nothing?key=${secrets.query}`), { headers: { 'X-Canary': secrets.header } }).then(hear);

  const event = JSON.stringify({ id: 'evt_1', type: 'payment_intent.succeeded', created: 1, data: { object: { id: secrets.body } } });
  const seconds = Math.floor(Date.now() / 1000);
  const signed = createHmac('sha256', secrets.webhookSecret).update(`${seconds}.${event}`).digest('hex');
  await post('/webhooks/stripe', event, { 'Stripe-Signature': `t=${seconds},v1=${signed}` });
  await post('/webhooks/stripe', event, { 'Stripe-Signature': `t=${seconds},v1=${(secrets.signature = canary('v1'))}` });
  await post('/webhooks/stripe', secrets.body, { 'Stripe-Signature': secrets.signature });

  const engine = '/socket.io/?EIO=4&transport=polling';
  const opening = await (await fetch(url(engine))).text();
  secrets.session = JSON.parse(opening.slice(1)).sid;
  await post(`${engine}&sid=${secrets.session}`, `42["x","${secrets.text}"`, {});
  await fetch(url(`${engine}&sid=${(secrets.guessedSession = canary('sid'))}`)).then(hear);
  await fetch(url(engine), { headers: { Origin: `https://${(secrets.origin = canary('origin'))}.example` } }).then(hear);
}
