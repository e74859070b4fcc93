// Recovery as a user of the stock client has it, with no code of their own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cast, overEachTransport, stage } from './cast.js';
import { Client, transports } from './client.js';
import { Server } from './server.js';

const held = stage();

const notified = 1500; // milliseconds until what came is confirmed

/** Drops the connection, does something meanwhile, and waits until the client is back. */
async function away(client, meanwhile) {
  const back = once(client.socket, 'connect');
  client.drop();
  await meanwhile();
  await back;
}

overEachTransport('a client that lost its connection finds it recovered, exactly and in order', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  const { id } = client.socket;
  assert.equal(client.socket.recovered, false);
  await away(client, () => cast.notifyEach(cast.boater, 'one', 'two'));
  assert.equal(client.socket.recovered, true, 'before any event came');
  assert.equal(client.socket.id, id);
  await client.hears(['one', 'two']);
  await cast.notifyEach(cast.boater, 'three');
  await client.hears(['one', 'two', 'three']);
  await away(client, () => cast.notifyEach(cast.boater, 'four'));
  await away(client, () => cast.notifyEach(cast.boater, 'five'));
  assert.equal(client.socket.recovered, true, 'twice in a row');
  await cast.notifyEach(cast.boater, 'six');
  await client.hears(['one', 'two', 'three', 'four', 'five', 'six']);
});

overEachTransport('what a page wrote does not come back to it, nor twice to its owner', held, async (cast) => {
  const [boater, owner] = await cast.pair();
  await cast.say(boater, cast.owner, 'Before');
  await away(boater, () => cast.say(owner, cast.boater, 'Meanwhile'));
  await cast.say(boater, cast.owner, 'After');
  await boater.next('message.new');
  await owner.next('message.new', ({ content }) => content === 'After');
  assert.deepEqual(boater.contents(), ['Meanwhile']);
  assert.deepEqual(owner.contents(), ['Before', 'After']);
});

overEachTransport('a listener is handed the position behind the payload', held, async (cast) => {
  const client = await cast.connect(cast.boater);
  const heard = once(client.socket, 'notification.new');
  await cast.notifyEach(cast.boater, 'one');
  const args = await heard;
  assert.equal(args.length, 2);
  assert.match(args[1], /^[0-9a-f]{8}\.[1-9]\d*$/);
});

overEachTransport('who was offline overnight misses nothing, and sees nothing again', held, async (cast) => {
  const open = () => cast.connect(cast.boater, { auth: { token: cast.server.token(cast.boater), deviceId: 'phone' } });
  await cast.notifyEach(cast.boater, 'never connected');
  const evening = await open();
  await evening.hears(['never connected']);
  await pause(notified);
  evening.close();
  const night = Array.from({ length: 300 }, (_, n) => `night ${n}`);
  await cast.notifyEach(cast.boater, ...night);
  const morning = await open();
  await morning.hears(night);
  await pause(notified);
  morning.close();
  const noon = await open();
  await cast.notifyEach(cast.boater, 'noon');
  await noon.hears(['noon']);
});

overEachTransport('another user on the same Socket gets what is theirs', held, async (cast) => {
  await cast.notifyEach(cast.owner, 'owner 1', 'owner 2');
  let user = cast.boater;
  const client = new Client(cast.server.url, {
    transports: cast.transports,
    auth: (send) => send({ token: cast.server.token(user) }),
  });
  cast.t.after(() => client.close());
  await client.connected();
  await cast.notifyEach(cast.boater, 'boater 1', 'boater 2', 'boater 3');
  await client.hears(['boater 1', 'boater 2', 'boater 3']);
  user = cast.owner;
  client.events = [];
  await away(client, () => {});
  assert.equal(client.socket.recovered, false);
  await client.hears(['owner 1', 'owner 2']);
});

for (const [way, signal] of Object.keys(transports).flatMap((way) => [[way, 'SIGKILL'], [way, 'SIGTERM']])) {
  test(`ended in the middle and started again, the server goes on where it was (${way}, ${signal})`, { timeout: 60_000 }, async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const cast = new Cast(t, server, way);
    const client = await cast.connect(cast.boater);
    const accepted = [];
    for (let life = 0; life < 3; life++) {
      const writing = (async () => {
        for (let n = 0; ; n++) {
          const title = `${life}.${n}`;
          try {
            await cast.notify(cast.boater, title);
          } catch {
            return;
          }
          accepted.push(title);
        }
      })();
      await pause(200);
      const back = once(client.socket, 'connect');
      await server.kill(signal);
      await writing;
      await server.launch();
      await back;
      assert.equal(client.socket.recovered, true);
    }
    await cast.notify(cast.boater, 'last');
    await client.next('notification.new', ({ title }) => title === 'last');
    const heard = client.titles();
    assert.deepEqual([...new Set(heard)], heard, 'nothing twice');
    const acknowledged = new Set([...accepted, 'last']);
    // One that was stored as the server died was never answered.
    assert.deepEqual(heard.filter((title) => acknowledged.has(title)), [...accepted, 'last']);
    assert.ok(accepted.length > 30, `${accepted.length} notifications were accepted`);
  });
}
