import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { Cast, overEachTransport, stage } from './cast.js';
import { transports } from './client.js';
import { Proxy } from './proxy.js';
import { Server } from './server.js';

const held = stage();

overEachTransport('after a cut the stock client comes back by itself and is told again', held, async (cast) => {
  const proxy = await Proxy.start(cast.t, cast.server.port);
  const owner = await cast.connect(cast.owner);
  const boater = await cast.connectThrough(proxy.url, cast.boater);
  const bookingId = randomUUID();
  await cast.booking(bookingId, 'pending');
  await boater.next('booking.created');
  const { conversationId } = await cast.say(owner, cast.boater, 'Before');
  const { seq } = await boater.next('message.new');

  const gone = once(boater.socket, 'disconnect');
  const back = once(boater.socket, 'connect');
  proxy.cut();
  const [reason] = await gone;
  assert.match(reason, /^transport (close|error)$/);
  await cast.say(owner, cast.boater, 'Meanwhile');
  proxy.mend();
  await back;

  const { messages } = await boater.ask('message.history', { conversationId, after: seq });
  assert.deepEqual(messages.map(({ content }) => content), ['Meanwhile']);
  await cast.booking(bookingId, 'confirmed');
  assert.equal((await boater.next('booking.updated')).status, 'confirmed');
  await cast.say(owner, cast.boater, 'After');
  await boater.next('message.new', ({ content }) => content === 'After');
});

overEachTransport('disconnected by the back end, the client is told so and stays away', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  const gone = once(boater.socket, 'disconnect');
  await cast.server.post(`/v1/users/${cast.boater}/disconnect`, {});
  assert.equal((await gone)[0], 'io server disconnect');
  assert.equal(boater.socket.active, false);
  assert.deepEqual(await owner.ask('booking.list', {}), { bookings: [] }, 'the other user stays');
});

overEachTransport('of several sockets of a user, one session can be disconnected', held, async (cast) => {
  const claims = (sessionId) => ({ auth: { token: cast.server.token(cast.boater, { sessionId }) } });
  const phone = await cast.connect(cast.boater, claims('phone'));
  const laptop = await cast.connect(cast.boater, claims('laptop'));
  const gone = once(phone.socket, 'disconnect');
  await cast.server.post(`/v1/users/${cast.boater}/disconnect`, { sessionId: 'phone' });
  await gone;
  assert.deepEqual(await laptop.ask('booking.list', {}), { bookings: [] });
});

for (const way of Object.keys(transports)) {
  test(`after a restart of the server nothing is lost and the client comes back (${way})`, async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const cast = new Cast(t, server, way);
    const [boater, owner] = await cast.pair();
    const { conversationId } = await cast.say(boater, cast.owner, 'Before the restart');
    await owner.next('message.new');
    const gone = once(owner.socket, 'disconnect');
    const back = once(owner.socket, 'connect');
    const boaterBack = once(boater.socket, 'connect');
    await server.halt();
    assert.notEqual((await gone)[0], 'io server disconnect', 'the client must come back by itself');
    await server.launch();
    await Promise.all([back, boaterBack]);
    const { messages } = await owner.ask('message.history', { conversationId });
    assert.deepEqual(messages.map(({ content }) => content), ['Before the restart']);
    assert.equal((await cast.say(boater, cast.owner, 'After the restart')).seq, 2);
    assert.equal((await owner.next('message.new')).content, 'After the restart');
  });
}
