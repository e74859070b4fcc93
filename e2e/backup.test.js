// A backup is made beside the running server, and put in place of its data: conversations go on from there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cast } from './cast.js';
import { Server } from './server.js';

test('messages are sent during a backup; restored, it has all from before it, and the conversation goes on', { timeout: 60_000 }, async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const cast = new Cast(t, server);
  let [boater, owner] = await cast.pair();
  const say = async (content) => (await cast.say(boater, cast.owner, content)).seq;
  for (let n = 1; n <= 20; n++) assert.equal(await say(`before ${n}`), n);

  const file = join(server.folder, 'backup.db');
  let ended = false;
  const backup = server.run('backup', file).finally(() => (ended = true));
  while (!ended) await say('meanwhile');
  assert.equal((await backup).code, 0);
  await say('after');
  await owner.next('message.new', ({ content }) => content === 'after');
  assert.notEqual((await server.run('backup', file)).code, 0, 'wrote over a backup');
  assert.notEqual((await server.run('restore', file)).code, 0, 'restored under a server that runs');

  for (const client of [boater, owner]) client.close();
  await server.halt();
  const restored = await server.run('restore', file);
  assert.equal(restored.code, 0, restored.output);
  await server.launch();
  [boater, owner] = await cast.pair();
  const { conversations: [{ conversationId }] } = await owner.ask('conversation.list', {});
  const history = async (query) => (await owner.ask('message.history', { conversationId, ...query })).messages;
  const first = await history({ after: 0, limit: 20 });
  assert.deepEqual(first.map(({ content }) => content), Array.from({ length: 20 }, (_, n) => `before ${n + 1}`));
  const [last] = await history({ limit: 1 });
  assert.notEqual(last.content, 'after');
  assert.equal(await say('again'), last.seq + 1);
  await owner.next('message.new', ({ content }) => content === 'again');
});
